"""What the report says of special weights: on page one and in the layer's part."""

import msgspec
import pytest
import torch
from synthetic.places import place

from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer.special_weights import ANALYSIS
from netaudit.analyses.layer.special_weights.payload import SpecialWeights, columns
from netaudit.network.layers import FCLayer


def gaussian(m=60, n=90):
    return torch.randn(m, n, generator=torch.Generator().manual_seed(0))


def measured(weight):
    return ANALYSIS.measure(LayerContext(FCLayer("fc", weight), 0, torch.device("cpu")))


def half_pruned():
    weight = gaussian()
    weight[weight.abs() < 0.6745] = 0
    return weight


def dead_and_copied():
    weight = gaussian()
    weight[3:6], weight[10], weight[:, 7] = 0, weight[11], 0
    return weight


def one_heavy():
    weight = gaussian()
    weight[2, 2] = 100.0
    return weight


def copied():
    weight = gaussian()
    weight[20:22] = weight[10:12]
    return weight


LEFT = "judged on what is left"
ZERO = "whose weights are numerically zero"
DEAD = f"3 dead rows (outputs {ZERO}), 1 dead column (inputs {ZERO}), 1 row equal to an earlier one"
HEAVY = (
    "1 single weight beyond 8.6 times the size of the others in their rows and columns, large enough to make a spike "
    "alone"
)
ORTHOGONAL = "the rows are orthogonal to each other: an orthogonal start or constraint"
ROWS = torch.linalg.qr(gaussian().T).Q.T.contiguous()


@pytest.mark.parametrize(
    ("weight", "line", "meaning"),
    [
        (torch.eye(60), "the weights are an identity matrix", "A fixed pattern is no random structure"),
        (dead_and_copied(), f"{DEAD}; H1 and H3 are {LEFT}", "H1 is judged on the 93.9% of the weights"),
        (
            half_pruned(),
            f"pruned: 50.5% of the weights are exactly 0; H1 is {LEFT}",
            "H1 is judged on the 49.5% of the weights",
        ),
        (one_heavy(), f"{HEAVY}; H1 and H3 are {LEFT}", "and with 0 in place of single huge weights."),
        (copied(), f"2 rows equal to an earlier one; H3 is {LEFT}", "H3 and the ladder are judged on the matrix"),
        (gaussian().sign(), "quantised, 2 levels at a distance of 2", "the middle of each level's step"),
        (ROWS, ORTHOGONAL, "Orthogonality is no random structure"),
        (gaussian(60, 5) @ gaussian(5, 90), "rank 5 of 60", "A rank that is not full is no random structure"),
    ],
    ids=["identity", "dead", "pruned", "heavy", "copied", "signs", "orthogonal", "low rank"],
)
def test_page_one_names_what_is_special_and_the_layer_s_part_what_it_means(weight, line, meaning):
    found = measured(weight)
    presented = ANALYSIS.present(found, place())
    said = "".join(span.text for item in presented.explanation for span in item)
    assert presented.line == line
    assert meaning in said
    assert msgspec.json.decode(msgspec.json.encode(found), type=SpecialWeights) == found
    assert columns(found)["special_weights"]


def test_ordinary_weights_have_no_line():
    found = measured(gaussian())
    assert (found.kinds, found.left, found.rank, found.full_rank) == ((), 1.0, 60, 60)
    assert ANALYSIS.present(found, place()) == type(ANALYSIS.present(found, place()))()
    assert columns(found) == {"special_weights": "", "pruned_share": 0.0, "levels": None}
