import pytest
import torch

from netaudit.analyses.context import AuditedLayer
from netaudit.analyses.layer.constant_bias.measure import ConstantBias
from netaudit.network.layers import FCLayer

GENERATOR = torch.Generator().manual_seed(0)
WEIGHT = torch.randn(400, 100, generator=GENERATOR) * 0.1


def judge(bias, input_norm=None, weight=WEIGHT):
    return ConstantBias()(AuditedLayer(FCLayer("b", weight, bias), 0, torch.device("cpu"), input_norm))


def noise(std):
    return torch.randn(400, generator=torch.Generator().manual_seed(1)) * std


@pytest.mark.parametrize(
    ("bias", "input_norm", "verdict"),
    [
        (None, None, "not_applicable"),
        (torch.zeros(400), None, "holds"),
        (torch.full((400,), 0.1), None, "holds"),
        (noise(0.05) + 1, None, "holds"),
        (noise(0.5) + 1, None, "undecided"),
        (noise(0.01), None, "undecided"),  # near 0: only real inputs can tell
        (noise(0.05), 10.0, "holds"),  # the scale is sigma ||x|| = 1
        (noise(0.1), 10.0, "undecided"),
        (noise(0.14), 10.0, "fails"),
        (noise(0.5), 10.0, "fails"),
        (noise(0.5) + 100, 10.0, "fails"),  # constant against its median, not against what it shifts
        (torch.full((400,), float("nan")), None, "not_applicable"),
    ],
)
def test_verdicts(bias, input_norm, verdict):
    assert judge(bias, input_norm).verdict == verdict


def test_metrics_with_real_inputs():
    finding = judge(noise(0.1), 20.0)  # the scale is 2
    metrics = finding.metrics
    assert finding.statistic == "std_over_preactivation_scale"
    assert metrics["std_over_preactivation_scale"] == pytest.approx(0.05, rel=0.1)
    assert metrics["share_within_10pct_of_scale"] == pytest.approx(0.954, abs=0.03)
    assert metrics["share_negative"] == pytest.approx(0.5, abs=0.08)
    assert metrics["mad"] == pytest.approx(0.6745 * 0.1, rel=0.15)


def test_without_real_inputs_the_reason_is_given():
    finding = judge(noise(0.05))
    assert finding.metrics["std_over_preactivation_scale"] is None
    assert "--data" in finding.reasons["std_over_preactivation_scale"]
    assert "--data" in finding.rule.statement
