"""References as BibTeX entries, with keys that follow from the references: ``lilliefors1967``.

The method holds each reference once, as a line that a person reads: authors, year, title, where. It is taken apart
here. A line of a third party that has another form becomes an entry whose note is the whole line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from netaudit.report.latex.escape import escaped

_LINE = re.compile(r"(?P<authors>[^()]+) \((?P<year>\d{4})\)\. (?P<title>.+?[.?!]) (?P<rest>.+)")
_ARXIV = re.compile(r"(?:^|[.,] )arXiv:(?P<eprint>[\w./-]+?)\.?$")
_JOURNAL = re.compile(r"(?P<journal>.+?) (?P<volume>\d+)(?: ?\((?P<number>\d+)\))?, (?P<pages>\d+(?:–\d+)?)")


@dataclass(frozen=True)
class Entry:
    """One entry of a .bib file."""

    key: str
    kind: str
    """As in ``@article``."""
    fields: Mapping[str, str]
    """LaTeX by the name of the field."""

    def text(self) -> str:
        """The entry as BibTeX."""
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in self.fields.items())
        return f"@{self.kind}{{{self.key},\n{lines}}}\n"


def base_key(reference: str) -> str:
    """The family name of the first author and the year, in plain letters.

    >>> base_key("F. Benaych-Georges and R. R. Nadakuditi (2012). The singular values. Journal 1, 1–2.")
    'benaychgeorges2012'
    """
    found = _LINE.fullmatch(reference)
    authors = re.split(r", | and ", found["authors"] if found else reference)[0].split()
    family = [word for word in authors if not word.endswith(".")] or ["reference"]
    plain = unicodedata.normalize("NFKD", "".join(family)).encode("ascii", "ignore").decode()
    letters = re.sub(r"[^a-z]", "", plain.lower())[:30] or "reference"
    return letters + (found["year"] if found else "")


def keys(references: Iterable[str]) -> dict[str, str]:
    """A key for each reference; those that would share one get ``a``, ``b``, ... in alphabetical order."""
    by_base: dict[str, list[str]] = {}
    for reference in sorted(set(references)):
        by_base.setdefault(base_key(reference), []).append(reference)
    made = {lines[0]: base for base, lines in by_base.items() if len(lines) == 1}
    for base, lines in by_base.items():
        if len(lines) > 1:
            made |= {line: f"{base}{_suffix(place)}" for place, line in enumerate(lines)}
    return made


def entries(references: Iterable[str]) -> list[Entry]:
    """An entry for each reference, sorted by key."""
    return sorted((entry(key, line) for line, key in keys(references).items()), key=lambda each: each.key)


def entry(key: str, reference: str) -> Entry:
    """Take one reference apart."""
    found = _LINE.fullmatch(reference)
    if found is None:
        return Entry(key, "misc", {"note": escaped(reference)})
    authors = " and ".join(escaped(name) for name in re.split(r", | and ", found["authors"]))
    fields = {"author": authors, "title": f"{{{escaped(found['title'].rstrip('.'))}}}", "year": found["year"]}
    rest = found["rest"].removesuffix(".")
    arxiv = _ARXIV.search(rest)
    if arxiv:
        rest = rest[: arxiv.start()]
    journal = _JOURNAL.fullmatch(rest)
    if journal:
        fields |= {name: escaped(value) for name, value in journal.groupdict().items() if value}
        kind = "article"
    elif not rest:
        kind = "misc"
    elif arxiv:
        kind, fields["booktitle"] = "inproceedings", escaped(rest)
    else:
        kind, fields["publisher"] = "book", escaped(rest)
    if arxiv:  # the styles that come with LaTeX print a note and no eprint
        fields |= {"eprint": arxiv["eprint"], "archivePrefix": "arXiv", "note": f"arXiv:{escaped(arxiv['eprint'])}"}
    return Entry(key, kind, fields)


def resolve(cited: Sequence[str], references: Iterable[str], made: Mapping[str, str]) -> list[str]:
    """The keys that an analysis means by ``cited``: among its own references first; others stay as they are."""
    own = {base_key(reference): made[reference] for reference in references if reference in made}
    return [own.get(key, key) for key in cited]


def _suffix(place: int) -> str:
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters
