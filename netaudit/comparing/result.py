"""The comparison as an object: its JSON, its reports, and reading it back, strictly."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from netaudit.comparing.payload import FORMAT_VERSION, SCHEMA_ID, Compared
from netaudit.comparing.rules import CHANGED, Word
from netaudit.errors import ReportError
from netaudit.files import write_atomically
from netaudit.paper.venues import DEFAULT as DEFAULT_VENUE
from netaudit.paper.venues import venue as venue_of
from netaudit.report.folder import write_whole
from netaudit.report.renderers.table import DEFAULT_FORMATS
from netaudit.report.write import show_figures
from netaudit.results.fingerprint import FIELD, fingerprint
from netaudit.results.json_layout import json_layout
from netaudit.results.reading import is_as_written, parsed
from netaudit.text import printable

if TYPE_CHECKING:
    from netaudit.network.network import Progress
    from netaudit.report.document.model import Document

STEM = "compare"
"""What the files of a comparison are called."""
_LONGEST = 280  # characters of a reason


class Comparison(Compared, frozen=True, kw_only=True):
    """A whole comparison, with what turns it into a report; the fields are those of ``Compared``."""

    @classmethod
    def from_json(cls, source: str | Path, *, changed: bool = False) -> Comparison:
        """Read a compare.json: a path, or the text itself (a string that begins with ``{``).

        ``changed`` reads also one that was changed since it was written: its fingerprint is of another content.

        Raises:
            ReportError: not a file, not JSON, of another version or schema, or changed since it was written.
        """
        data, name = parsed(source, f"{STEM}.json")
        if not isinstance(data, dict) or data.get("$schema") != SCHEMA_ID:
            shown = printable(repr(data.get("$schema") if isinstance(data, dict) else None), 80)
            raise ReportError(f"{name}: not a {STEM}.json: $schema is {shown}, not {SCHEMA_ID!r}")
        if data.get("format_version") != FORMAT_VERSION:
            shown = printable(repr(data.get("format_version")), 40)
            raise ReportError(f"{name}: format_version {shown}, but this netaudit reads {FORMAT_VERSION}")
        fields = {key: value for key, value in data.items() if key not in ("$schema", FIELD)}
        try:
            made = msgspec.convert(fields, type=cls)
        except (ValueError, RecursionError) as error:
            raise ReportError(f"{name}: not a {STEM}.json: {printable(str(error), _LONGEST)}") from error
        if not changed and not is_as_written(data):
            raise ReportError(
                f"{name}: a word or a number was changed since it was written: the fingerprint in it is of another "
                "content",
                hint=f'compare again, or take the line with "{FIELD}" out to read the file as it is',
            )
        return made

    def __post_init__(self) -> None:
        most = len(self.sides)
        if any(pair.first >= most or pair.second >= most for pair in self.pairs):
            raise ValueError("a pair names a network that is not there")

    @property
    def words(self) -> tuple[Word, ...]:
        """The word for each of the other networks, beside the first."""
        return tuple(pair.word for pair in self.pairs)

    def raises(self, alarm: str) -> bool:
        """Whether ``--fail-on`` finds what it names: a word of a layer or network, ``changed``, or ``verdict``."""
        if alarm == "verdict":
            return any(pair.verdicts for pair in self.pairs)
        wanted = CHANGED if alarm == "changed" else (alarm,)
        told = [word for pair in self.pairs for word in (pair.word, *(layer.word for layer in pair.layers))]
        missing = any(pair.only_first or pair.only_second or pair.other_shape for pair in self.pairs)
        return any(word in wanted for word in told) or (alarm == "changed" and missing)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object, with keys in a fixed order, and the fingerprint last."""
        fields: dict[str, Any] = msgspec.to_builtins(self)
        version = fields.pop("format_version")
        made = {"$schema": SCHEMA_ID, "format_version": version} | fields
        return made | {FIELD: fingerprint(made)}

    def to_json(self, path: str | Path | None = None) -> str:
        """The comparison as JSON text (ASCII, two-space indent, one newline at the end); written to ``path`` if given.

        Raises:
            ValueError: a number is NaN or infinite.
            ReportError: the file cannot be written.
        """
        text = json_layout(self.to_dict())
        if path is not None:
            write_atomically(Path(path), text.encode("ascii"))
        return text

    def document(self, *, draw: bool = True, progress: Progress | None = None, venue: str = DEFAULT_VENUE) -> Document:
        """What every renderer lays out, with the figures drawn where they are wanted.

        ``venue`` is the one that a paper is written for.

        Raises:
            ValueError: no such venue.
        """
        from netaudit.comparing.page.build import build_document
        from netaudit.comparing.paper.bundle import bundle

        text, columns = self.to_json(), venue_of(venue)
        made = build_document(self, text, draw=draw, progress=progress)
        return replace(made, bundles={"latex": partial(bundle, self, text, columns)})

    def write(
        self, out: str | Path, formats: Collection[str] = DEFAULT_FORMATS, *, venue: str = DEFAULT_VENUE
    ) -> dict[str, Path]:
        """Write ``compare.html``, ``compare.pdf``, ``compare.json`` and ``figures/*.svg`` into the folder ``out``.

        They take the place of an earlier comparison there as a whole.

        Raises:
            ReportError: an unknown format, a PDF that cannot be made, or a file that cannot be written.
        """
        return write_whole(self.document(draw=show_figures(formats), venue=venue), Path(out), formats)
