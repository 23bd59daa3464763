"""The starts and their tests in words."""

from __future__ import annotations

from collections.abc import Mapping

FAMILIES: Mapping[str, str] = {
    "torch_default": "PyTorch's default initialisation",
    "zeros": "all zeros",
    "identity": "an identity matrix",
    "orthogonal": "orthogonal initialisation",
    "gpt2_residual": "GPT-2's initialisation of residual branches",
    "clip_residual": "CLIP's initialisation of residual branches",
    "clip_mlp": "CLIP's initialisation of its feed-forward layers",
    "small_init": "the small initialisation of transformers",
    "uniform_fan_out": "a uniform initialisation by the outputs (PyTorch's default for recurrent cells; EfficientNet)",
    "uniform_05": "a uniform initialisation on ±0.05",
    "uniform_1": "a uniform initialisation on ±0.1",
    "normal_unit": "a normal initialisation with standard deviation 1",
    "trunc_normal_unit": "a truncated normal initialisation with standard deviation 1",
}
"""Of the families whose name does not say it; see :func:`in_words` for the others."""
_STDS = {"1e-6": "10⁻⁶", "001": "0.001", "005": "0.005", "006": "0.006", "01": "0.01", "02": "0.02", "05": "0.05",
         "1": "0.1"}  # fmt: skip
_AUTHORS = {"kaiming": "Kaiming", "xavier": "Xavier", "lecun": "LeCun"}

TESTS: Mapping[str, str] = {
    "support": "largest weight",
    "distribution": "distribution of the weights",
    "variance": "variance",
    "mean": "mean",
    "clamped": "number of weights at ±2",
    "bias": "bias",
    "row_norms": "norms of the rows",
    "column_norms": "norms of the columns",
    "row_sums": "sums of the rows",
    "column_sums": "sums of the columns",
    "largest_singular_value": "largest singular value",
    "coherence": "angles between the rows or columns",
}


def in_words(family: str) -> str:
    """A family as the object of "as ... draws it".

    >>> in_words("kaiming_normal_truncated_fan_out")
    'Kaiming truncated normal initialisation by the outputs'
    """
    if family in FAMILIES:
        return FAMILIES[family]
    start, _, rest = family.partition("_")
    if start in _AUTHORS:
        law = "uniform" if rest.startswith("uniform") else "truncated normal" if "truncated" in rest else "normal"
        ending = " by the outputs" if rest.endswith("_fan_out") else " for ReLU" if rest.endswith("_relu") else ""
        return f"{_AUTHORS[start]} {law} initialisation{ending}"
    for prefix, law in (("trunc_normal_", "truncated normal"), ("normal_", "normal")):
        if family.startswith(prefix) and family.removeprefix(prefix) in _STDS:
            return f"a {law} initialisation with standard deviation {_STDS[family.removeprefix(prefix)]}"
    return family.replace("_", " ")
