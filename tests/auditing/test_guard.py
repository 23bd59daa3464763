"""What goes wrong in one analysis becomes "not judged", with the reason on page one, and costs nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import netaudit
from netaudit.analyses.table import BUILT_IN
from netaudit.errors import NetauditError, SourceError
from netaudit.report.document.model import Column, Figure, Items, Method, Pair, Paragraph, Presentation, Span, Table
from netaudit.report.renderers.html import to_html
from netaudit.report.renderers.text import to_text
from netaudit.results import Payload


class Number(Payload, frozen=True):
    """One number."""

    value: float


def analysis(measure, name="mine", scope="layer", present=lambda payload, place: Presentation(line="it is said")):
    return netaudit.Analysis(name, "Mine", "?", scope, (), Number, measure, present)


def broken(context):
    raise ZeroDivisionError("in /data/deep/net.pt, <object at 0x7f0011223344>")


SAYS = "unexpected ZeroDivisionError: in net.pt, <object at 0x...>"
STATE = {"a.weight": torch.randn(60, 80), "b.weight": torch.randn(70, 90)}


def audit(*analyses, **options):
    return netaudit.audit(STATE, analyses=["gaussian_weights", *analyses], nulls="none", **options)


def page_one(report):
    return " ".join(to_text(report.document(draw=False)).split())


def test_an_analysis_that_fails_costs_nothing_else():
    report = audit(analysis(broken), analysis(broken, "of_all", "network"))
    whole = audit()
    assert [layer.analyses["mine"].note for layer in report.layers] == [f"Not judged: {SAYS}."] * 2
    assert report.analyses["of_all"].note == f"Not judged: {SAYS}."
    assert [layer.finding("gaussian_weights") for layer in report.layers] == [
        layer.finding("gaussian_weights") for layer in whole.layers
    ]
    page = page_one(report)
    assert f"! Mine was not judged in 2 layers (a, b), because of an error in the analysis: {SAYS}" in page
    assert f"! Mine was not judged, because of an error in the analysis: {SAYS}" in page
    assert "not judged" not in page_one(whole)
    assert netaudit.AuditReport.from_json(report.to_json()).to_json() == report.to_json()


def test_a_claim_that_fails_is_a_finding_without_numbers(monkeypatch):
    [row] = [each for each in BUILT_IN if each.name == "gaussian_weights"]
    monkeypatch.setattr("netaudit.analyses.layer.gaussian_weights.measure.measure", broken)
    report = netaudit.audit(STATE, analyses=["gaussian_weights", "constant_bias", "initialisation"])
    finding = report.layers[0].finding("gaussian_weights")
    assert (finding.verdict, finding.note) == ("not_applicable", f"Not judged: {SAYS}.")
    assert set(finding.metrics) == set(row.claim.metrics)
    assert report.summary.claims["gaussian_weights"]["not_applicable"] == 2
    assert f"{row.title} was not judged in 2 layers" in page_one(report)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400])
def test_a_result_that_json_cannot_hold_is_not_judged(value):
    report = audit(analysis(lambda context: Number(value)))
    assert report.layers[0].analyses["mine"].note.startswith("Not judged: unexpected ")
    report.to_json()


@pytest.mark.parametrize("result", [None, {"value": 1.0}, Number("a word")])
def test_a_result_of_another_type_is_not_judged(result):
    report = audit(analysis(lambda context: result))
    assert report.layers[0].analyses["mine"].note.startswith("Not judged: unexpected ")


def test_a_result_is_what_its_json_says():
    report = audit(analysis(lambda context: Number(np.float64(5))))
    value = report.layers[0].analyses["mine"].value
    assert (type(value), value) == (float, 5.0)


def test_an_error_for_the_user_is_told_in_its_own_words():
    def refuse(context):
        raise SourceError("net.pt: the file is gone")

    assert audit(analysis(refuse)).layers[0].analyses["mine"].note == "Not judged: net.pt: the file is gone."


def test_where_it_happened_is_shown_on_request(capsys, monkeypatch):
    audit(analysis(broken))
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("NETAUDIT_DEBUG", "1")
    audit(analysis(broken))
    assert capsys.readouterr().err.count("in broken") == 2


def test_an_audit_in_which_everything_went_wrong_says_so():
    report = netaudit.audit(STATE, analyses=[analysis(broken)])
    assert "Mine was not judged in 2 layers" in page_one(report)
    with pytest.raises(NetauditError, match="no layer has a claim that can be judged"):
        netaudit.audit({"a.weight": torch.ones(40, 40)}, analyses=["gaussian_weights", "singular_law"])


def test_memory_that_ran_out_is_not_taken_for_a_fault_of_the_analysis():
    def large(context):
        raise MemoryError

    assert "mine" not in {name for layer in layers_of(large) for name in layer.analyses}


def layers_of(measure):
    """The layers of an audit; none where memory that runs out ends it."""
    try:
        return audit(analysis(measure)).layers
    except (MemoryError, NetauditError):
        return ()


def test_what_cannot_be_shown_is_said_and_the_rest_is_shown():
    def present(payload, place):
        raise KeyError("spread")

    page = page_one(audit(analysis(lambda context: Number(1.0), present=present)))
    assert "Mine cannot be shown, its numbers are in audit.json: unexpected KeyError: 'spread'" in page
    assert "The weights are Gaussian: holds in all 2 layers judged." in page


BAD = {
    "no presentation": {"line": "yes"},
    "a number for a text": Presentation(line=1.0),
    "a short row": Presentation(tables=(Table("Rows.", (Column("a"), Column("b")), ((Span("1"),),)),)),
    "a link": Presentation(blocks=(Paragraph((Span("there", link="nowhere"),)),)),
    "a formula": Presentation(explanation=((Span("no_such", "math"),),)),
    "a style": Presentation(blocks=(Items(((Span("loud", "shout"),),)),)),
    "a figure's name": Presentation(figures=(Figure("../a", "A.", "A."),)),
    "two figures": Presentation(figures=(Figure("a", "A.", "A."),), blocks=(Pair((Figure("a", "A.", "A."),)),)),
    "no block": Presentation(blocks=("text",)),
}


@pytest.mark.parametrize("shown", BAD)
def test_what_no_renderer_could_lay_out_is_not_shown_and_the_rest_is(shown):
    mine = analysis(lambda context: Number(1.0), present=lambda payload, place: BAD[shown])
    document = audit(mine).document(draw=False)
    assert "Mine cannot be shown, its numbers are in audit.json: unexpected " in " ".join(to_text(document).split())
    to_html(document)


def test_a_method_that_fails_is_said_and_the_rest_is_shown():
    mine = analysis(lambda context: Number(1.0))
    for method in (lambda: 1 / 0, lambda: Method(("where {no_such_formula} is",))):
        page = to_html(audit(replace(mine, method=method)).document(draw=False))
        assert "This part of the method cannot be shown: unexpected " in page


def test_real_inputs_that_fail_on_the_way_are_left_out(mlp, tmp_path, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("a shape that nobody thought of")

    np.savez(tmp_path / "data.npz", x=np.zeros((50, 64), np.float32), y=np.zeros(50, int))
    monkeypatch.setattr("netaudit.analyses.head_inputs.forward", fail)
    report = netaudit.audit(mlp, data=tmp_path / "data.npz", analyses=["gaussian_weights", "labels_back"])
    assert report.data is None
    assert report.analyses["labels_back"].runs
