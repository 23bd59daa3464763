"""Names of tensors and files that a terminal, a page, LaTeX or a file system would take for more than a name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
from attack import GOOD, Attack

NAMES = {
    "that clears the terminal": "\x1b[2J\x1b[1;1Hall good.weight",
    "that sets the window's title": "\x1b]0;owned\x07.weight",
    "of eight-bit controls": "\x9b2J.weight",
    "of several lines": "a\nnetaudit: error: trust me\r.weight",
    "written from right to left": "\u202egood\u202c.weight",
    "that is a script": "<script>alert(1)</script>.weight",
    "that is LaTeX": "\\input{/etc/passwd}$^_%.weight",
    "that is a formula of Typst": '#read("/etc/passwd").weight',
    "that is a path": "../../../etc/cron.d/evil.weight",
    "with a null": "a\0b.weight",
    "of half a character": "\udcff\ud800.weight",
    "of 100,000 characters": "a" * 100_000 + ".weight",
    "of rich's markup": "[link=file:///etc/passwd]a[/link].weight",
}


def named(folder: Path, name: str) -> Path:
    torch.save({"good.weight": torch.from_numpy(GOOD.copy()), name: torch.ones(3, 4)}, folder / "a.pt")
    return folder / "a.pt"


def attacks() -> Iterator[Attack]:
    for what, name in NAMES.items():
        yield Attack(f"name {what}", "terminals, pages, LaTeX", partial(named, name=name))
