"""A report from a stranger: what is none is refused in one line, and nothing waits, runs or is taken at its word."""

import gzip
import os
import time
from base64 import b64encode

import pikepdf
import pytest
from tampering import differing, edit_html, edit_json, edit_pdf, made_with_another

from netaudit.errors import ReportError
from netaudit.report.renderers.html import CARRIED
from netaudit.verifying.again import Given
from netaudit.verifying.carried import open_report
from netaudit.verifying.verify import verify


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "an empty file"),
        (b" ", "neither an audit.json"),
        (b"\x89PNG\r\n", "neither an audit.json"),
        (b"{", "not JSON"),
        (b"{}", "format_version"),
        (b"<!DOCTYPE html><p>Audit</p>", "carries no audit.json"),
        (b"%PDF-1.7\n%nothing else", "audit.pdf"),
        (f'<!DOCTYPE html><a href="{CARRIED}AAAA">x</a>'.encode(), "damaged"),
        (f'<!DOCTYPE html><a href="{CARRIED}A">x</a>'.encode(), "damaged"),
        (f'<!DOCTYPE html><a href="{CARRIED}">x</a><a href="{CARRIED}">y</a>'.encode(), "carries 2 audits"),
    ],
)
def test_what_is_no_report_is_refused_in_one_line(tmp_path, content, says):
    path = tmp_path / "audit.pdf"
    path.write_bytes(content)
    with pytest.raises(ReportError, match=says) as caught:
        verify(path)
    assert "\n" not in str(caught.value)


def test_a_bomb_in_a_page_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("netaudit.verifying.carried.MOST_BYTES", 100_000)
    bomb = b64encode(gzip.compress(b" " * 1_000_000)).decode()
    (tmp_path / "audit.html").write_text(f'<!DOCTYPE html><a href="{CARRIED}{bomb}">x</a>')
    with pytest.raises(ReportError, match="too large"):
        open_report(tmp_path / "audit.html")


def test_a_folder_without_a_report_is_refused(tmp_path):
    with pytest.raises(ReportError, match=r"none of audit\.json"):
        verify(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
def test_a_pipe_is_not_waited_for(report, tmp_path):
    os.mkfifo(tmp_path / "audit.html")
    with pytest.raises(ReportError, match="not a regular file"):
        open_report(tmp_path / "audit.html")
    figure = min((report / "figures").iterdir())
    figure.unlink()
    os.mkfifo(figure)
    assert differing(verify(report)) == {"figures/": f"{figure.name} is another"}


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("netaudit.verifying.carried.MOST_BYTES", 1000)
    (tmp_path / "audit.json").write_bytes(b"{" + b" " * 1000)
    with pytest.raises(ReportError, match="more than 1,000 bytes"):
        open_report(tmp_path / "audit.json")


@pytest.mark.parametrize(
    "settings",
    [{"layers": 3}, {"exclude": None}, {"order": [[]]}, {"analyses": "all"}, {"nulls": "most"}, {"state": ["ema"]}],
)
@pytest.mark.parametrize("rerun", [False, True])
def test_settings_that_no_audit_has_are_one_line(audited, report, settings, rerun):
    edit_json(lambda data: data["provenance"]["settings"].update(settings), sealed=True)(report)
    [name] = settings
    with pytest.raises(ReportError, match=rf"the settings in the report are not those of an audit: .*\$\.{name}"):
        verify(report / "audit.json", Given(audited / "net.safetensors"), rerun=rerun)


def test_names_from_a_report_move_no_cursor(audited, report):
    def change(data):
        data["layers"][0]["sha256"]["\x1b[31mred"] = "0" * 64
        data["layers"][1]["name"] = "\x1b[2Jfc2\u202e"

    edit_json(change, sealed=True)(report)
    found = verify(report / "audit.json", Given(audited / "net.safetensors"))
    assert not found.same
    assert not {"\x1b", "\u202e"} & set("".join(check.what + check.says for check in found.checks))


def attach_twice(pdf):
    del pdf.attachments["audit.json"]
    for name in ("one", "two"):
        spec = pikepdf.AttachedFileSpec(pdf, b"{}", filename="audit.json")
        pdf.attachments[name] = spec


def attach_zeros(pdf):
    pdf.attachments["audit.json"] = bytes(2**27)


@pytest.mark.parametrize(
    ("change", "says"),
    [(attach_twice, "2 attachments are called audit.json"), (attach_zeros, "damaged, or of a kind that is not known")],
)
def test_a_pdf_that_lies_about_its_attachment_is_one_line(report, change, says):
    edit_pdf(change)(report)
    with pytest.raises(ReportError, match=says) as caught:
        open_report(report / "audit.pdf")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", ["<svg ", "<", "<p>x</p>"])
def test_a_page_of_nothing_but_tags_costs_no_more_than_another(report, part):
    made_with_another(edit_html("<body[^>]*>", "<body>" + part * (200_000 // len(part))))(report)
    start = time.process_time()
    assert "audit.html: what it shows" in differing(verify(report / "audit.html"))
    assert time.process_time() - start < 10
