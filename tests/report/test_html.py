import re
from dataclasses import replace

import pytest
from netaudit.report.bundle import prepare

from netaudit.report import render_html
from netaudit.report.renderers.html import break_name, to_html


@pytest.fixture(scope="module")
def page(typical_bundle):
    return to_html(typical_bundle)


def test_no_script_and_nothing_from_outside(page, read_page):
    tags = read_page(page).tags
    assert not {"script", "iframe", "img", "object", "link", "base", "form"} & {tag for tag, _ in tags}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    links = {value for _, attributes in tags for name, value in attributes.items() if name.endswith("href")}
    assert links
    assert all(link.startswith("#") for link in links)
    assert "@import" not in page
    assert re.findall(r"url\((?!#)", page) == []


def test_content_security_policy(page, read_page):
    [policy] = [a["content"] for tag, a in read_page(page).tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_ids_are_unique_and_every_link_has_its_target(page, read_page):
    reader = read_page(page)
    ids = reader.ids()
    assert len(ids) == len(set(ids))
    targets = {value[1:] for _, a in reader.tags for name, value in a.items() if name.endswith("href")}
    targets |= set(re.findall(r"url\(#([^)]+)\)", page))
    targets |= {a["aria-labelledby"] for _, a in reader.tags if "aria-labelledby" in a}
    assert targets <= set(ids)


def test_every_figure_has_a_text_alternative(page):
    figures = page.count("<figure>")
    assert figures == 12  # two layers with four, one with two, the stack and its hidden units
    assert len(re.findall(r'<svg role="img" aria-labelledby="[\w-]+"', page)) == figures
    assert len(re.findall(r"<title id=\"[\w-]+\">[^<]{80,}</title>", page)) == figures


def test_tables_scroll_and_have_headers(page, read_page):
    reader = read_page(page)
    assert page.count("<table>") == page.count('<div class="table')
    assert all(a.get("scope") in {"row", "col"} for tag, a in reader.tags if tag == "th")
    of_spikes = page[page.index(">Spike</th>") :]
    assert of_spikes.split("<tbody>")[1].startswith('\n<tr><th scope="row" class="number">1</th>')


def test_hostile_names_stay_text(hostile_bundle, read_page):
    page = to_html(hostile_bundle)
    reader = read_page(page)
    assert "script" not in {tag for tag, _ in reader.tags}
    assert "<script>alert(1)</script>.weight" in {text for _, text in reader.texts}
    assert "&amp;\"'{{ 7*7 }}{% raw %}" in {text for _, text in reader.texts}
    assert not [c for c in page if c in "\u202e\u202c\x1b\x00"]
    assert "\\u202eevil\\u202c\\x1b[31m\\x00\\n" in page
    assert "\\ud800lone" in page
    page.encode("utf-8")


def test_warns_of_a_wrong_hash_first(build, page):
    good = build([])
    wrong = to_html(prepare(replace(good, provenance=replace(good.provenance, hash_matches_name=False))))
    warning = "does not begin with the hash in its name"
    assert warning not in page
    assert wrong.index(warning) < wrong.index("There is no fully connected layer")


def test_break_name_escapes_and_copies_clean():
    marked = break_name("a.b_<c>")
    assert marked == "a.<wbr>b_<wbr>&lt;c&gt;"
    assert break_name("") == ""


def test_same_report_same_page_and_it_is_written(typical, page, tmp_path):
    assert render_html(typical, tmp_path / "page.html") == page
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page
