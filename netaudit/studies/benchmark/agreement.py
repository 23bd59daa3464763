"""How far the reports of two devices are apart: every figure, verdict, picture and singular value."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

TOLERANCES = {
    "spectrum": (
        1e-9,
        "float64: squares of the singular values, against the layer's largest; the Gram product of n terms and its "
        "eigenvalues are good to a small multiple of n 2^-53, some 1e-12",
    ),
    "float64": (
        1e-6,
        "float64: relative, and absolute below 1; figures derived from the spectrum, some written with six digits",
    ),
    "float32": (
        1e-4,
        "float32 without TF32: relative, and absolute below .01; n <= 2048 products summed in another order differ by "
        "about n^(1/2) 2^-24 = 3e-6",
    ),
    "share": (
        0.01,
        "float32: absolute; a value within rounding of a threshold may fall on either side of it, a draw in hundreds",
    ),
    "picture": (1.0, "grey levels of 255: rounding may go either way"),
    "word": (0.0, "verdicts, counts and sentences: the same, but for the numbers in sentences"),
}
_SHARES = ("support", "top1", "top5", "accuracy", "_hard")
_PICTURES = ("real", "trained", "untrained")
_OF_THE_DEVICE = "provenance"  # says where a report was made
# real inputs go up the network in float32, and judge the biases
_IN_FLOAT32 = ("shadow_inversion", "constant_bias", "labels_back", "shadow_images")


def figures(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every leaf of a report with its place; entries of a list go by their name or statistic where they can."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from figures(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            names = [item[key] for key in ("name", "statistic") if key in item] if isinstance(item, dict) else []
            yield from figures(item, (*path, " ".join([str(index), *map(str, names)])))
    else:
        yield path, value


def kind_of(path: tuple[str, ...], value: Any) -> str:
    """Which tolerance a figure of a report has."""
    if path[:2] == ("analyses", "shadow_images") and path[2:3] and path[2] in _PICTURES:
        return "picture"
    if not isinstance(value, float):
        return "word"
    if path[0] != "data" and not any(part in _IN_FLOAT32 for part in path):
        return "float64"
    return "share" if any(word in part for part in path[-3:] for word in _SHARES) else "float32"


def distance(kind: str, a: Any, b: Any) -> float:
    """How far apart two values are, in the unit of their tolerance; infinite for a missing one."""
    if kind == "picture" and isinstance(a, str) and isinstance(b, str):
        pixels = [base64.b64decode(text) for text in (a, b)]
        same = len(pixels[0]) == len(pixels[1])
        return float(max((abs(x - y) for x, y in zip(*pixels, strict=True)), default=0)) if same else float("inf")
    if kind == "word":
        plain = [re.sub(r"[\d.]+", "#", item) if isinstance(item, str) else item for item in (a, b)]
        return 0.0 if plain[0] == plain[1] else float("inf")
    if not all(isinstance(item, (int, float)) for item in (a, b)):
        return float("inf")
    floor = {"float64": 1.0, "float32": 0.01}.get(kind)
    return float(abs(a - b) if floor is None else abs(a - b) / max(abs(a), abs(b), floor))


def compare(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Every figure of two measurements: how many, the worst of each kind, and all that lie beyond their tolerance."""
    compared: dict[str, dict[str, Any]] = {
        kind: {"tolerance": tolerance, "origin": origin, "compared": 0, "worst": 0.0}
        for kind, (tolerance, origin) in TOLERANCES.items()
    }
    beyond: list[dict[str, Any]] = []

    def note(kind: str, figure: str, apart: float, values: list[Any]) -> None:
        entry = compared[kind]
        entry["compared"] += 1
        if isfinite(apart):
            entry["worst"] = max(entry["worst"], apart)
        if apart > entry["tolerance"]:
            beyond.append({"figure": figure, "kind": kind, "values": values})

    for name in first["reports"]:
        sides = [
            dict(figures({k: v for k, v in m["reports"][name].items() if k != _OF_THE_DEVICE})) for m in (first, second)
        ]
        for path in dict.fromkeys([*sides[0], *sides[1]]):
            values = [side.get(path) for side in sides]
            kind = kind_of(path, next((value for value in values if value is not None), None))
            note(kind, " / ".join((name, *path)), distance(kind, *values), values)
    for name in dict.fromkeys([*first["spectra"], *second["spectra"]]):
        spectra = [m["spectra"].get(name, []) for m in (first, second)]
        counts = [f"{len(side)} singular values" for side in spectra]
        note("spectrum", name, spectral_distance(*spectra), counts)
    return {"kinds": compared, "disagreements": beyond, "agree": not beyond}


def spectral_distance(a: Sequence[float], b: Sequence[float]) -> float:
    """Give the largest distance of two squared singular values over the largest square; infinite for other numbers."""
    if len(a) != len(b):
        return float("inf")
    largest = max((*a, *b), default=0.0) ** 2
    return max((abs(x * x - y * y) / largest for x, y in zip(a, b, strict=True)), default=0.0)
