"""Fetch a weights file once, into the cache where torchvision and timm look for it.

``torch.hub.download_url_to_file`` is not enough: it has no timeout, so a network that swallows packets hangs it for
ever; it does not compare the length with what the server announced, so a cut connection leaves a short file when the
name holds no hash; and it reports progress by printing.
"""

from __future__ import annotations

import hashlib
import http.client
import threading
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from netaudit.errors import SourceError
from netaudit.files import unfinished
from netaudit.network.fingerprint import hash_in_name
from netaudit.network.network import Progress
from netaudit.text import printable

T = TypeVar("T")

TIMEOUT = 15.0
"""Seconds for the first answer, and for each pause after it: half of what a run without network may take in all."""
_PIECE = 1 << 20


def cache_folder() -> Path:
    """Where torch.hub keeps checkpoints: under TORCH_HOME, else under ~/.cache/torch."""
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints"


def fetch(url: str, folder: Path, *, progress: Progress | None = None, timeout: float = TIMEOUT) -> Path:
    """The file of a URL in ``folder``, downloaded unless it is there; a file that is there is taken as it is.

    The hash in the file's name is enforced on a download. A download that fails leaves nothing behind.

    Raises:
        SourceError: no network within ``timeout`` seconds, a cut connection, a wrong hash, or a folder not writable.
    """
    name = Path(urllib.parse.urlsplit(url).path).name
    target = folder / name
    if target.exists():
        return target
    part = folder / f"{name}.{uuid.uuid4().hex}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with unfinished(part):
            with part.open("xb") as file:
                _download(url, name, file.write, progress, timeout)
            part.replace(target)
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        reason = getattr(reason, "strerror", None) or reason  # without the errno, which says nothing to a person
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise SourceError(
            f"cannot download {name}: {printable(str(reason), 100)}", hint=missing_hints(name, folder)
        ) from error
    return target


def missing_hints(name: str, folder: Path) -> tuple[str, str]:
    """What to do without a network: where the file belongs, and the option that takes it from elsewhere."""
    return (
        f"put {name} into {folder} (the folder follows TORCH_HOME)",
        "or give a file with the same weights: --weights FILE",
    )


def _download(url: str, name: str, write: Callable[[bytes], Any], progress: Progress | None, timeout: float) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "netaudit"})
    # urlopen's timeout does not bound the look-up of the host's name.
    response = within(timeout, lambda: urllib.request.urlopen(request, timeout=timeout))
    with response:
        total = int(response.headers.get("Content-Length") or 0)
        done, digest = 0, hashlib.sha256()
        while piece := response.read(_PIECE):
            write(piece)
            digest.update(piece)
            done += len(piece)
            if progress:
                progress(f"downloading {name}", done, total)
    if total and done != total:
        raise ValueError(f"the connection was cut after {done:,} of {total:,} bytes")
    expected = hash_in_name(name)
    if expected and not digest.hexdigest().startswith(expected):
        raise ValueError(f"its SHA-256 begins {digest.hexdigest()[: len(expected)]}, not {expected} as its name says")


def within(seconds: float, call: Callable[[], T]) -> T:
    """Call in another thread, which is left behind when it takes longer.

    Raises:
        TimeoutError: no result within ``seconds``.
    """
    outcome: list[T | Exception] = []

    def run() -> None:
        try:
            outcome.append(call())
        except Exception as error:  # noqa: BLE001 - raised again by the caller
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise TimeoutError(f"no answer within {seconds:.0f} seconds")
    result = outcome[0]
    if isinstance(result, Exception):
        raise result
    return result
