"""The page of an audit after its first: layers, network, what was skipped, provenance."""

import re
import unicodedata
from hashlib import sha256

import pytest
from msgspec.structs import replace
from synthetic import constant_bias, gaussian_weights
from synthetic.audits import BAD, GOOD, document_of, layer, many, report, summary, with_payloads, without_curves
from synthetic.documents import cells, figures, parts, prose, section, tables, words

from netaudit.analyses.analysis import Analysis, Claim
from netaudit.analyses.table import BUILT_IN
from netaudit.audit_page.build import build_document
from netaudit.network.layers import SkippedLayer
from netaudit.report.document.model import Figure, Items, Pair, Presentation, Span
from netaudit.results import Finding, HeadResult, NotApplicable
from netaudit.vocabulary import VERDICTS


def test_sections_in_order(typical_document):
    assert [each.title for each in typical_document.sections if not re.match(r"6\.", each.title)] == [
        "1 Summary",
        "2 Layers",
        "2.1 Layer classifier.1",
        "2.2 Layer classifier.4",
        "2.3 Layer classifier.6",
        "3 The network as a whole",
        "3.1 Labels sent down and back",
        "3.2 Hidden units",
        "3.3 Linear regions",
        "3.4 Injectivity",
        "3.5 Identifiability",
        "3.6 Depth limit",
        "3.7 Fixed points of recurrent cells",
        "3.8 Eigenvalues of recurrent matrices",
        "3.9 P-values",
        "4 Skipped",
        "5 Words",
        "6 Method",
        "References",
        "7 Provenance",
    ]


def test_title_footer_and_description(typical, typical_document):
    fingerprint = sha256(typical.json_text().encode()).hexdigest()
    assert typical_document.title == "Audit of mnist-mlp"
    assert typical_document.footer == f"netaudit 0.1.0 · audit.json {fingerprint[:12]}"
    assert typical_document.description == "Audit of mnist-mlp: 3 fully connected layers."
    assert typical_document.json == typical.json_text()


def test_a_layer_is_told_in_full(typical_document):
    part = section(typical_document, "layer-1")
    text = words(part)
    for piece in (
        "The weights' distribution function differs from a Gaussian's by at most 0.043;",
        "Rule “equivalence with a Gaussian”: holds if KS distance to the Gaussian with its interval is at most 0.02;",
        "Origin of the tolerance: netaudit convention: 2 percentage points of probability.",
        "Gaussian null: 40 draws (Gaussian sample of that size, mean and variance fitted, tabulated)",
        "[0.0422, 0.0442]",
        "≤ 0.02",
        "0.002 to 0.0061",
        "(1 draw, on a random 128 × 128 part of the layer)",
        "6.5 degrees",
        "≤ 1 × 10⁻¹²",
    ):
        assert piece in text
    kinds = [block.kind for block in part.blocks]
    assert kinds[:3] == ["table", "pair", "table"]  # the layer's line, its figures, the tests
    assert cells(part.blocks[0])[0] == ["classifier.1", "400 × 640", "float16", "relu", "Linear"]
    assert [figure.stem for figure in part.blocks[1].items] == [
        "layer_001_weights",
        "layer_001_biases",
        "layer_001_singular_values",
        "layer_001_shadow_error",
        "layer_001_hill",
    ]
    assert part.blocks[2].caption.endswith("Equivalence tests on layer classifier.1.")


def test_what_happened_meanwhile_is_told(typical_document):
    assert "Shadow inversion: computed on the CPU." in words(section(typical_document, "layer-2"))
    assert "computed on the CPU" not in words(section(typical_document, "layer-1"))


def test_how_the_file_was_read_is_told_on_page_one(typical):
    note = "Read without its classes, none of whose code was run: <b>evil</b>."
    document = document_of(replace(typical, layers=(), notes=(note,)))
    assert note in words(section(document, "summary"))


def test_a_missing_metric_gives_its_reason_in_words(typical_document):
    rows = [row for table in tables(section(typical_document, "layer-1")) for row in cells(table)]
    [reason] = {row[0] for row in rows if row[0].startswith("share within 10% of scale")}
    assert ": " in reason
    assert "_" not in reason


def test_uncentred_metrics_stand_beside_the_centred_ones(typical_document):
    [table] = [t for t in tables(section(typical_document, "layer-1")) if "Singular value law of" in t.caption]
    assert [column.title for column in table.columns] == ["Metric", "A − mean(A)", "A as stored"]
    assert ["KS distance to the law", "0.13", "0.0043"] in cells(table)
    assert not [row for row in cells(table) if "uncentred" in row[0]]


def test_what_other_tools_report_closes_a_layer(typical_document):
    [*_, norms, law] = tables(section(typical_document, "layer-1"))
    assert "Norms and ranks of layer classifier.1." in norms.caption
    assert "Power law fitted to the eigenvalues of layer classifier.1." in law.caption
    assert "No power law is fitted" in words(section(typical_document, "layer-3"))


def test_a_claim_that_does_not_apply_says_why_and_has_no_table_of_dashes():
    alone = replace(layer("fc"), analyses={"constant_bias": constant_bias.example("not_applicable")})
    part = section(document_of(report([alone])), "layer-1")
    assert len(tables(part)) == 2  # the layer's line and its claims
    assert "Constant bias – not applicable. The layer has no bias." in prose(part)


def test_unknown_metrics_and_reasons_go_by_their_own_names():
    finding = gaussian_weights.example(
        metrics={**gaussian_weights.example().metrics, "odd_metric": 2.5, "x_uncentred": 1, "gone": None},
        reasons={"gone": "out_of_reach"},
    )
    part = section(document_of(report([with_payloads(layer("fc"), gaussian_weights=finding)])), "layer-1")
    rows = [row for table in tables(part) for row in cells(table)]
    assert ["odd metric", "2.5"] in rows
    assert ["x uncentred", "1"] in rows
    assert ["gone: out of reach", "–"] in rows


@pytest.mark.parametrize("value", [1e308, -1e308, 5e-324, 0, -1, 2**70, None])
def test_odd_but_valid_numbers_are_shown(value):
    """An audit.json may come from anywhere: every metric and condition of every claim, whatever its size."""
    odd = {}
    for name, finding in layer("fc", verdicts=BAD).findings.items():
        tested = [replace(each, value=value or 0.0, interval=(value or 0.0,) * 2) for each in finding.conditions]
        metrics = dict.fromkeys(finding.metrics, value)
        odd[name] = replace(finding, metrics=metrics, conditions=tuple(tested), curve=None)
    document = document_of(report([with_payloads(layer("fc"), **odd)], analyses={}))
    assert len(tables(section(document, "layer-1"))) > 5


def test_few_and_many_layers():
    assert words(section(document_of(report([layer("fc")])), "layers")).count("The rule behind each verdict") == 1
    part = section(document_of(many(60)), "layers")
    assert "12 of 60 layers are shown in full. They are taken by turns" in words(part)
    over_blocks = [figure.stem for figure in parts(part.blocks, Figure)]
    assert over_blocks[:2] == ["claim_gaussian_weights", "claim_constant_bias"]


def test_nothing_audited():
    document = document_of(report([], head=HeadResult((), (), False, "there is no such layer"), data=None, analyses={}))
    assert "No fully connected layer was audited; section 4 says why." in prose(section(document, "summary"))
    assert prose(section(document, "layers")) == "No layer was audited."
    assert prose(section(document, "network")) == "there is no such layer."
    assert document.figures == {}


def test_nothing_skipped():
    assert prose(section(document_of(report([layer("fc")], skipped=())), "skipped")) == "Nothing was skipped."


def test_a_long_list_of_skipped_tensors_is_cut_on_paper_only():
    skipped = tuple(SkippedLayer(f"t{i}", (1,), "embedding", 1) for i in range(201))
    [table] = tables(section(document_of(report([without_curves(layer("fc"))], skipped=skipped)), "skipped"))
    assert len(table.rows) == 201
    assert table.printed == tuple(range(24))
    assert table.printed_note.startswith("The first 24 of 201")


def test_what_the_head_assumed_is_said(typical, typical_document):
    told = prose(section(typical_document, "network"))
    assert "from bottom to top: classifier.1 (relu), classifier.4 (relu), classifier.6 (linear). " in told
    assert "inferred" not in told
    assert "the network itself is right on 98.5% of them" in told
    guessed = replace(typical, layers=(), head=replace(typical.head, inferred=True, note="ReLU was assumed"))
    told = prose(section(document_of(guessed), "network"))
    assert "This head is not certain. ReLU was assumed." in told


def test_a_network_analysis_that_does_not_apply_is_listed_with_its_reason(typical, typical_document):
    told = prose(section(typical_document, "network"))
    assert "Shadow images: The network does not take the pixels of images." in told
    assert not [each for each in typical_document.sections if each.identifier == "analysis-shadow-images"]
    events = replace(typical, layers=(), analyses={}, events=("Labels: out of memory once",))
    assert "Labels: out of memory once." in prose(section(document_of(events), "network"))


def test_an_analysis_that_is_not_installed_is_named():
    foreign = {"their_points": {"points": [1, 2]}}
    full = with_payloads(without_curves(layer("fc")), **foreign)
    document = document_of(report([full], analyses=foreign))
    told = prose(section(document, "network"))
    assert told.count("their_points: this analysis is not installed here; its numbers are in audit.json.") == 1
    assert "their_points" in document.json


def test_analyses_out_of_place_do_no_harm():
    """A network analysis among a layer's payloads and the other way round: an audit.json may come from anywhere."""
    odd = report()
    moved = with_payloads(without_curves(odd.layers[0]), labels_back=odd.analyses["labels_back"])
    document = document_of(replace(odd, layers=(moved,), analyses={"gaussian_weights": gaussian_weights.example()}))
    assert section(document, "layer-1")
    assert not [each for each in document.sections if each.identifier == "analysis-labels-back"]


def test_every_field_of_provenance_is_there(typical, typical_document):
    text = words(section(typical_document, "provenance"))
    found = typical.provenance
    for value in (found.file_sha256, found.weights_sha256, found.device, found.dtype, "2.14.1", "*.head", "version 2"):
        assert value in text
    assert text.count("2.14.1") == 1  # the versions stand in one place
    for name in ("Threads", "Seed", "draws", "recipe.epochs", "the name holds no hash"):
        assert name in text


def test_the_fingerprint_of_several_files_is_called_so(typical, typical_document):
    model = replace(typical.model, weights="model.safetensors.index.json")
    assert "index and shards" not in words(section(typical_document, "provenance"))
    assert "index and shards" in words(section(document_of(replace(typical, layers=(), model=model)), "provenance"))


def test_no_string_of_the_document_holds_control_characters(hostile_document):
    text = words(hostile_document)
    assert not [c for c in text if unicodedata.category(c)[0] == "C"]
    assert "(no name)" in text
    assert all(
        re.fullmatch(r"layer_\d{3}_[a-z_]+|[a-z_]+(_\d{3})?", figure.stem) for figure in figures(hostile_document)
    )


# an analysis of a user's own


def mine(**changes):
    """A claim and a figure of one's own."""
    words = {"name": "my_claim", "title": "My claim", "asks": "Is it mine?"}
    claim = Claim("it is mine", ("mine",), {"mine": 1.0})

    def present(payload, place):
        inner = Figure("inner", f"Of {place.name}.", "Nothing is drawn.", lambda figure: figure.subplots())
        return Presentation(
            explanation=((Span("It is mine."),),),
            figures=(Figure("bars", f"Bars of {place.name}.", "One bar.", lambda figure: figure.subplots()),),
            blocks=(Items(((Span("at full width"),),)), Pair((inner,))),
            warnings=("do not believe it",),
        )

    base = {"scope": "layer", "needs": (), "payload": Finding, "measure": None, "present": present, "claim": claim}
    return Analysis(**(words | base | changes))


def test_a_claim_of_one_s_own_is_shown_like_the_others():
    finding = Finding(verdict="fails", metrics={"mine": 2.0})
    layers = [with_payloads(without_curves(layer(name)), my_claim=finding) for name in ("a", "b")]
    made = report(layers, summary=summary(layers, ["my_claim"]))
    document = build_document(made, (*BUILT_IN, mine()))
    page = section(document, "summary")
    assert "It is mine: holds in none of the 2 layers judged (fails: a, b)." in prose(page)
    assert tables(page)[0].columns[-1].title == "My claim"
    part = section(document, "layer-2")
    assert "do not believe it." in words(next(block for block in part.blocks if getattr(block, "warning", False)))
    assert ["mine", "2"] in [row for table in tables(part) for row in cells(table)]
    assert [figure.stem for figure in parts(part.blocks, Figure)] == ["layer_002_bars", "layer_002_inner"]
    assert {"It is mine.", "at full width"} <= set(prose(part).splitlines())


def test_the_line_of_a_layer_s_analysis_without_a_verdict_stands_on_page_one():
    def present(payload, place):
        return Presentation(line="" if place.layer.name == "b" else f"{place.layer.name} is fine")

    told = mine(claim=None, payload=NotApplicable, present=present)
    layers = [
        replace(without_curves(layer(name)), analyses={"my_claim": Finding(verdict="holds", metrics={})})
        for name in "abc"
    ]
    document = build_document(report(layers, summary=summary([], [])), (told,))
    assert "My claim layer by layer: a: a is fine; c: c is fine." in prose(section(document, "summary"))


def test_verdicts_of_every_kind_have_words():
    rows = [(verdict, *GOOD[1:]) for verdict in VERDICTS]
    document = document_of(report([without_curves(layer(str(i), verdicts=row)) for i, row in enumerate(rows)]))
    table = tables(section(document, "summary"))[0]
    assert [row[2] for row in cells(table)] == ["● holds", "× fails", "▲ undecided", "– not applicable"]


def test_two_analyses_may_name_their_figures_alike():
    finding = Finding(verdict="fails", metrics={"mine": 2.0})
    pair = with_payloads(without_curves(layer("a")), my_claim=finding, other=finding)
    made = report([pair], summary=summary([pair], ["my_claim", "other"]))
    document = build_document(made, (*BUILT_IN, mine(), mine(name="other")))
    stems = [figure.stem for figure in parts(section(document, "layer-1").blocks, Figure)]
    assert stems == ["layer_001_bars", "layer_001_other_bars", "layer_001_inner", "layer_001_other_inner"]


@pytest.mark.parametrize("name", ["summary", "network", "skipped", "layer_1", "provenance"])
def test_an_analysis_may_be_called_as_a_part_of_the_page(name):
    other = mine(name=name, scope="network", claim=None)
    finding = Finding(verdict="fails", metrics={"mine": 2.0})
    document = build_document(replace(report(()), analyses={name: finding}), (*BUILT_IN, other))
    assert section(document, f"analysis-{name.replace('_', '-')}").title.endswith("My claim")


def test_of_a_deep_head_the_bottom_and_the_top_are_named(typical):
    names = tuple(f"fc{i}" for i in range(3000))
    deep = replace(typical, layers=(), head=HeadResult(names, ("relu",) * 3000, False))
    told = prose(section(document_of(deep), "network"))
    assert "fc9 (relu), 2,988 more, fc2998 (relu), fc2999 (relu). " in told
    assert "fc10 " not in told
