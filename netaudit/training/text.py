"""Texts with labels, to train recurrent networks on: a table, or the folder of the IMDB reviews, as numbers of words.

The data are the user's own: nothing is downloaded here.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from netaudit.errors import SourceError
from netaudit.files import require_regular
from netaudit.text import printable
from netaudit.training.data import DataSet, Images

TABLE, FOLDER = "reviews.csv", "aclImdb"
WORDS = 5000
"""Numbers of words, with the two below: the most frequent words. The embedding has so many rows."""
PADDING, UNKNOWN = 0, 1
HELD_OUT = 5
"""One text in so many is tested on."""
LARGEST_TABLE = 2**30
"""Bytes of a table at most: that of all 50,000 IMDB reviews has 66 million."""
LARGEST_TEXT = 1_000_000
"""Characters of one text at most: the longest of the IMDB reviews has 13,704."""
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_BREAK = re.compile(r"<br\s*/?>")

Source = Literal["imdb", "sentences"]
_SOURCES: Mapping[Source, tuple[str, str, int]] = {
    "imdb": ("imdb", "IMDB film reviews (Maas et al. 2011)", 100),
    "sentences": ("rotten_tomatoes", "sentences of Rotten Tomatoes (Pang and Lee 2005)", 50),
}
"""What the column ``source`` of a table calls them, where it has one; their title; and how many words of a text are
read, its last ones. A review ends in its verdict, and half of them have more than 180 words; a sentence has 19."""

Labelled = Sequence[tuple[str, int]]


@dataclass(frozen=True)
class TextSet(DataSet):
    """Texts as numbers of words, ``x [N, length]`` float32, padded with 0 at the end."""

    words: tuple[str, ...] = ()
    """The word of each number; those of padding and of unknown words are none."""


def load_texts(source: Source, root: Path) -> TextSet:
    """Read ``reviews.csv`` or ``aclImdb`` from a folder; or name the table or ``aclImdb`` itself.

    A table has columns ``text`` and ``label`` (0 or 1), and of one with a column ``source`` the rows of this source are
    taken. Of ``aclImdb`` the half ``train`` is read.

    Which texts are tested on follows from the SHA-256 of each: it does not depend on their order, and two equal texts
    are on one side.

    Raises:
        SourceError: there are none, or the table is damaged.
    """
    name, title, length = _SOURCES[source]
    found = list(_read(name, root))
    parts = {held: [row for row in found if _held_out(row[0]) is held] for held in (False, True)}
    for held, rows in parts.items():
        if {label for _, label in rows} != {0, 1}:
            part = "test" if held else "training"
            raise SourceError(f"{printable(str(root))}: the {part} texts are not of both labels", hint=_hint(name))
    words = vocabulary(text for text, _ in parts[False])
    train, test = (_numbered(parts[held], words, length) for held in (False, True))
    description = (
        f"{title}: {len(train.y):,} training texts, {len(test.y):,} test texts, the last {length} words of each, "
        f"{len(words) - 2:,} words known"
    )
    return TextSet(train, test, description, words)


def split_words(text: str) -> list[str]:
    """The words of a text in lower case, without line breaks in HTML and punctuation.

    >>> split_words("It's <br />NOT a 10-out-of-10 film.")
    ["it's", 'not', 'a', '10', 'out', 'of', '10', 'film']
    """
    return _WORD.findall(_BREAK.sub(" ", text.lower()))


def vocabulary(texts: Iterable[str], size: int = WORDS) -> tuple[str, ...]:
    """The most frequent words behind two empty ones, ``size`` in all; equally frequent ones by the alphabet.

    >>> vocabulary(["a film", "a good film"], 4)
    ('', '', 'a', 'film')
    """
    counts = Counter(word for text in texts for word in split_words(text))
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return ("", "", *ranked[: size - 2])


def numbered(texts: Iterable[str], words: Sequence[str], length: int) -> Tensor:
    """The numbers of the last words of each text, ``[N, length]`` float32, 0 behind the end."""
    places = {word: place for place, word in enumerate(words) if word}
    rows = []
    for text in texts:
        found = [places.get(word, UNKNOWN) for word in split_words(text)[-length:]]
        rows.append(found + [PADDING] * (length - len(found)))
    return torch.tensor(rows, dtype=torch.float32)


def _numbered(rows: Labelled, words: Sequence[str], length: int) -> Images:
    return Images(numbered((text for text, _ in rows), words, length), torch.tensor([label for _, label in rows]))


def _held_out(text: str) -> bool:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % HELD_OUT == 0


def _read(name: str, root: Path) -> Iterator[tuple[str, int]]:
    """The texts of a source with a word in them at least."""
    table = root if root.suffix.lower() == ".csv" else root / TABLE
    folder = root if root.name == FOLDER else root / FOLDER
    if table.exists():
        found = _of_table(table, name)
    elif name == "imdb" and (folder / "train").is_dir():
        found = _of_folder(folder / "train")
    else:
        raise SourceError(f"{printable(str(root))} has neither {TABLE} nor {FOLDER}/train", hint=_hint(name))
    return ((text, label) for text, label in found if _WORD.search(text))


def _of_table(path: Path, source: str) -> Iterator[tuple[str, int]]:
    shown = printable(path.name)
    require_regular(path)
    if path.stat().st_size > LARGEST_TABLE:
        raise SourceError(f"{shown}: a table of texts may have {LARGEST_TABLE:,} bytes, not {path.stat().st_size:,}")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if not {"text", "label"} <= set(rows.fieldnames or ()):
                raise SourceError(f"{shown}: it must have columns text and label", hint=_hint(source))
            for place, row in enumerate(rows, 2):
                if row.get("source", source) != source:
                    continue
                if row["text"] is None or row["label"] not in ("0", "1"):
                    label = printable(str(row["label"]), 20)
                    raise SourceError(f"{shown}: row {place} must have a text and the label 0 or 1, not {label!r}")
                yield row["text"], int(row["label"])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{shown}: a damaged table: {printable(str(error), 80)}") from error


def _of_folder(folder: Path) -> Iterator[tuple[str, int]]:
    for label, name in enumerate(("neg", "pos")):
        for path in sorted((folder / name).glob("*.txt")):
            require_regular(path)
            try:
                with path.open(encoding="utf-8") as file:
                    yield file.read(LARGEST_TEXT), label
            except (OSError, UnicodeDecodeError) as error:
                raise SourceError(f"{printable(path.name)} cannot be read: {printable(str(error), 80)}") from error


def _hint(source: str) -> str:
    if source == "imdb":
        return f"--data-root DIR with DIR/{FOLDER}, unpacked, or a table text,label: DIR/{TABLE}, or the file itself"
    return f"--data-root DIR with DIR/{TABLE}: columns text and label, and a column source that says {source}"
