"""Whatever a layer holds, every analysis of it gives a payload that can be written and read back."""

import msgspec
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from synthetic.judged import CLAIMS, judge
from synthetic.places import place

from netaudit.vocabulary import VERDICTS

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.float8_e4m3fn]


@settings(max_examples=15, deadline=None)
@example(1, 1, torch.float32, 0.0, 1.0)
@example(1, 60, torch.float32, 1.0, 0.0)
@example(60, 1, torch.float16, 0.0, 1e-6)
@example(40, 40, torch.float64, 1e300, 1e300)
@example(40, 40, torch.float32, 1e-38, 1e-38)
@example(2, 30, torch.float64, -1e4, 1e-7)  # a constant up to rounding, of which the gauge leaves zeros
@example(30, 30, torch.float64, 1e6, 1e-7)
@given(
    st.integers(1, 70),
    st.integers(1, 70),
    st.sampled_from(DTYPES),
    st.sampled_from([0.0, 1.0, -1e4, 1e6]),
    st.sampled_from([0.0, 1e-7, 1.0, 1e4]),
)
def test_any_layer_gives_json_and_never_raises(m, n, dtype, mean, sigma):
    generator = torch.Generator().manual_seed(m * 100 + n)
    weight = (torch.randn(m, n, generator=generator, dtype=torch.float64) * sigma + mean).to(dtype)
    activations = torch.randn(20, m, generator=generator).relu()
    for claim, finding in judge(weight, weight[:, 0].clone(), preactivation_scale=1.0, activations=activations).items():
        assert finding.verdict in VERDICTS
        assert (finding.verdict == "not_applicable") == bool(finding.note)
        assert msgspec.json.decode(msgspec.json.encode(finding), type=CLAIMS[claim].payload) == finding
        presented = CLAIMS[claim].present(finding, place(shape=(m, n)))
        assert presented.explanation
        assert not any(word in str(presented) for word in ("nan", "inf "))


def test_a_float64_weight_is_not_written_to():
    weight = torch.randn(64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 3
    before = weight.clone()
    judge(weight)
    assert torch.equal(weight, before)
