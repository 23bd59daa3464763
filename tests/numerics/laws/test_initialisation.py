"""The laws of the usual starts against draws and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from netaudit.numerics.laws import tracy_widom
from netaudit.numerics.laws.initialisation import structure_tests
from netaudit.numerics.laws.initialisation.families import CUT_STD, Law, families
from netaudit.numerics.laws.initialisation.law_tests import p_values, sample_of, z_of_sum
from netaudit.numerics.laws.initialisation.rounding import FORMATS, cells, precision, rounded
from netaudit.numerics.laws.initialisation.structure_tests import Side

LAWS = (Law("uniform", 0.3), Law("normal", 0.02), Law("truncated", 0.05))
PEERS = (stats.uniform(-0.3, 0.6), stats.norm(0, 0.02), stats.truncnorm(-2, 2, scale=0.05))


@pytest.mark.parametrize(("law", "peer"), list(zip(LAWS, PEERS, strict=True)))
def test_a_law_is_scipys(law: Law, peer: stats.rv_frozen) -> None:
    at = np.linspace(-0.4, 0.4, 101)
    assert np.allclose(law.cdf(at), peer.cdf(at), atol=1e-14)
    assert law.std == pytest.approx(peer.std(), rel=1e-12)
    assert law.moments == pytest.approx([peer.moment(k) / peer.std() ** k for k in (4, 6)], rel=1e-9)
    assert law.beyond(0.03) == pytest.approx(2 * peer.sf(0.03), abs=1e-15)


def test_the_scales_are_those_that_pytorch_draws_with() -> None:
    torch.manual_seed(0)
    weight = torch.empty(400, 300)
    drawn = {
        "torch_default": torch.nn.Linear(300, 400).weight.detach(),
        "kaiming_uniform": torch.nn.init.kaiming_uniform_(weight.clone()),
        "kaiming_normal": torch.nn.init.kaiming_normal_(weight.clone()),
        "kaiming_normal_fan_out": torch.nn.init.kaiming_normal_(weight.clone(), mode="fan_out"),
        "xavier_uniform": torch.nn.init.xavier_uniform_(weight.clone()),
        "xavier_normal": torch.nn.init.xavier_normal_(weight.clone()),
        "trunc_normal_02": torch.nn.init.trunc_normal_(weight.clone(), std=0.02, a=-0.04, b=0.04),
        "normal_02": torch.nn.init.trunc_normal_(weight.clone(), std=0.02),
    }
    known = {family.name: family.law for family in families(400, 300)}
    for name, values in drawn.items():
        sample = sample_of(values.double().flatten().numpy(), FORMATS["float32"])
        fits = [other for other, law in known.items() if min(p_values(sample, law)) > 1e-4]
        assert fits == [name], name


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
@pytest.mark.parametrize("law", LAWS)
def test_rounding_is_no_departure(law: Law, dtype: str) -> None:
    generator = np.random.default_rng(1)
    peer = PEERS[LAWS.index(law)]
    values = torch.from_numpy(peer.rvs(200_000, random_state=generator)).to(getattr(torch, dtype)).double().numpy()
    rounded_law, plain = (sample_of(values, FORMATS[name]) for name in (dtype, "float64"))
    assert min(p_values(rounded_law, law)) > 1e-3
    if dtype == "bfloat16" and law.kind == "uniform":  # without the rounding it would be one
        assert min(p_values(plain, law)) < 1e-6


def test_cells_are_where_pytorch_rounds_to() -> None:
    values = torch.tensor([1.0, -1.0, 0.75, 3.0, 0.0, 2.0**-133]).to(torch.bfloat16).double().numpy()
    lower, upper = cells(values, FORMATS["bfloat16"])
    for edge in (lower, upper):
        for share, same in ((0.99, True), (1.01, False)):
            moved = torch.from_numpy(values + share * (edge - values)).to(torch.bfloat16).double().numpy()
            assert ((moved == values) == same).all()


def test_the_narrowest_format_is_found() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    half = torch.from_numpy(values).to(torch.float16).float().double().numpy()
    assert precision(half, "float32") is FORMATS["float16"]
    assert precision(values.astype(np.float32).astype(float), "float64") is FORMATS["float32"]
    tiny = torch.from_numpy(1e-6 * values).to(torch.float16).double().numpy()  # few digits: they fit bfloat16 too
    assert precision(tiny, "float16") is precision(tiny, "float32") is FORMATS["float16"]
    large = torch.from_numpy(1 + values**2).to(torch.bfloat16).double().numpy()  # they fit float16 too
    assert precision(large, "float32") is FORMATS["bfloat16"]
    assert np.array_equal(rounded(half * (1 + 1e-12), FORMATS["float16"]), half)


def test_a_moved_weight_beyond_the_support_is_impossible() -> None:
    values = np.random.default_rng(0).uniform(-0.3, 0.3, 5000)
    assert p_values(sample_of(values, FORMATS["float32"]), LAWS[0])[0] > 1e-3
    values[17] = 0.30001
    assert p_values(sample_of(values, FORMATS["float32"]), LAWS[0])[0] == 0.0


def test_a_scale_that_is_off_by_a_thousandth_shows_in_the_largest_weight() -> None:
    values = 0.999 * np.random.default_rng(0).uniform(-0.3, 0.3, 50_000)
    assert p_values(sample_of(values, FORMATS["float32"]), LAWS[0])[0] < 1e-12


def test_a_sum_of_gaussian_squares_has_the_chi_squared_law() -> None:
    sums = np.array([0.5, 5.0, 10.0, 30.0, 60.0])
    assert np.allclose(stats.norm.cdf(z_of_sum(sums, 10, 3.0, 15.0)), stats.chi2(10).cdf(sums), rtol=1e-9)


@pytest.mark.parametrize(("shape", "p"), [((32, 32), 0.030), ((10, 1000), 0.030), ((100, 400), 0.0435)])
def test_nadlers_term_allows_for_a_sigma_that_is_estimated(shape: tuple[int, int], p: float) -> None:
    """How often the plain Tracy-Widom test rejects at 5 % then: measured 0.028, 0.032 and 0.0415."""
    centre, scale = tracy_widom.centring(*shape)
    largest = float(np.sqrt(centre + scale * tracy_widom.quantile(0.95)))
    assert structure_tests.largest(largest, *shape, 3.0) == pytest.approx(p, abs=0.001)


def test_structure_is_seen_and_its_absence_is_not() -> None:
    generator = np.random.default_rng(0)
    a = generator.standard_normal((100, 50))

    def p(matrix: np.ndarray) -> list[float]:
        side = Side(matrix.sum(1), (matrix**2).sum(1), 50)
        return [structure_tests.norms(side, 3.0, 15.0), structure_tests.sums(side, 3.0)]

    assert min(p(a)) > 0.01
    assert p(a * np.exp(0.2 * generator.standard_normal((100, 1))))[0] < 1e-6
    assert p(a + 0.4 * generator.standard_normal((100, 1)))[1] < 1e-6


def test_heavy_tails_are_no_structure() -> None:
    side = Side(np.zeros(100), np.array([1e4] + [10.0] * 99), 50)
    assert structure_tests.norms(side, 100.0, 1e5) == 1.0
    assert structure_tests.largest(1e3, 100, 50, 100.0) == 1.0


def test_the_cut_leaves_the_known_standard_deviation() -> None:
    assert pytest.approx(0.87962566103423978, rel=1e-12) == CUT_STD
