"""The first page: the answer in sentences, the verdicts at a glance."""

from pathlib import Path

import pytest
import torch
from msgspec.structs import replace
from synthetic import gaussian_weights, hidden_units, labels_back
from synthetic.audits import TINY, document_of, layer, many, report, summary, with_payloads, without_curves
from synthetic.documents import cells, prose, section, tables, words

import netaudit
from netaudit.analyses.context import LayerContext
from netaudit.analyses.layer import special_weights
from netaudit.analyses.layer.gaussian_weights import ANALYSIS
from netaudit.analyses.table import BUILT_IN
from netaudit.audit_page.first_page import answers, claim_in_words, coverage, more_lines
from netaudit.audit_page.presented import present
from netaudit.network.layers import FCLayer
from netaudit.report.renderers.text import to_text
from netaudit.results import Condition, LayerResult, Model, NotApplicable

SAMPLES = Path(__file__).parents[2] / "reports" / "samples"


def answered(presented):
    """The answers of page one as plain sentences."""
    return ["".join(span.text for span in item) for item in answers(presented)]


def judged(*verdicts):
    return [
        LayerResult(
            f"fc{i}", (2, 3), "float32", None, "Linear", {"gaussian_weights": gaussian_weights.example(verdict)}
        )
        for i, verdict in enumerate(verdicts, 6)
    ]


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        (["holds", "holds"], "The weights are Gaussian: holds in all 2 layers judged."),
        (["holds"], "The weights are Gaussian: holds in the one layer judged."),
        (["undecided", "not_applicable"], "The weights are Gaussian: undecided in the one layer judged."),
        (
            ["holds", "fails", "undecided", "not_applicable"],
            "The weights are Gaussian: holds in 1 of the 3 layers judged (fails: fc7; undecided: fc8).",
        ),
        (
            ["fails"] * 5,
            "The weights are Gaussian: holds in none of the 5 layers judged (fails: fc6, fc7, fc8 and 2 more).",
        ),
        (["not_applicable"], "Whether the weights are Gaussian could not be judged in any layer."),
    ],
)
def test_a_claim_in_a_sentence(verdicts, sentence):
    assert claim_in_words(ANALYSIS, judged(*verdicts)) == sentence


def test_the_first_sentence_says_how_much_was_audited(typical):
    assert coverage(typical) == (
        "3 fully connected layers of mnist-mlp were audited: 58,631,144 of 61,100,840 parameters (96.0%)."
    )
    assert coverage(replace(typical, layers=typical.layers[:1])).startswith(
        "1 fully connected layer of mnist-mlp was audited"
    )


def test_matrices_of_recurrent_cells_are_no_fully_connected_layers(typical):
    cell = replace(typical.layers[0], origin="GRU, reset gate, from the input")
    state = replace(typical.layers[0], origin="simple recurrent cell, from the state")
    assert coverage(replace(typical, layers=(cell, state, typical.layers[2]))).startswith(
        "1 fully connected layer and 2 matrices of recurrent cells of mnist-mlp were audited: "
    )
    assert coverage(replace(typical, layers=(cell,))).startswith("1 matrix of recurrent cells of mnist-mlp was audited")
    made = document_of(replace(typical, layers=(without_curves(cell), without_curves(state)), analyses={}))
    assert made.description == "Audit of mnist-mlp: 2 matrices of recurrent cells."


def test_what_a_planner_calls_a_matrix_of_a_cell_is_counted_as_one():
    report = netaudit.AuditReport.from_json(SAMPLES / "imdb-gru" / "audit.json")
    matrices = [layer for layer in report.layers if layer.origin.startswith("GRU, ")]
    others = len(report.layers) - len(matrices)
    assert coverage(report).startswith(
        f"{others} fully connected layer and {len(matrices)} matrices of recurrent cells"
    )


def test_the_answers_are_those_of_the_network_then_of_the_claims(typical):
    shown = present(typical, BUILT_IN)
    lines = [*answered(shown), *more_lines(shown)]
    assert [line.partition(":")[0].partition(",")[0] for line in lines] == [
        "Gaussian weights. The weights are Gaussian",
        "Constant bias. The biases are essentially constant",
        "Singular value law. The singular values of the weights as stored follow the Marchenko-Pastur law",
        "Shadow inversion. A layer can be run in reverse no worse than a random one",
        "Run in reverse through the 3 layers of the head",
        "How sure. A claim holds or fails only where a whole interval",
        "What it means. Where a claim holds",
        "Hidden units",
        "Between real inputs of two classes the head is a function of 600 to 620 linear pieces (3 segments); 5 pieces "
        "would follow it to within 1% of its range",
        "Of 140 hidden neurons 112 can be told from the outputs; hidden are 10 dead",
        "Of 3 residual blocks the last one of a stage can be left out with at least 95% of the labels kept.",
        "Recurrent cells (on real sequences; the input then held at zero)",
        "Shadow inversion layer by layer",
    ]
    assert all(line.endswith(".") for line in answered(shown))


def test_a_cut_list_of_layers_begins_with_what_fails():
    rows = ("holds", "holds", "holds", "undecided", "fails")
    layers = [layer(f"fc{at}", verdicts=("holds", "holds", "holds", verdict)) for at, verdict in enumerate(rows)]
    [line] = more_lines(present(report(layers, analyses={}), BUILT_IN))
    assert line.startswith("Shadow inversion layer by layer: fc4: ")
    assert line.index("; fc3: ") < line.index("; fc0: ")
    assert line.endswith("; and 2 more")


def test_what_is_said_of_a_layer_is_not_cut_in_the_middle():
    weight = torch.randn(80, 120, generator=torch.Generator().manual_seed(0))
    weight[1], weight[2], weight[:, 3], weight[5, 6] = 0, 0.5, weight[:, 4], 99.0
    found = special_weights.ANALYSIS.measure(LayerContext(FCLayer("fc", weight), 0, torch.device("cpu")))
    made = with_payloads(layer("fc"), special_weights=found)
    [line] = [text for text in more_lines(present(report([made], analyses={}), BUILT_IN)) if "Special" in text]
    assert len(line) > 250
    assert "…" not in line
    assert line.endswith("; H1 and H3 are judged on what is left")


def test_how_sure_says_where_small_layers_have_a_wider_tolerance():
    made = layer("fc")
    claim = made.finding("gaussian_weights")
    wide = with_payloads(made, gaussian_weights=replace(claim, rule=replace(claim.rule, widened=True)))
    sure = [answered(present(report([each], analyses={}), BUILT_IN))[-2] for each in (made, wide)]
    assert sure[0].endswith("with each rule.")
    held = sum(each.verdict == "holds" for each in made.findings.values())
    assert f"; 1 of {held} verdicts that hold has a wider tolerance, as small layers need, and so says less." in sure[1]


def test_how_sure_of_nothing():
    tiny = layer("fc", verdicts=("not_applicable",) * 4)
    assert "; no verdict could be given. " in answered(present(report([tiny], analyses={}), BUILT_IN))[-2]


def test_where_no_analysis_has_an_answer_page_one_says_why():
    state = {"a.weight": torch.randn(50, 40, generator=torch.Generator().manual_seed(0))}
    asked = netaudit.audit(state, nulls="none", analyses=["circular_law", "rnn_fixed_points"])
    assert "The network has no recurrent cells." in " ".join(to_text(asked.document(draw=False)).split())
    more = netaudit.audit(state, nulls="none", analyses=["circular_law", "gaussian_weights"])
    assert "no recurrent cells" not in to_text(more.document(draw=False))


def test_how_sure_counts_what_is_undecided(typical):
    assert "; 2 of 10 verdicts are undecided. " in answered(present(typical, BUILT_IN))[-2]


def test_of_many_layers_a_claim_is_told_by_kind_and_range():
    layers = [
        replace(judged(verdict)[0], name=f"layers.{block}.{kind}_proj")
        for block in range(12)
        for kind, verdict in (("q", "holds" if block < 5 else "fails"), ("k", "fails"))
    ]
    assert claim_in_words(ANALYSIS, layers) == (
        "The weights are Gaussian: holds in 5 of the 24 layers judged (q: holds in blocks 0–4, fails from 5 on; "
        "k: fails throughout)."
    )


def test_what_the_network_does_not_have_is_not_in_the_answer():
    alone = present(report([layer("fc")], analyses={}), BUILT_IN)
    assert len(answered(alone)) == 6
    [line] = more_lines(alone)
    assert line.startswith("Shadow inversion layer by layer: fc: ")
    with_labels = present(report([layer("fc")], analyses={"labels_back": labels_back.example()}), BUILT_IN)
    assert answered(with_labels)[4].startswith("Run in reverse through the top layer, ")
    units = {"hidden_units": hidden_units.example(["a", "b"])}
    assert more_lines(present(report([layer("fc")], analyses=units), BUILT_IN))[0].startswith("Hidden units, by the")


def test_what_does_not_apply_and_would_have_a_line_says_why():
    weights = NotApplicable("The weights of fc are constant, or not finite.")
    absent = NotApplicable("There are no real inputs (--data).")
    found = {"labels_back": weights, "hidden_units": weights, "linear_regions": absent, "shadow_images": absent}
    silent = report([layer("fc")], analyses=found | {"injectivity": weights}, data=None)
    says = "Labels sent down and back, Hidden units: not applicable. The weights of fc are constant, or not finite."
    assert more_lines(present(silent, BUILT_IN))[0] == says
    assert not [line for line in more_lines(present(silent, BUILT_IN)) if "--data" in line or "Injectivity" in line]
    settings = {"data": {"name": "x.npz", "sha256": "0" * 64}}
    given = replace(silent, provenance=replace(silent.provenance, settings=settings))
    second = more_lines(present(given, BUILT_IN))[1]
    assert second.startswith("Linear regions: not applicable. There are no real inputs")


def test_a_head_with_odd_weights_says_on_page_one_why_no_labels_come_back():
    torch.manual_seed(0)
    state = {"fc1.weight": torch.randn(40, 60), "fc2.weight": torch.full((10, 40), 0.5)}
    made = netaudit.audit(state, analyses=["gaussian_weights", "labels_back"], nulls="none")
    page = " ".join(to_text(made.document(draw=False)).split())
    assert "Labels sent down and back: not applicable. The weights of fc2 are constant, or not finite." in page


def test_every_built_in_analysis_with_a_line_is_marked():
    """Else page one would be silent where it does not apply."""
    network = {
        "labels_back", "hidden_units", "linear_regions", "identifiability", "random_likeness", "initialisation",
        "rnn_fixed_points",
    }  # fmt: skip
    assert {row.name for row in BUILT_IN if row.scope == "network" and row.on_page_one} == network
    shown = present(report(), BUILT_IN).network
    silent = {row.name for row, part in shown.items() if (part.line or part.headline) and not row.on_page_one}
    assert silent == {"depth_limit"}  # few networks have square layers or residual blocks, and none is expected to


def test_the_page_has_the_answer_the_verdicts_their_values_and_the_share(typical_document):
    page = section(typical_document, "summary")
    verdicts, numbers, glance = tables(page)
    assert [row[0] for row in cells(numbers)] == [row[0] for row in cells(verdicts)]
    assert [column.title for column in verdicts.columns] == [
        "Layer",
        "[out, in]",
        "Gaussian weights (H1)",
        "Constant bias (H2)",
        "Singular value law (H3)",
        "Shadow inversion (H4)",
    ]
    assert cells(verdicts)[0] == ["classifier.1", "400 × 640", "× fails", "▲ undecided", "× fails", "× fails"]
    assert cells(verdicts)[2][2:] == ["● holds", "– not applicable", "– not applicable", "● holds"]
    assert [span.style for span in verdicts.rows[2]][2:] == ["holds", "not_applicable", "not_applicable", "holds"]
    assert dict(cells(glance)) == {
        "Target": "mnist-mlp",
        "Model": "784-1000-1000-10 ReLU network (zoo)",
        "Weights": "mnist-mlp.safetensors",
        "Parameters audited": "58,631,144 of 61,100,840 (96.0%)",
        "Layers": "3 audited, 3 skipped",
        "Labels back, one-hot labels": "100% of 10 at ρ = 1 (random network 99%, chance 10%)",
        "Labels back, softmax of real inputs": "99.3% of 400 at ρ = 1 (random network 99%, chance 10%)",
        "Linear pieces, inputs of two classes": "610, the median of 3 segments",
        "Neurons flip as in a random layer": "● holds in 1 hidden layer, × fails in 1",
    }
    assert prose(page).splitlines()[0].startswith("3 fully connected layers of mnist-mlp were audited")


def test_a_network_without_a_known_architecture():
    plain = report([without_curves(layer("fc"))], model=Model("net.pt", "file"), analyses={})
    glance = dict(cells(tables(section(document_of(plain), "summary"))[-1]))
    assert glance["Model"] == "file"
    assert "Weights" not in glance


def test_a_wrong_hash_is_said_first(typical, typical_document):
    wrong = replace(typical, layers=(), provenance=replace(typical.provenance, hash_matches_name=False))
    warning = "does not begin with the hash in its name"
    first = section(document_of(wrong), "summary").blocks[0]
    assert first.warning
    assert warning in words(first)
    assert warning not in words(typical_document)


def test_a_layer_without_a_finding_on_a_claim():
    full = without_curves(layer("fc"))
    part = with_payloads(
        replace(full, name="part"), constant_bias=None, singular_law=None, shadow_inversion=None, power_law=None
    )
    verdicts, values, _ = tables(section(document_of(report([full, part])), "summary"))
    assert cells(verdicts)[1][2:] == ["● holds", "–", "–", "–"]
    assert cells(values)[1][2:] == ["–", "–", "–"]


def test_many_layers_are_counted_before_they_are_listed():
    made = many(60)
    document = document_of(made)
    by_kind, verdicts, _, _ = tables(section(document, "summary"))
    assert by_kind.caption.startswith("Table 1. Number of layers by kind and verdict: ● means holds, ")
    assert cells(by_kind)[0] == ["q", "10", "● 10", "● 10", "● 10", "● 10"]
    assert cells(by_kind)[3] == ["o", "10", "● 10", "– 10", "– 10", "● 10"]
    assert len(verdicts.rows) == 60
    linked = [row[0].link for row in verdicts.rows if row[0].link]
    assert len(linked) == 12
    assert set(linked) <= {each.identifier for each in document.sections}


def test_statistics_of_different_kinds_do_not_share_a_column():
    made = many(20)
    bias = made.layers[0].finding("constant_bias")
    condition = Condition("std_over_preactivation_scale", 0.25, (0.2, 0.3), (None, 0.1), "holds")
    changed = with_payloads(made.layers[0], constant_bias=replace(bias, conditions=(condition,)))
    document = document_of(replace(made, layers=(changed, *made.layers[1:])))
    [values] = [each for each in tables(section(document, "summary")) if each.caption.startswith("The statistic")]
    titles = [column.title for column in values.columns]
    assert titles[1] == "Gaussian weights (H1): KS distance to the Gaussian"
    mine = titles.index("Constant bias (H2): std / pre-activation scale")
    assert [row[mine] for row in cells(values)[:2]] == ["0.25", "–"]
    assert [row[mine + 1] for row in cells(values)[:2]] == ["–", cells(values)[1][mine + 1]]


def test_an_audit_without_claims_has_no_empty_tables():
    alone = with_payloads(layer("fc", verdicts=TINY), **dict.fromkeys(layer("fc").findings))
    page = section(document_of(report([alone], summary=summary([], []), analyses={})), "summary")
    [glance] = tables(page)
    assert cells(glance)[0] == ["Target", "mnist-mlp"]


def test_a_layer_of_which_nothing_can_be_said_is_named():
    generator = torch.Generator().manual_seed(0)
    odd = torch.randn(60, 50, generator=generator)
    odd[0, 0] = float("nan")
    state = {"a.weight": torch.randn(50, 40, generator=generator), "b.weight": odd, "c.weight": torch.ones(30, 60)}
    report = netaudit.audit(state, nulls="none", analyses=["gaussian_weights", "singular_law"])
    page = report.to_html()
    assert "Layer b could not be judged. The weight holds NaN or infinite values." in page
    assert "Layer c could not be judged. Every weight is the constant 1." in page
    assert page.count("could not be judged. ") == 2


def test_weights_that_are_not_finite_are_told_although_the_bias_was_judged():
    odd = torch.randn(60, 50, generator=torch.Generator().manual_seed(0))
    odd[0, 0] = float("nan")
    state = {"a.weight": torch.ones(50, 40).cumsum(0), "b.weight": odd, "b.bias": torch.linspace(0, 1, 60)}
    report = netaudit.audit(state, nulls="none", analyses=["gaussian_weights", "constant_bias", "singular_law"])
    assert report.verdicts("constant_bias")["b"] == "undecided"
    assert report.to_html().count("Layer b could not be judged. The weight holds NaN or infinite values.") == 1


def test_of_an_untrained_network_page_one_does_not_say_that_training_wrote_anything():
    """PyTorch's default start is uniform: the claim on Gaussian weights fails before any training."""
    torch.manual_seed(0)
    report = netaudit.audit({"a.weight": torch.nn.Linear(100, 80).weight.detach()}, nulls="none")
    assert report.verdicts("gaussian_weights") == {"a": "fails"}
    text = " ".join(to_text(report.document(draw=False)).split())
    assert "This network cannot be told from one that was never trained." in text
    assert "structure into the weights, or the start was drawn by another law;" in text
