import json

import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netaudit.analyses.context import AuditedLayer
from netaudit.analyses.surrogates import LEVELS
from netaudit.analyses.table import ANALYSERS, CLAIMS
from netaudit.cli.audit import CLAIMS as OFFERED
from netaudit.cli.audit import NULLS
from netaudit.network.layers import FCLayer
from netaudit.results import VERDICTS

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.float8_e4m3fn]


@settings(max_examples=15, deadline=None)
@example(1, 1, torch.float32, 0.0, 1.0)
@example(1, 60, torch.float32, 1.0, 0.0)
@example(60, 1, torch.float16, 0.0, 1e-6)
@example(40, 40, torch.float64, 1e300, 1e300)
@example(40, 40, torch.float32, 1e-38, 1e-38)
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
    audited = AuditedLayer(FCLayer("odd", weight, weight[:, 0].clone()), seed=0, device=torch.device("cpu"))
    for analyser in ANALYSERS:
        finding = analyser(audited)
        assert finding.verdict in VERDICTS
        assert finding.note
        json.dumps([finding.metrics, finding.curve, finding.value, finding.interval], allow_nan=False)


def test_a_float64_weight_is_not_written_to():
    weight = torch.randn(64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 3
    before = weight.clone()
    audited = AuditedLayer(FCLayer("mine", weight), seed=0, device=torch.device("cpu"))
    for analyser in ANALYSERS:
        analyser(audited)
    assert torch.equal(weight, before)


def test_the_command_line_offers_the_claims_there_are():
    assert OFFERED == CLAIMS
    assert NULLS == LEVELS
