"""The usual initialisations: the law of one weight, with its scale fixed by the shape of the layer.

A layer A ``[m, n]`` has fan-in n and fan-out m. A layer that was cut from a larger tensor (q, k and v in one matrix)
was drawn with the fan-out of that tensor, so that both fan-outs are tried.

Sources, each read in the code that draws: PyTorch 2.14 (``torch.nn.init``; ``nn.Linear`` draws U(+-1/sqrt(n)), weights
and biases), torchvision 0.29, timm 1.0 (``timm.layers.weight_init``), Keras 3 and JAX (``variance_scaling``, whose
truncated normal is cut at two standard deviations and then scaled by 1/0.8796). ``torch.nn.init.trunc_normal_`` and
timm's cut at +-2 in absolute units: with a standard deviation of 0.02 that is a Gaussian which is not cut at all, but
for one draw in 2^24 that timm's leaves at exactly +-2 (PyTorch's no longer does). Only timm's ``trunc_normal_tf_`` cuts
at two standard deviations. GPT-2 and Megatron divide 0.02 by sqrt(2 blocks) in the layers that end a residual branch.
``small_init``: T. Nguyen and J. Salazar, arXiv:1910.05895.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]
Kind = Literal["uniform", "normal", "truncated"]

CUT = 2.0
"""Where a truncated normal law is cut, in standard deviations before the cut."""
_CUT_DENSITY = float(np.exp(-(CUT**2) / 2) / np.sqrt(2 * np.pi) / (2 * ndtr(CUT) - 1))
_CUT_SECOND = 1 - 2 * CUT * _CUT_DENSITY
_CUT_FOURTH = 3 * _CUT_SECOND - 2 * CUT**3 * _CUT_DENSITY
CUT_STD = float(np.sqrt(_CUT_SECOND))
"""Standard deviation that is left after the cut: 0.8796."""

NORMALS = {
    "normal_1e-6": 1e-6, "normal_001": 0.001, "normal_005": 0.005, "normal_006": 0.006, "normal_01": 0.01,
    "normal_02": 0.02, "normal_05": 0.05, "normal_1": 0.1, "normal_unit": 1.0,
}  # fmt: skip
"""Standard deviations that do not depend on the shape: gates of gMLP, heads (0.001, 0.01), DeepSeek (0.006),
transformers (0.02), Keras (0.05), Inception (0.1), embeddings (1)."""
TRUNCATED = {"trunc_normal_01": 0.01, "trunc_normal_02": 0.02, "trunc_normal_05": 0.05, "trunc_normal_unit": 1.0}
"""The same, cut at two standard deviations: TensorFlow, JAX, BERT, and timm's ``trunc_normal_tf_``."""


CLAMP = 2.0
"""Where timm's ``trunc_normal_`` leaves a weight whose uniform number was an end of its interval."""
CLAMPED = 2.0**-24
"""How often it does: a float32 uniform number has 24 bits."""


@dataclass(frozen=True)
class Law:
    """The law of one weight, symmetric around 0."""

    kind: Kind
    scale: float
    """Half width of a uniform law; standard deviation of a normal one, before the cut if it is truncated."""

    @property
    def bound(self) -> float:
        """Largest magnitude that can be drawn."""
        return float({"uniform": self.scale, "normal": np.inf, "truncated": CUT * self.scale}[self.kind])

    @property
    def std(self) -> float:
        """Standard deviation of a weight."""
        return float(self.scale * {"uniform": 1 / np.sqrt(3), "normal": 1.0, "truncated": CUT_STD}[self.kind])

    @property
    def moments(self) -> tuple[float, float]:
        """Fourth and sixth moment of a weight in its own standard deviations; those of a cut law by its density."""
        sixth = 5 * _CUT_FOURTH - 2 * CUT**5 * _CUT_DENSITY
        cut = (_CUT_FOURTH / _CUT_SECOND**2, sixth / _CUT_SECOND**3)
        return {"uniform": (9 / 5, 27 / 7), "normal": (3.0, 15.0), "truncated": cut}[self.kind]

    def cdf(self, x: Floats) -> Floats:
        """Distribution function at x, of any shape."""
        at = np.asarray(x, dtype=np.float64) / self.scale
        if self.kind == "uniform":
            return np.clip((at + 1) / 2, 0.0, 1.0)
        if self.kind == "normal":
            return np.asarray(ndtr(at))
        inside = 2 * ndtr(CUT) - 1
        return np.clip((ndtr(at) - ndtr(-CUT)) / inside, 0.0, 1.0)

    def beyond(self, x: float) -> float:
        """How often a weight's magnitude lies above x, without loss of digits where that is rare."""
        at = x / self.scale
        if self.kind == "uniform":
            return float(np.clip(1 - at, 0.0, 1.0))
        if self.kind == "normal":
            return float(2 * ndtr(-at))
        return float(max(0.0, 2 * (ndtr(-at) - ndtr(-CUT)) / (2 * ndtr(CUT) - 1)))


@dataclass(frozen=True)
class Family:
    """One initialisation with its scale."""

    name: str
    law: Law


def families(m: int, n: int, fan_out: int | None = None, blocks: int = 1) -> tuple[Family, ...]:
    """Every family for a layer ``[m, n]``, the most usual first.

    Args:
        m: outputs.
        n: inputs.
        fan_out: outputs of the tensor that the layer was cut from; None where that is the layer itself.
        blocks: blocks of the network with a layer like this one, for those that scale with the depth.
    """
    fan_outs = list(dict.fromkeys(fan for fan in (m, fan_out) if fan))
    found = [*_by_fan_in(n), *(family for fan in fan_outs for family in (*_by_both(n, fan), *_by_fan_out(fan)))]
    found += [Family(name, Law("normal", std)) for name, std in NORMALS.items()]
    found += [Family(name, Law("truncated", std)) for name, std in TRUNCATED.items()]
    found += [Family("uniform_05", Law("uniform", 0.05)), Family("uniform_1", Law("uniform", 0.1))]
    found.append(Family("clip_mlp", Law("normal", np.sqrt(1 / (2 * n)))))
    found.append(Family("small_init", Law("normal", np.sqrt(2 / (5 * n)))))
    if blocks > 1:
        found.append(Family("gpt2_residual", Law("normal", 0.02 / np.sqrt(2 * blocks))))
        found.append(Family("clip_residual", Law("normal", 1 / np.sqrt(2 * blocks * n))))
    return tuple(found)


def _by_fan_in(n: int) -> Iterator[Family]:
    yield Family("torch_default", Law("uniform", 1 / np.sqrt(n)))
    yield from _scaled("kaiming", "", 2 / n)
    yield from _scaled("lecun", "", 1 / n)


def _by_fan_out(fan: int) -> Iterator[Family]:
    yield Family("uniform_fan_out", Law("uniform", 1 / np.sqrt(fan)))
    yield from _scaled("kaiming", "_fan_out", 2 / fan)
    yield from _scaled("lecun", "_fan_out", 1 / fan)


def _by_both(n: int, fan: int) -> Iterator[Family]:
    yield from _scaled("xavier", "", 2 / (n + fan))
    yield from _scaled("xavier", "_relu", 4 / (n + fan))


def _scaled(name: str, ending: str, variance: float) -> Iterator[Family]:
    """The three laws of one variance; the truncated one with that variance after the cut, as Keras and JAX have it."""
    yield Family(f"{name}_uniform{ending}", Law("uniform", np.sqrt(3 * variance)))
    yield Family(f"{name}_normal{ending}", Law("normal", np.sqrt(variance)))
    yield Family(f"{name}_normal_truncated{ending}", Law("truncated", np.sqrt(variance) / CUT_STD))


def bias_laws(n: int, weights: Law) -> tuple[Law, ...]:
    """The laws of a bias that is not one constant, for a layer of n inputs whose weights have the law ``weights``.

    ``nn.Linear`` draws it from U(+-1/sqrt(n)), timm's transformers from N(0, 1e-6); some networks draw every parameter
    from one law.
    """
    return (
        Law("uniform", 1 / np.sqrt(n)), Law("normal", 1e-6), Law("normal", 0.02), Law("truncated", 0.02), weights,
    )  # fmt: skip
