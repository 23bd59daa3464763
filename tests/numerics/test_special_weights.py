"""Special weights are told apart, in every unit, and ordinary ones are not special."""

import numpy as np
import pytest
import torch

from netaudit.numerics.entries import describe
from netaudit.numerics.laws.spikes import entry_limit
from netaudit.numerics.special_weights import find

pytestmark = pytest.mark.filterwarnings("error")

M, N = 96, 160


def gaussian(m=M, n=N, dtype=torch.float32, seed=0):
    return torch.randn(m, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def special(weight):
    return find(weight, describe(weight))


def changed(change, **options):
    weight = gaussian(**options)
    change(weight)
    return weight


def half_dead(weight):
    weight[::2] = 0


def copied(weight):
    weight[5], weight[70], weight[:, 9] = weight[3], weight[3], weight[:, 8]


def constant(weight):
    weight[4] = weight[:, 7] = 0.25


def one_huge(weight):
    weight[11, 13] = 1e300 if weight.dtype == torch.float64 else 1e30


def pruned(share):
    def change(weight):
        weight[weight.abs() < weight.abs().quantile(share)] = 0

    return change


def lattice(levels):
    def change(weight):
        step = weight.abs().max() / (levels // 2)
        weight.copy_((weight / step).round() * step)

    return change


def lattice_of_rows(weight):
    step = weight.abs().max(dim=1, keepdim=True).values / 7
    weight.copy_((weight / step).round() * step)


CASES = {
    "identity": (torch.eye(M), ("identity", "orthogonal")),
    "long identity": (torch.eye(M, N), ("identity", "dead_columns", "orthogonal")),
    "diagonal": (torch.diag(torch.arange(1.0, M + 1)), ("diagonal", "orthogonal")),
    "permutation": (2.0 * torch.eye(M)[torch.randperm(M, generator=torch.Generator().manual_seed(1))],
                    ("permutation", "orthogonal")),
    "mask": ((gaussian() > 0).float(), ("mask",)),
    "dead": (changed(half_dead), ("dead_rows",)),
    "copies": (changed(copied), ("duplicate_rows", "duplicate_columns")),
    "constant": (changed(constant), ("constant_rows", "constant_columns")),
    "huge": (changed(one_huge), ("heavy_entries",)),
    "huge, float64": (changed(one_huge, dtype=torch.float64), ("heavy_entries",)),
    "pruned by half": (changed(pruned(0.5)), ("pruned",)),
    "pruned by nine tenths": (changed(pruned(0.9)), ("pruned",)),
    "signs": (gaussian().sign(), ("quantised",)),
    "four bits": (changed(lattice(15)), ("quantised",)),
    "eight bits": (changed(lattice(255)), ("quantised",)),
    "four bits a row": (changed(lattice_of_rows), ("quantised",)),
    "float8": (gaussian(dtype=torch.float8_e4m3fn), ("quantised",)),
    "orthogonal rows": (torch.linalg.qr(gaussian(N, M)).Q.T.contiguous(), ("orthogonal",)),
    "orthogonal columns": (torch.linalg.qr(gaussian(N, M)).Q.bfloat16(), ("orthogonal",)),
    "heavy tails": (torch.from_numpy(np.random.default_rng(0).standard_t(1.5, (M, N))), ("heavy_entries",)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("unit", [1.0, 2.0**-60, 2.0**60])
def test_each_kind_has_its_name_in_every_unit(name, unit):
    weight, kinds = CASES[name]
    if weight.dtype == torch.float8_e4m3fn or name == "identity" or name == "long identity" or name.startswith("huge"):
        unit = 1.0
    assert special(weight * unit if unit != 1 else weight).kinds == kinds


@pytest.mark.parametrize("name", CASES)
def test_the_transpose_has_the_same_kinds(name):
    swapped = {"rows": "columns", "columns": "rows"}
    found = special(CASES[name][0].T.contiguous()).kinds
    expected = {"_".join(swapped.get(word, word) for word in kind.split("_")) for kind in CASES[name][1]}
    if name != "four bits a row":  # columns are not looked at for levels of their own
        assert set(found) == expected


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("shape", [(1, 40), (2, 3), (10, 64), (32, 32), (300, 20), (4, 5000), (256, 512)])
def test_ordinary_weights_are_not_special(shape, dtype):
    for seed in range(5):
        for draw in (gaussian(*shape, dtype, seed) * 0.05, (torch.rand(shape, dtype=torch.float64) - 0.3).to(dtype)):
            assert special(draw).kinds == ()


def test_long_matrices_are_orthogonal_by_chance_but_not_named():
    assert not any("orthogonal" in special(gaussian(4, 3000, seed=seed)).kinds for seed in range(200))


def test_what_is_left_is_what_was_not_set_aside():
    weight = gaussian(dtype=torch.float64)
    weight[3], weight[:, 5], weight[8, 9], weight[10] = 7.0, 7.0, 1e300, weight[11]
    found = special(weight)
    rows, columns = np.ones(M, bool), np.ones(N, bool)
    rows[[3]], columns[5] = False, False
    kept = weight.numpy()[rows][:, columns]
    assert found.heavy.tolist() == [[8, 9]]
    assert found.left.count == kept.size - 1
    assert found.left.std == pytest.approx(kept[kept < 1e100].std(), rel=1e-12)
    assert found.set_aside
    rows[11] = False  # the copy of row 10
    assert (found.kept_rows == rows).all()
    assert (found.kept_columns == columns).all()


def test_numerically_zero_rows_are_dead_and_small_ones_are_not():
    weight = gaussian()
    weight[0] *= 1e-9
    weight[1] *= 1e-3
    assert np.flatnonzero(special(weight).dead_rows).tolist() == [0]


def test_pruning_is_told_from_the_zeros_of_a_lattice():
    assert special(CASES["four bits"][0]).pruned_share == 0
    found = special(changed(lambda weight: (pruned(0.8)(weight), lattice(15)(weight))))
    assert found.pruned_share > 0.75
    assert found.levels is not None
    assert not special(gaussian(dtype=torch.float64).mul_(3e-8).half()).pruned_share  # denormals round to 0


def test_levels_and_their_step_are_counted():
    found = special(CASES["four bits"][0])
    assert (found.levels, found.levels_by_row) == (15, False)
    assert found.step == pytest.approx(float(gaussian().abs().max()) / 7, rel=1e-6)
    assert special(gaussian().sign()).levels == 2
    assert special(CASES["four bits a row"][0]).levels_by_row
    uneven = torch.tensor([-1.0, -0.6, -0.25, -0.03, 0.1, 0.42, 0.77, 1.0])[(gaussian().abs() * 3).long().clamp(max=7)]
    assert (special(uneven).levels, special(uneven).step) == (8, None)


def test_heavy_entries_are_those_beyond_the_limit_of_what_is_left():
    weight = gaussian()
    weight[0, 0], weight[1, 1] = 1.6 * entry_limit(M, N), 0.9 * entry_limit(M, N)
    assert special(weight).heavy.tolist() == [[0, 0]]


def test_zeros_but_for_one_entry_leave_nothing_to_describe():
    weight = torch.zeros(M, N)
    weight[2, 3] = 5.0
    assert isinstance(special(weight).left, str)


def test_a_heavy_weight_is_one_in_every_scale_of_the_units_and_large_units_make_none():
    weight = gaussian().double()
    factors = torch.linspace(-2.5, 2.5, M, dtype=torch.float64).exp()[:, None]
    assert not special(factors * weight).heavy.size
    weight[8, 9] = 60
    for scaled in (weight, factors * weight, 1e-200 * factors * weight):
        assert special(scaled).heavy.tolist() == [[8, 9]]
