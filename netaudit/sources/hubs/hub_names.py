"""How repositories of the Hugging Face hub are named, without loading its client."""

from __future__ import annotations

import hashlib
import re

from netaudit.errors import SourceError
from netaudit.text import printable

PREFIX = "hf"
_PART = r"[A-Za-z0-9][\w.-]{0,95}"
_NAME = re.compile(rf"{_PART}(/{_PART})?", re.ASCII)
_OWNED = re.compile(rf"{_PART}/{_PART}", re.ASCII)
_REVISION = re.compile(r"[\w.-]+(/[\w.-]+)*", re.ASCII)
_ADDRESS = re.compile(rf"https?://(www\.)?(huggingface\.co|hf\.co)/(?P<name>{_PART}/{_PART})(?P<rest>/.*)?", re.ASCII)
_LONGEST = 100
"""Characters of a folder's name, as everywhere."""
_KINDS = ("datasets", "spaces", "docs", "models", "collections", "papers", "blog")


def split(target: str) -> tuple[str, str]:
    """The name and the revision of ``owner/name@revision``; ``main`` where there is none.

    >>> split("org/net"), split("org/net@v1.0")
    (('org/net', 'main'), ('org/net', 'v1.0'))

    Raises:
        SourceError: no repository can have that name, or no revision.
    """
    name, at, revision = target.partition("@")
    if not _NAME.fullmatch(name) or ".." in name or "--" in name:
        hint = "hf:OWNER/NAME, or hf:OWNER/NAME@REVISION"
        raise SourceError(f"hf:{printable(target, 80)}: no name of a repository on the Hugging Face hub", hint=hint)
    if at and (not _REVISION.fullmatch(revision) or ".." in revision or len(revision) > 200):
        raise SourceError(
            f"hf:{printable(target, 80)}: no revision", hint="after the @ stands a branch, a tag or a commit"
        )
    return name, revision or "main"


def could_be(target: str) -> bool:
    """Whether a name without the prefix could be that of a repository: two parts, and a slash.

    >>> could_be("google/some-model"), could_be("a/b/c")
    (True, False)
    """
    return _OWNED.fullmatch(target.partition("@")[0]) is not None


def in_address(address: str) -> str | None:
    """The target for an address of the hub; None for any other address.

    >>> in_address("https://huggingface.co/org/net/tree/v1")
    'hf:org/net@v1'
    >>> in_address("https://example.org/org/net")
    """
    found = _ADDRESS.fullmatch(address.split("?")[0].split("#")[0].rstrip("/"))
    if found is None or found["name"].partition("/")[0] in _KINDS:
        return None
    at = re.match(r"/(tree|blob|resolve|raw|commit)/([\w.-]+)", found["rest"] or "", re.ASCII)
    revision = at[2] if at and at[2] != "main" else ""
    return f"{PREFIX}:{found['name']}{'@' if revision else ''}{revision}"


def report_folder(target: str) -> str:
    """What the folder of a repository's report is called, another for each repository and each revision.

    No name of the hub holds two hyphens in a row.

    >>> report_folder("org/net"), report_folder("org/net@v1"), report_folder("gpt2")
    ('org--net', 'org--net--v1', 'hf--gpt2')
    """
    name, revision = split(target)
    parts = [*(name.split("/") if "/" in name else (PREFIX, name)), *([] if revision == "main" else [revision])]
    whole = "--".join(part.replace("/", "--") for part in parts)
    return (
        whole if len(whole) <= _LONGEST else f"{whole[: _LONGEST - 9]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"
    )
