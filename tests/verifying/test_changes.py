"""A report that was changed: in what it carries, in what it shows, and beside it."""

import json

import pytest
from tampering import (
    differing,
    drop_claim,
    drop_fingerprint,
    drop_layer,
    edit_html,
    edit_json,
    edit_pdf,
    figure_of_another,
    figure_too_many,
    html_carries_another,
    json_of_another_run,
    made_with_another,
    outcomes,
    pdf_carries_another,
    pdf_without_a_page,
    pdf_without_words,
    set_coverage,
    set_hash,
    set_metric,
    set_name,
    set_seed,
    set_verdict,
    set_version,
    verdict_of_no_word,
)

from netaudit.api import AuditReport
from netaudit.errors import ReportError
from netaudit.verifying.verify import verify


@pytest.mark.parametrize("name", ["audit.json", "audit.html", "audit.pdf", ""])
def test_a_report_as_it_was_written_has_no_difference(report, name):
    found = verify(report / name)
    assert found.same, differing(found)
    assert "same" in outcomes(found).values()


TAMPERED = {
    "a number": (edit_json(set_metric, sealed=False), "audit.json"),
    "a verdict": (edit_json(set_verdict, sealed=False), "audit.json"),
    "a verdict, with a new fingerprint": (edit_json(set_verdict, sealed=True), "audit.json"),
    "the version": (edit_json(set_version, sealed=True), "audit.json"),
    "the name": (edit_json(set_name, sealed=False), "audit.json"),
    "the seed": (edit_json(set_seed, sealed=False), "audit.json"),
    "the share audited, with a new fingerprint": (edit_json(set_coverage, sealed=True), "audit.json"),
    "a hash": (edit_json(set_hash, sealed=False), "audit.json"),
    "a layer left out": (edit_json(drop_layer, sealed=False), "audit.json"),
    "a layer left out, with a new fingerprint": (edit_json(drop_layer, sealed=True), "audit.json"),
    "no fingerprint": (edit_json(drop_fingerprint, sealed=False), "audit.json"),
    "numbers of another run": (json_of_another_run, ""),
    "a word on the page": (edit_html("holds", "passes"), "audit.html"),
    "a number on the page": (edit_html(r"(<td[^>]*>)0\.", r"\g<1>1."), "audit.html"),
    "a line of a figure on the page": (edit_html(r' d="M [0-9.]+', ' d="M 1.5'), "audit.html"),
    "what cannot be seen on the page": (edit_html("<footer>", "<!-- approved --><footer>"), "audit.html"),
    "numbers that the page carries": (html_carries_another, "audit.html"),
    "numbers that the PDF carries": (edit_pdf(pdf_carries_another), "audit.pdf"),
    "a page of the PDF": (edit_pdf(pdf_without_a_page), "audit.pdf"),
    "words of the PDF": (edit_pdf(pdf_without_words), "audit.pdf"),
    "the PDF saved by another program": (edit_pdf(lambda pdf: None), "audit.pdf"),
    "a claim that the summary leaves out": (edit_json(drop_claim, sealed=True), "audit.json"),
    "a verdict that is no word": (edit_json(verdict_of_no_word, sealed=True), "audit.json"),
    "a comment on a page of other versions": (
        made_with_another(edit_html("<footer>", "<!-- approved --><footer>")),
        "audit.html",
    ),
    "a word in a drawing of other versions": (
        made_with_another(edit_html("</svg>", "<p>All claims hold.</p></svg>")),
        "audit.html",
    ),
    "a script in a drawing of other versions": (
        made_with_another(edit_html("</svg>", '<script href="x.js"/></svg>')),
        "audit.html",
    ),
    "a style of a page of other versions": (
        made_with_another(edit_html("<style>", "<style>td{color:#fff}")),
        "audit.html",
    ),
    "a second style of a page": (edit_html("</head>", "<style>p{display:none}</style></head>"), "audit.html"),
    "a line behind the page": (edit_html("$(?![\\s\\S])", "<p>approved</p>"), "audit.html"),
    "a figure that is gone": (lambda folder: min((folder / "figures").iterdir()).unlink(), ""),
    "a figure in the place of another": (figure_of_another, ""),
    "a figure too many": (figure_too_many, ""),
}


@pytest.mark.parametrize("what", TAMPERED)
@pytest.mark.usefixtures("drawn_once")
def test_a_change_of_a_report_is_found_and_named(report, what):
    tamper, name = TAMPERED[what]
    tamper(report)
    found = verify(report / name)
    assert not found.same
    assert differing(found)


def test_reformatted_json_is_the_same_audit(report):
    path = report / "audit.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4, sort_keys=True))
    assert verify(path).same


def test_a_changed_json_is_not_rendered(report):
    edit_json(set_metric, sealed=False)(report)
    with pytest.raises(ReportError, match="was changed since it was written"):
        AuditReport.from_json(report / "audit.json")
    edit_json(drop_fingerprint, sealed=False)(report)
    assert AuditReport.from_json(report / "audit.json").layers
