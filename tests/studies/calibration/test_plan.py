"""The plan asks what was promised, of the layers that it draws."""

from netaudit.studies.calibration.cells import CLAIMS, LayerCell, cell_key
from netaudit.studies.calibration.claims import tolerances
from netaudit.studies.calibration.plan import EDGES, _merged, full, quick


def cells(plan):
    return {cell.key: cell for cell in plan.cells}


def asked(plan, cell, claim, measure):
    return [(c.low, c.high) for c in plan.criteria if (c.cell, c.claim, c.measure) == (cell, claim, measure)]


def test_the_claims_are_those_of_an_audit():
    assert tuple(tolerances()) == CLAIMS


def test_false_alarms_of_every_claim_at_every_shape():
    plan = full()
    shapes = [(64, 64), (100, 400), (256, 256), (512, 512), (512, 2048), (1000, 4096), (4096, 4096), (4096, 9216)]
    for shape in EDGES:
        cell = cells(plan)[cell_key("gaussian", shape)]
        assert set(CLAIMS) - set(cell.claims) <= {"constant_bias"}
        assert cell.seeds >= 200
        assert all(asked(plan, cell.key, claim, "fails") == [(None, 0.01)] for claim in cell.claims)
    for shape in shapes:
        cell = cells(plan)[cell_key("gaussian", shape)]
        assert cell.claims == CLAIMS
        assert cell.seeds >= (200 if max(shape) <= 4096 and min(shape) <= 1000 else 10)
        assert asked(plan, cell.key, "random_likeness", "otherwise") == [(None, 0.01)]
        for claim in CLAIMS:
            assert asked(plan, cell.key, claim, "fails") == [(None, 0.01)]
            assert asked(plan, cell.key, claim, "undecided") == [(None, 0.05)]
        for measure, limits in (("tracy_widom_mean", (-1.41, -1.01)), ("tracy_widom_std", (1.12, 1.42))):
            [(low, high)] = asked(plan, f"tracy_widom {shape[0]}x{shape[1]}", None, measure)
            assert (round(low, 9), round(high, 9)) == limits
    assert plan.tracy_widom == tuple(shapes)
    assert plan.tracy_widom_draws == 400


def test_power():
    plan = full()
    for key, claim in (
        ("uniform 512x512 0", "gaussian_weights"),
        ("laplace 512x512 0", "gaussian_weights"),
        ("student_t 512x512 3", "gaussian_weights"),
        ("bias 512x512 2", "constant_bias"),
        ("correlated 512x512 0.5", "singular_law"),
        ("orthogonal 512x512 0", "singular_law"),
        ("spike 512x512 20", "shadow_inversion"),
    ):
        assert cells(plan)[key].seeds >= 100
        assert asked(plan, key, claim, "fails") == [(0.95, None)]
    for shape in ("64x64", "256x256", "512x512", "100x400"):
        assert asked(plan, f"spike {shape} 2", "singular_law", "spiked") == [(0.95, None)]
        assert asked(plan, f"spike {shape} 0.7", "singular_law", "spiked") == [(None, 0.01)]
        assert cells(plan)[f"spike {shape} 0.7"].seeds >= 200
    assert asked(plan, "shifted 512x512 0.05", "singular_law", "spiked") == [(None, 0.01)]
    assert asked(plan, "bias 512x512 0.5", "constant_bias", "undecided") == [(None, 0.05)]
    assert asked(plan, "bias_without_inputs 512x512 2", "constant_bias", "fails") == [(None, 0.0)]


def test_every_criterion_is_about_a_cell_that_judges_its_claim():
    for plan in (full(), quick(), full(1, 2, 3)):
        known = cells(plan)
        assert len(known) == len(plan.cells)
        for criterion in plan.criteria:
            cell = known.get(criterion.cell)
            assert criterion.claim is None or criterion.claim in (*cell.claims, *cell.answers)


def test_numbers_of_seeds():
    plan = cells(full(300, 4, 5))
    assert plan["gaussian 1000x4096 0"].seeds == 300
    assert plan["gaussian 4096x9216 0"].seeds == 4
    assert plan["correlated 512x512 0.2"].seeds == 5
    assert plan["spike 512x512 2"].seeds == 300  # a curve's point that a criterion is asked of


def test_layers_that_two_parts_of_the_study_need_are_drawn_once():
    one = LayerCell("spike", (512, 512), 2.0, ("shadow_inversion",), 100)
    other = LayerCell("spike", (512, 512), 2.0, ("singular_law",), 200)
    assert _merged([one, other]) == (LayerCell("spike", (512, 512), 2.0, ("singular_law", "shadow_inversion"), 200),)


def test_rungs_are_asked_of_each_kind_at_every_shape_and_of_six_hundred_draws_without_directions():
    plan = full()
    for shape in ("32x32", "64x64", "256x256", "512x512", "100x400"):
        for key in (f"gaussian {shape} 0", f"unit_scales {shape} 0.5", f"three_of_4 {shape} 0.5"):
            assert asked(plan, key, "random_likeness", "otherwise") == [(None, 0.01)]
            assert asked(plan, key, "random_likeness", "undecided") == [(None, 0.05)]
    small = [cell for cell in plan.cells if cell.scenario == "gaussian" and 32 <= min(cell.shape) <= 100]
    assert sum(cell.seeds for cell in small) >= 610
    planted = [cell for cell in plan.cells if cell.shape == (250, 400)]
    assert [(cell.seeds, cell.strength) for cell in planted] == [(24, scales) for _ in range(3) for scales in (0, 0.5)]
    right = {c.cell: c.wanted[0] for c in plan.criteria if c.measure == "otherwise" and "250x400" in c.cell}
    assert sorted(right.values()) == [f"directions {n}" for n in (11, 11, 13, 13, 20, 20)]


def test_every_wish_is_about_what_its_cell_judges():
    for plan in (full(), quick()):
        known = cells(plan)
        for wish in plan.wishes:
            cell = known[cell_key(wish.scenario, wish.shape, wish.strength)]
            assert set(wish.wanted) <= {*cell.claims, *cell.answers}
            assert cell.seeds > 1
