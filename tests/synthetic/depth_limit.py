"""Square layers and residual blocks, made without torch."""

from collections.abc import Sequence

from netaudit.analyses.network.depth_limit.payload import (
    Cut,
    DepthLimit,
    Likeness,
    RunOnData,
    SquareLayer,
    SquareRun,
    Stage,
)

_NAMES = ("fc6", "fc7", "fc8")


def example(names: Sequence[str] = _NAMES, *, data: bool = True, bounds: bool = True) -> DepthLimit:
    """Three square layers, and two stages of residual blocks."""
    on_data = RunOnData(
        steps=(1.1, 0.2, 0.1),
        control_steps=(1.2, 1.25, 1.3),
        errors=(0.9, 0.25, 0.1),
        bounds=(4.5, 1.5, 0.6),
        tightness=(0.2, 0.17, 0.16),
    )
    verdicts: tuple[Likeness, ...] = ("as_random", "beyond_null", "near_identity")
    layers = tuple(
        SquareLayer(
            name, 512, 2.5 - k, 2.6 - k, 1.5 + 200 * k, 1.4 + 200 * k, 0.003 + 0.4 * k, 0.12, 0.121, 1.3, 0.5, v
        )
        for k, (name, v) in enumerate(zip(names, verdicts, strict=False))
    )
    run = SquareRun(layers, 2.57, (1.5, 0.7, 2.3), on_data if data else None)
    stages = (
        Stage(("block1", "block2"), (0.4, 0.3), (0.6, 0.25), (0.7, 0.25), (9.0, 4.0) if bounds else None),
        Stage(("layer2.1",), (0.2,), (0.18,), (0.18,), None),
    )
    accuracy = 0.4 if data else None
    cuts = (Cut(0, 2, 0.5, 0.62, accuracy), Cut(0, 1, 0.1, 0.97, accuracy), Cut(1, 1, 0.3, 0.8, accuracy))
    return DepthLimit((run,), stages, cuts, 200, "real" if data else "gaussian", 0.9 if data else None)
