"""Read a PDF and a page back: their text, without blanks, and the page's tags."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import pikepdf


def text_of_pdf(data: bytes, artifacts: bool = True) -> str:
    """The text of a PDF in reading order, without blanks: glyphs through each font's ToUnicode map, or ActualText.

    Without ``artifacts``, footers and repeated headers are left out: they stand within a sentence over two pages.
    """
    found: list[str] = []
    with pikepdf.open(BytesIO(data)) as pdf:
        for page in pdf.pages:
            fonts = {name: _unicode_map(font) for name, font in page.Resources.Font.items()}
            letters: dict[int, str] = {}
            hidden: list[bool] = []  # inside ActualText, which stands for the glyphs, or an artifact left out
            for operands, operator in pikepdf.parse_content_stream(page):
                match str(operator):
                    case "BDC" | "BMC":
                        properties = operands[1] if len(operands) > 1 else None
                        actual = isinstance(properties, pikepdf.Dictionary) and "/ActualText" in properties
                        if actual and not any(hidden):  # a footer may hold one, within a sentence over two pages
                            found.append(str(properties["/ActualText"]))
                        hidden.append(actual or (not artifacts and str(operands[0]) == "/Artifact"))
                    case "EMC":
                        hidden.pop()
                    case "Tf":
                        letters = fonts[str(operands[0])]
                    case "Tj" | "TJ" if not any(hidden):
                        parts = [operands[0]] if str(operator) == "Tj" else operands[0]
                        codes = b"".join(bytes(part) for part in parts if isinstance(part, pikepdf.String))
                        found += [letters[int.from_bytes(codes[i : i + 2])] for i in range(0, len(codes), 2)]
    return squashed("".join(found))


def _unicode_map(font: Any) -> dict[int, str]:
    pairs = re.findall(r"<([0-9A-F]{4})>\s*<([0-9A-F]+)>", font.ToUnicode.read_bytes().decode("latin-1"))
    return {int(code, 16): bytes.fromhex(letters).decode("utf-16-be") for code, letters in pairs}


def squashed(text: str) -> str:
    """Without blanks and zero-width spaces, which only say where a line may break."""
    return re.sub(r"[\s\u200b]+", "", text)


class PageReader(HTMLParser):
    """Text of every cell, caption and heading of a page; ids; tags; attributes."""

    KEPT = ("td", "th", "caption", "figcaption", "li", "h1", "h2", "h3")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[tuple[str, str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self._within: list[list[str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)
        if tag in self.KEPT:
            self._within.append([])

    def handle_data(self, data: str) -> None:
        if self._within and "math" not in self._open:
            self._within[-1].append(data)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass
        if tag in self.KEPT:
            self.texts.append((tag, "".join(self._within.pop())))

    def ids(self) -> list[str]:
        return [attributes["id"] or "" for _, attributes in self.tags if "id" in attributes]


def without_drawings(page):
    """The HTML without its SVG paths and its packed JSON, which move with the versions of what draws and packs them.

    The words and numbers, the titles of the figures among them, do not.
    """
    page = re.sub(r'<meta name="generator".*?>|href="data:.*?"', "", page)
    return re.sub(
        r"<svg.*?</svg>", lambda svg: "".join(re.findall(r"<title.*?</title>", svg[0])), page, flags=re.DOTALL
    )
