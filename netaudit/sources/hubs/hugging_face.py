"""Fetch a file from the Hugging Face hub into its own cache, bounded in time and without its progress bar."""

from __future__ import annotations

import inspect
import urllib.error
import urllib.request
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import huggingface_hub
from huggingface_hub import constants
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError
from tqdm.std import tqdm  # type: ignore[import-untyped, unused-ignore]

from netaudit.errors import SourceError
from netaudit.network.network import Progress
from netaudit.sources.hubs.download import TIMEOUT, within
from netaudit.text import printable


def fetch(hub_id: str, wanted: Sequence[str], *, progress: Progress | None = None, timeout: float = TIMEOUT) -> Path:
    """The first of the files that the repository ``name`` or ``name@revision`` has, from the hub's cache or the hub.

    Raises:
        SourceError: in neither, or no answer within ``timeout`` seconds.
    """
    repository, _, revision = hub_id.partition("@")
    for name in wanted:
        cached = huggingface_hub.try_to_load_from_cache(repository, name, revision=revision or None)
        if isinstance(cached, str):
            return Path(cached)
    if constants.HF_HUB_OFFLINE:
        raise _missing(hub_id, wanted[0], "the hub is switched off by HF_HUB_OFFLINE")
    try:
        there = list(islice((name for name in wanted if _is_there(repository, name, revision, timeout)), 1))
        if not there:
            raise _missing(hub_id, wanted[0], "the repository has no such file")
        options: dict[str, Any] = {"revision": revision or None, "etag_timeout": timeout}
        if "tqdm_class" in inspect.signature(huggingface_hub.hf_hub_download).parameters:  # since 1.1
            options["tqdm_class"] = progress_bar(f"downloading {there[0]} of {repository}", progress)
        return Path(huggingface_hub.hf_hub_download(repository, there[0], **options))
    except (OSError, HfHubHTTPError, EntryNotFoundError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise _missing(hub_id, wanted[0], printable(str(reason).partition("\n")[0], 100)) from error


def _is_there(repository: str, name: str, revision: str, timeout: float) -> bool:
    """Ask once, with a time limit: the hub's own client asks six times with growing pauses, 23 seconds a file."""
    url = huggingface_hub.hf_hub_url(repository, name, revision=revision or None)
    request = urllib.request.Request(url, method="HEAD", headers={"User-Agent": "netaudit"})
    try:
        within(timeout, lambda: urllib.request.urlopen(request, timeout=timeout)).close()
    except urllib.error.HTTPError as error:
        error.close()
        return error.code != 404  # anything else (a private repository) is for the hub's client, which has the token
    return True


def _missing(hub_id: str, name: str, reason: str) -> SourceError:
    return SourceError(
        f"cannot download {name} of {hub_id}: {reason}",
        hint=(
            f"run `hf download {hub_id} {name}` where there is a network; copy the cache to {constants.HF_HUB_CACHE}",
            "or give a file with the same weights: --weights FILE",
        ),
    )


def progress_bar(message: str, progress: Progress | None) -> type[tqdm]:
    """A progress bar for the hub's client that draws nothing and calls ``progress``."""

    class Bar(tqdm):  # type: ignore[type-arg, misc, unused-ignore]
        def __init__(self, *_args: Any, **options: Any) -> None:
            super().__init__(disable=True)
            self.done = options.get("initial") or 0
            self.total = options.get("total") or 0

        def update(self, n: float | None = 1) -> None:
            self.done += n or 0
            if progress:
                progress(message, self.done, self.total)

    return Bar
