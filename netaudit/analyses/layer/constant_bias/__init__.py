"""H2: the biases of a layer are essentially one constant."""

from netaudit.analyses.analysis import Analysis, Claim
from netaudit.analyses.layer.constant_bias.payload import METRICS, TOLERANCE, ConstantBias
from netaudit.lazy import lazily

_HERE = "netaudit.analyses.layer.constant_bias"

ANALYSIS = Analysis(
    name="constant_bias",
    title="Constant bias",
    asks="Are the biases essentially one constant, beside the pre-activations that they shift?",
    scope="layer",
    needs=("bias",),
    payload=ConstantBias,
    measure=lazily(f"{_HERE}.measure:measure"),
    present=lazily(f"{_HERE}.present:present"),
    method=lazily(f"{_HERE}.present:method"),
    claim=Claim(
        "the biases are essentially constant",
        METRICS,
        {"std_over_preactivation_scale": TOLERANCE, "std_over_abs_median": TOLERANCE},
        number="H2",
    ),
    labels={
        "mean": "mean",
        "std": "standard deviation",
        "median": "median",
        "mad": "median absolute deviation",
        "share_negative": "share negative",
        "std_over_abs_median": "std / |median|",
        "share_within_10pct_of_scale": "share within 10% of scale",
        "std_over_preactivation_scale": "std / pre-activation scale",
        "preactivation_scale": "pre-activation scale",
        "median_is_zero": "the median is 0",
        "needs_data": "needs real inputs to the layer (--data)",
    },
)
