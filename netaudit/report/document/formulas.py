"""Formulas in Typst, as the PDF sets them, and in LaTeX, for docs/method.md; the HTML takes MathML made from Typst.

``formulas.json`` holds ``{key: {typst, latex, words, displayed, mathml}}``. After a change of ``typst`` there, change
``latex`` too and run ``python -m netaudit.report.document.formulas``; tests compare.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path


@dataclass(frozen=True)
class Formula:
    """One formula in its forms."""

    typst: str
    latex: str
    """Without a dollar sign, and without a backslash before punctuation, which Markdown would take for its own."""
    words: str
    """How it is read aloud; the PDF's alternative text."""
    displayed: bool
    """On a line of its own, with large operators; otherwise within a sentence."""
    mathml: str
    """``<math>...</math>``."""

    @property
    def markup(self) -> str:
        """The formula between Typst's dollar signs; blanks inside make it a displayed one."""
        return f"$ {self.typst} $" if self.displayed else f"${self.typst}$"


@cache
def formulas(package: str = "netaudit.report.document") -> Mapping[str, Formula]:
    """The formulas of a package's ``formulas.json`` by key; those of this one are shared by all reports."""
    text = resources.files(package).joinpath("formulas.json").read_text(encoding="utf-8")
    return {key: Formula(**entry) for key, entry in json.loads(text).items()}


def to_mathml(entries: Mapping[str, Formula]) -> dict[str, str]:
    """MathML of each formula by Typst's HTML export, which Typst calls experimental: so never at run time."""
    import typst

    body = "\n".join(f'#html.elem("p")[{formula.markup}]' for formula in entries.values())
    html = typst.compile(body.encode(), format="html").decode()
    found = re.findall(r"<math.*?</math>", html, flags=re.DOTALL)
    return {key: _plain_letters(math) for key, math in zip(entries, found, strict=True)}


def _plain_letters(mathml: str) -> str:
    """Letters for the mathematical italic characters: browsers slant a lone ``<mi>`` by themselves, in any font."""

    def plain(found: re.Match[str]) -> str:
        letter = found.group()
        italic = letter == "\u210e" or "ITALIC" in unicodedata.name(letter[0])
        return unicodedata.normalize("NFKC", letter) if italic else letter

    return re.sub(r"(?<=<mi>)[^<]+(?=</mi>)", plain, mathml)


def _regenerate() -> None:
    path = Path(__file__).with_name("formulas.json")
    made = to_mathml(formulas())
    entries = {key: asdict(formula) | {"mathml": made[key]} for key, formula in formulas().items()}
    path.write_text(json.dumps(entries, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    _regenerate()
