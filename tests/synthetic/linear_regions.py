"""The head along segments, made without torch."""

from netaudit.analyses.network.linear_regions.payload import (
    Behaviour,
    DrawnSegment,
    Ends,
    LayerFlips,
    LinearRegions,
    PlanePicture,
    Segment,
    WholeNetwork,
)

_KINDS: dict[Ends, int] = {"other_class": 600, "same_class": 300, "random": 100}


def example(*, walked: bool = True) -> LinearRegions:
    """A head of two hidden layers whose neurons flip more often than those of a random one."""
    flips = tuple(
        LayerFlips(
            layer=layer,
            ends=kind,
            neurons=1000,
            segments=50,
            flipped=pieces / 2000,
            expected=pieces / 4000,
            dispersion=80.5,
            shuffled=pieces / 4100,
            shuffled_dispersion=1.02,
            crossed=pieces / 1900 if walked else None,
        )
        for layer in ("fc6", "fc7")
        for kind, pieces in _KINDS.items()
    )
    behaviour = (
        Behaviour("fc6", "fails", 80.5, 1.6, 199, 60, 0.62, 0.03, 0.05),
        Behaviour("fc7", "holds", 1.02, 1.6, 199, 60, 0.004, 0.03, 0.05),
    )
    segments = tuple(
        Segment(kind, 9.5, pieces + 10 * i, (2, 4 + i, 15, 50), 0.02)
        for kind, pieces in _KINDS.items()
        for i in range(3)
    )
    drawn = tuple(DrawnSegment(kind, 3, (0.0, 0.5, 1.0), (9.0, 2.0, 3.0), ((1, 2), (5, 6))) for kind in _KINDS)
    nearest = (0.0001, 0.002, 0.01)
    edges = (0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.2, 0.0, 0.0, 0.6)
    plane = PlanePicture(0.1, 2, edges, (-1, -1, -1, 1))
    walks = (segments, drawn, plane) if walked else ((), (), None)
    whole = WholeNetwork(70000, 12, 0.02, 0.5, 290, 310)
    return LinearRegions(("fc6", "fc7"), flips, behaviour, *walks, whole, nearest, 9.2, 200)
