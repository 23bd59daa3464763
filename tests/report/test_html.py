import re

import pytest

from netaudit.report.renderers.html import break_name, carried, to_html


@pytest.fixture(scope="module")
def page(typical):
    return to_html(typical)


def test_no_script_and_nothing_from_outside(page, read_page):
    tags = read_page(page).tags
    assert not {"script", "iframe", "img", "object", "link", "base", "form"} & {tag for tag, _ in tags}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    links = {value for _, attributes in tags for name, value in attributes.items() if name.endswith("href")}
    assert links
    assert [link for link in links if not link.startswith("#")] == [carried('{"a": 1}\n')]
    assert "@import" not in page
    assert re.findall(r"url\((?!#)", page) == []


def test_content_security_policy(page, read_page):
    [policy] = [a["content"] for tag, a in read_page(page).tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_ids_are_unique_and_every_link_has_its_target(page, read_page):
    reader = read_page(page)
    ids = reader.ids()
    assert len(ids) == len(set(ids))
    links = {value for _, a in reader.tags for name, value in a.items() if name.endswith("href")}
    targets = {link[1:] for link in links if link.startswith("#")}
    targets |= set(re.findall(r"url\(#([^)]+)\)", page))
    targets |= {a["aria-labelledby"] for _, a in reader.tags if "aria-labelledby" in a}
    assert targets <= set(ids)
    assert {"summary", "part"} <= targets


def test_every_figure_has_a_text_alternative(page):
    figures = page.count("<figure>")
    assert figures == 3
    assert len(re.findall(r'<svg role="img" aria-labelledby="[\w-]+"', page)) == figures
    assert len(re.findall(r"<title id=\"[\w-]+\">[^<]{80,}</title>", page)) == figures


def test_a_letter_is_outlined_once_for_all_figures(page, typical):
    outline = re.compile(r'<path (?:id="[^"]*" )?(d="[^"]*") transform="scale\(0\.015625\)"')
    found = outline.findall(page)
    assert len(found) == len(set(found)) > 10
    assert set(found) == {each for svg in typical.figures.values() for each in outline.findall(svg)}


def test_tables_scroll_and_have_headers(page, read_page):
    reader = read_page(page)
    assert page.count("<table>") == page.count('<div class="table')
    assert all(a.get("scope") in {"row", "col"} for tag, a in reader.tags if tag == "th")
    numbers = page[page.index(">Square</th>") :]
    assert numbers.split("<tbody>")[1].startswith('\n<tr><th scope="row" class="number">0</th>')


def test_every_kind_of_block_is_there(page, read_page):
    texts = read_page(page).texts
    for text in (
        ("h1", "A document about fc.1"),
        ("h2", "1 Summary"),
        ("h3", "2.1 Part fc.1"),
        ("h3", "References"),
        ("caption", "Table 1. Verdicts."),
        ("figcaption", "Figure 3. Steps of fc.1."),
        ("td", "▲ undecided"),
        ("li", "nothing else"),
    ):
        assert text in texts
    assert '<p class="warning"><strong>Check the file. </strong>It may not be fc.1.</p>' in page
    assert 'see <a href="#part">section 2.1</a>' in page
    assert '<span class="holds">● holds</span>' in page
    assert page.count('<div class="pair">') == 2
    assert '<div class="equation" tabindex="0"><math' in page
    assert "29</th>" in page  # the whole table, whatever goes on paper
    assert "The first 5 of 30" not in page
    assert "<footer>\n<p>netaudit 0.1.0 · audit.json 0123456789ab</p>" in page


def test_hostile_names_stay_text(hostile, read_page):
    page = to_html(hostile)
    reader = read_page(page)
    assert "script" not in {tag for tag, _ in reader.tags}
    texts = {text for _, text in reader.texts}
    assert "<script>alert(1)</script>.weight" in texts
    assert "&amp;\"'{{ 7*7 }}{% raw %}" in texts
    assert "a note on &amp;\"'{{ 7*7 }}{% raw %}" in texts
    assert not [c for c in page if c in "\u202e\u202c\x1b\x00"]
    assert "\\u202eevil\\u202c\\x1b[31m\\x00\\n" in page
    assert "\\ud800lone" in page
    page.encode("utf-8")


def test_break_name_escapes_and_copies_clean():
    assert break_name("a.b_<c>") == "a.<wbr>b_<wbr>&lt;c&gt;"
    assert break_name("") == ""


def test_same_document_same_page(typical, page):
    assert to_html(typical) == page
