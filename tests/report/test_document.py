import unicodedata
from dataclasses import asdict, replace

from netaudit.report.document.build import build_document
from netaudit.report.plan import plan

from netaudit.network.layers import SkippedLayer
from netaudit.report.document.model import Figure, Pair, Table
from netaudit.results import Finding, StackResult


def document_of(report):
    return build_document(report, plan(report), "0" * 64)


def section(document, identifier):
    [found] = [each for each in document.sections if each.identifier == identifier]
    return found


def tables(blocks):
    for block in blocks:
        if isinstance(block, Table):
            yield block
        elif isinstance(block, Pair):
            yield from tables(block.items)


def words(document_or_block):
    """Every string of the document."""

    def walk(value):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for item in value.values():
                yield from walk(item)
        elif isinstance(value, (list, tuple)):
            for item in value:
                yield from walk(item)

    return " ".join(walk(asdict(document_or_block)))


def cells(table):
    return [[run.text for run in row] for row in table.rows]


def test_sections_in_order(typical):
    assert [each.title for each in document_of(typical).sections if each.level == 1] == [
        "1 Summary",
        "2 Layers",
        "3 The stack",
        "4 Skipped",
        "5 Method",
        "6 Provenance",
    ]


def test_first_page_has_the_answer_the_verdicts_the_share_and_the_stack(typical):
    page = section(document_of(typical), "summary")
    verdicts, numbers, glance = tables(page.blocks)
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
    assert [run.style for run in verdicts.rows[2]][2:] == ["holds", "not_applicable", "not_applicable", "holds"]
    facts = dict(cells(glance))
    assert facts["Parameters audited"] == "58,631,144 of 61,100,840 (96.0%)"
    assert facts["Labels back, softmax of real inputs"] == (
        "99.3% of 400 at ρ = 1 (chance 10%, independent matrices 10%)"
    )
    assert "Two of three fully connected layers are far from random-like." in words(page)


def test_numbers_of_figures_and_tables_run_without_gaps(typical):
    captions = [
        item.caption
        for each in document_of(typical).sections
        for block in each.blocks
        for item in (block.items if isinstance(block, Pair) else [block])
        if isinstance(item, (Figure, Table)) and item.caption
    ]
    for kind in ("Figure", "Table"):
        numbers = [int(text.split(".")[0].split()[1]) for text in captions if text.startswith(kind)]
        assert numbers == list(range(1, len(numbers) + 1))


def test_a_finding_is_told_in_full(typical):
    text = words(section(document_of(typical), "layer-1"))
    for piece in (
        "The KS distance to the fitted Gaussian is beyond the threshold.",
        "Rule “gaussian-distance”: KS distance to the Gaussian ≤ 0.02.",
        "Origin of the tolerance: twice the distance at which a QQ plot looks bent.",
        "Gaussian null: 40 draws (Gaussian matrix of the same shape), median 0.0033.",
        "[0.0422, 0.0442]",
        "≤ 0.02",
        "0.002 to 0.0061",
        "(1 draw, on a random 128 × 128 part of the layer)",
        "6.5 degrees",
        "≤ 1 × 10⁻¹²",
    ):
        assert piece in text


def test_a_missing_metric_gives_its_reason(typical):
    layer = section(document_of(typical), "layer-1")
    rows = dict(row[:2] for table in tables(layer.blocks) for row in cells(table) if len(row) == 2)
    assert rows["share within 10% of scale: needs --data"] == "–"


def test_raw_figures_stand_beside_the_centred_ones(typical):
    layer = section(document_of(typical), "layer-1")
    [table] = [t for t in tables(layer.blocks) if "Singular value law of" in t.caption]
    assert [column.title for column in table.columns] == ["Metric", "A − mean(A)", "A as stored"]
    assert ["KS distance to the law", "0.13", "0.0043"] in cells(table)
    assert not [row for row in cells(table) if "raw" in row[0]]


def test_what_other_tools_report_closes_a_layer(typical):
    document = document_of(typical)
    assert "Here alpha is smaller than theirs" in words(section(document, "layer-1"))
    assert "What other tools report" not in words(section(document, "layer-2"))
    assert "No power law is fitted: it takes 10 positive values" in words(section(document, "layer-3"))
    [*_, norms, law] = tables(section(document, "layer-1").blocks)
    assert "Norms and ranks of layer classifier.1." in norms.caption
    assert "Power law fitted to the eigenvalues of layer classifier.1." in law.caption
    assert "disputed" in words(section(document, "method-other-tools"))


def test_unknown_claims_and_metrics_are_shown(build, build_layer):
    metrics = {"odd_metric": 2.5, "x_raw": 1}
    finding = Finding("my_claim", "holds", metrics, note="ok")
    layer = replace(build_layer("fc"), findings=(finding,))
    report = build([layer], summary={"claims": {"my_claim": {"holds": 1}}, "text": ["Fine"]}, skipped=[])
    document = document_of(report)
    assert "my claim" in words(section(document, "summary"))
    rows = [row for table in tables(section(document, "layer-1").blocks) for row in cells(table)]
    assert ["odd_metric", "2.5"] in rows
    assert ["x_raw", "1"] in rows
    assert "No figure" not in words(section(document, "layer-1"))


def test_a_layer_without_a_finding_on_a_claim(build, build_layer):
    full = build_layer("fc")
    report = build([full, replace(full, name="part", findings=full.findings[:1])])
    verdicts = next(tables(section(document_of(report), "summary").blocks))
    assert cells(verdicts)[1][2:] == ["● holds", "–", "–", "–"]


def test_a_curve_that_cannot_be_drawn_is_left_out_with_its_reason(build, build_layer):
    full = build_layer("fc")
    broken = replace(full.findings[0], curve={"edges": [0, 1]})
    report = build([replace(full, findings=(broken, *full.findings[1:]))])
    layer = section(document_of(report), "layer-1")
    [pair] = [block for block in layer.blocks if isinstance(block, Pair) and isinstance(block.items[0], Figure)]
    assert [figure.stem for figure in pair.items] == [
        "layer_001_biases",
        "layer_001_singular_values",
        "layer_001_shadow_error",
    ]
    assert "No figure: the curve has no density." in words(layer)


def test_nothing_audited(build):
    document = document_of(build([], stack=StackResult((), False, (), (), None, "there is no such layer")))
    assert "No fully connected layer was audited; section 4 says why." in words(section(document, "summary"))
    assert words(section(document, "layers")).endswith("No layer was audited. plain paragraph")
    assert "No labels were sent through a stack of layers: there is no such layer." in words(section(document, "stack"))


def test_nothing_skipped(build, build_layer):
    assert "Nothing was skipped." in words(section(document_of(build([build_layer("fc")], skipped=[])), "skipped"))


def test_a_claim_that_applies_nowhere_has_no_table_of_dashes(build, build_layer):
    finding = Finding("constant_bias", "not_applicable", {"mean": None}, {"mean": "no bias"}, note="no bias")
    report = build([replace(build_layer("fc"), findings=(finding,))])
    layer = section(document_of(report), "layer-1")
    assert len(list(tables(layer.blocks))) == 2  # the layer's line and its claims
    assert "No bias." in words(layer)


def test_what_the_stack_assumed_is_said(typical):
    guessed = replace(typical.stack, inferred=True, note="ReLU was assumed")
    text = words(section(document_of(replace(typical, stack=guessed)), "stack"))
    assert "This order was inferred from names and shapes" in text
    assert "ReLU was assumed." in text
    assert "inferred" not in words(section(document_of(typical), "stack"))
    assert "the network itself is right on 98.5% of them" in text


def test_many_layers_say_which_are_shown_and_why(build_many):
    report = build_many(60)
    layers = section(document_of(report), "layers")
    assert "12 of 60 layers are shown in full. They are taken by turns" in words(layers)
    [values] = tables(layers.blocks)
    assert len(values.rows) == 60
    assert values.columns[1].title == "Gaussian weights (H1): KS distance to the Gaussian"
    summary = section(document_of(report), "summary")
    counts, _, verdicts = tables(summary.blocks)
    assert cells(counts)[0] == ["Gaussian weights (H1)", "40", "0", "20", "0"]
    linked = [row[0].link for row in verdicts.rows if row[0].link]
    assert len(linked) == 12
    assert set(linked) <= {each.identifier for each in document_of(report).sections}


def test_statistics_of_different_kinds_do_not_share_a_title(build_many):
    report = build_many(20)
    layer = report.layers[0]
    condition = replace(layer.findings[1].conditions[0], statistic="std_over_preactivation_scale", value=0.25)
    other = replace(layer.findings[1], conditions=(condition,))
    changed = replace(layer, findings=(layer.findings[0], other, *layer.findings[2:]))
    [values] = tables(section(document_of(replace(report, layers=(changed, *report.layers[1:]))), "layers").blocks)
    assert values.columns[2].title == "Constant bias (H2)"
    assert cells(values)[0][2] == "0.25 (std / pre-activation scale)"


def test_a_table_cut_on_paper_keeps_the_worst(build_many, monkeypatch):
    monkeypatch.setattr("netaudit.report.document.first_page.ON_PAPER", 11)
    [*_, verdicts] = tables(section(document_of(build_many(60)), "summary").blocks)
    assert len(verdicts.rows) == 60
    kept = [[run.text for run in verdicts.rows[index]][2:] for index in verdicts.printed]
    assert kept[:10] == [["× fails", "▲ undecided", "× fails", "× fails"]] * 10
    assert kept[10] == ["× fails", "▲ undecided", "● holds", "● holds"]


def test_a_long_list_of_skipped_tensors_is_cut_on_paper_only(build, build_layer):
    skipped = [SkippedLayer(f"t{i}", (1,), "embedding", 1) for i in range(201)]
    [table] = tables(section(document_of(build([build_layer("fc")], skipped=skipped)), "skipped").blocks)
    assert len(table.rows) == 201
    assert table.printed == tuple(range(200))
    assert table.printed_note.startswith("The first 200 of 201")


def test_every_field_of_provenance_is_there(typical):
    text = words(section(document_of(typical), "provenance"))
    found = typical.provenance
    for value in (found.file_sha256, found.weights_sha256, found.device, found.dtype, "0" * 64, "2.14.1", "*.head"):
        assert value in text
    for name in ("Threads", "Seed", "draws", "recipe.epochs", "the name holds no hash"):
        assert name in text


def test_the_fingerprint_of_several_files_is_called_so(typical):
    sharded = replace(typical, model={**typical.model, "weights": "model.safetensors.index.json"})
    for report, said in ((typical, False), (sharded, True)):
        assert ("index and shards" in words(section(document_of(report), "provenance"))) is said


def test_no_string_of_the_document_holds_control_characters(hostile_report):
    text = words(document_of(hostile_report))
    assert not [c for c in text if unicodedata.category(c)[0] == "C"]
    assert "(no name)" in text
