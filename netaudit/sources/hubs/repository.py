"""A repository of the Hugging Face hub as a target: ``hf:owner/name`` or ``hf:owner/name@revision``.

Only weights, their index and two JSON files are fetched, into the hub's own cache: never code. Which file stands for
the repository is what it would be in a folder, see :mod:`netaudit.formats.folder`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import huggingface_hub
from huggingface_hub import constants, errors

from netaudit.errors import NetauditError, SourceError
from netaudit.files import is_a
from netaudit.formats import folder
from netaudit.formats.json_object import json_object
from netaudit.formats.subfolders import weights_among
from netaudit.network.network import Progress
from netaudit.sources.hubs.download import TIMEOUT, within
from netaudit.sources.hubs.hub_names import split
from netaudit.sources.hubs.hugging_face import progress_bar
from netaudit.text import names, printable

CONFIGURATIONS = ("config.json", "adapter_config.json")
"""What is fetched beside the weights; see :mod:`netaudit.composed.table`."""
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LARGEST_INDEX = 64 * 2**20
"""Bytes of an index of shards; the largest models have some 10 MB."""


@dataclass(frozen=True)
class Fetched:
    """What stands for a repository on this machine."""

    path: Path
    """The weights file, or the index of its shards, in a snapshot of the hub's cache."""
    name: str
    """``owner/name``."""
    note: str = ""
    """What a reader of the report must know of the choice, in whole sentences."""


def fetch(target: str, *, progress: Progress | None = None, timeout: float = TIMEOUT) -> Fetched:
    """The weights of a repository, from the hub's cache where they are there already.

    A branch or tag is asked for; a snapshot in the cache stands for it where the hub is switched off by HF_HUB_OFFLINE
    or cannot be reached. A whole commit hash in the cache needs no network.

    Args:
        target: ``owner/name`` or ``owner/name@revision``.
        progress: told how far a download is.
        timeout: seconds that the hub may take for an answer.

    Raises:
        SourceError: no such repository or revision, no access, no network, or not one weights file.
    """
    name, revision = split(target)
    cached = _cached(name, revision)
    if cached is not None and (constants.HF_HUB_OFFLINE or _COMMIT.fullmatch(revision)):
        return cached
    if constants.HF_HUB_OFFLINE:
        raise SourceError(
            f"hf:{target}: not in the hub's cache, and the hub is switched off by HF_HUB_OFFLINE", hint=_by_hand(target)
        )
    try:
        api = huggingface_hub.HfApi(endpoint=constants.ENDPOINT)
        info = within(timeout, lambda: api.model_info(name, revision=revision, timeout=timeout))
    except Exception as error:  # noqa: BLE001 - the hub's client lets through what its HTTP library raises
        if cached is not None and not 400 <= _status(error) < 500:
            note = f"The hub could not be reached, so that the copy of {name} in its cache was taken."
            return Fetched(cached.path, name, f"{note} {cached.note}".strip())
        _explain(target, error)
    there = [sibling.rfilename for sibling in info.siblings or () if folder.BARE.fullmatch(sibling.rfilename)]
    chosen = _chosen(target, there)

    def get(file: str, of: str) -> Path:
        bar = progress_bar(f"downloading {printable(file, 60)} of {name}", progress)
        try:
            got = huggingface_hub.hf_hub_download(name, file, revision=of, etag_timeout=timeout, tqdm_class=bar)
        except Exception as error:  # noqa: BLE001 - as above
            _explain(target, error)
        return Path(got)

    path = get(chosen, revision)
    commit = folder.revision(path) or revision
    for file in (*_shards(path, there), *(each for each in CONFIGURATIONS if each in there)):
        get(file, commit)
    return Fetched(path, name, _note(name, chosen, there))


def _cached(name: str, revision: str) -> Fetched | None:
    """What the cache has of a revision; None where it has no weights of it, or not all."""
    place = Path(constants.HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"
    try:
        snapshot = folder.snapshot(place, revision)
        path = None if snapshot is None else folder.weights_in(snapshot)
        if path is None or snapshot is None or not is_a(Path.is_file, path):
            return None
        there = sorted(each.name for each in snapshot.iterdir())
        shards = _shards(path)
    except (NetauditError, OSError):
        return None
    whole = all(is_a(Path.is_file, snapshot / shard) for shard in shards)
    return Fetched(path, name, _note(name, path.name, there)) if whole else None


def _chosen(target: str, there: list[str]) -> str:
    """The file that stands for the repository.

    Raises:
        SourceError: there is none, or several could.
    """
    found = folder.candidates(there)
    if len(found) == 1:
        return found[0]
    shown = f"hf:{target}"
    if found:
        hint = f"one of {names(found, 5)}: `hf download {split(target)[0]} FILE`, then name the file that it says"
        raise SourceError(
            f"{shown}: a repository with {len(found)} weights files, any of which could be meant", hint=hint
        )
    raise SourceError(f"{shown}: a repository without a weights file of a known name", hint=_others(there))


def _others(there: list[str]) -> str:
    held = weights_among(there)
    return f"it holds {names(held, 5)}" if held else "netaudit reads weights at the top of a repository"


def _shards(path: Path, there: list[str] | None = None) -> list[str]:
    """The shards that an index names, each the bare name of a file ``there``; none for a file that is no index.

    Raises:
        SourceError: the index is damaged.
    """
    if not path.name.endswith(".index.json"):
        return []
    try:
        with path.open("rb") as file:
            table = json_object(file.read(_LARGEST_INDEX), path.name).get("weight_map")
    except (OSError, ValueError) as error:
        raise SourceError(f"{printable(path.name)}: a damaged index of shards") from error
    shards = sorted({shard for shard in table.values() if isinstance(shard, str)} if isinstance(table, dict) else ())
    return [shard for shard in shards if folder.BARE.fullmatch(shard) and (there is None or shard in there)]


def _note(name: str, chosen: str, there: list[str]) -> str:
    """Which file was taken, where there are others."""
    others = [file for file in weights_among(there) if file != chosen]
    if chosen.endswith(".index.json"):
        stem = chosen.removesuffix(".index.json").rpartition(".")[0]
        others = [file for file in others if not re.fullmatch(rf"{re.escape(stem)}-\d+-of-\d+\.\w+", file)]
    return f"Of {name}, {printable(chosen, 80)} was taken, and not {names(others, 5)}." if others else ""


def _status(error: Exception) -> int:
    """What the hub answered, as HTTP numbers it; 0 where it did not answer."""
    return int(getattr(getattr(error, "response", None), "status_code", 0))


def _explain(target: str, error: Exception) -> NoReturn:
    """One line for what the hub's client raised, with what to do next.

    Raises:
        SourceError: always.
    """
    if isinstance(error, NetauditError):
        raise error
    name, revision = split(target)
    shown = f"hf:{target}"
    if isinstance(error, errors.GatedRepoError):
        what = "a gated repository, and this login has no access to it"
        hint = f"ask for access at {constants.ENDPOINT}/{name}, then `hf auth login`"
    elif isinstance(error, errors.RepositoryNotFoundError) or _status(error) == 401:
        what, hint = "no such repository, or a private one", "for a private one run `hf auth login` first"
    elif isinstance(error, errors.RevisionNotFoundError):
        what = f"the repository has no revision {printable(revision, 80)}"
        hint = f"a branch, a tag or a whole commit hash; hf:{name} takes the branch main"
    else:
        text = re.sub(r"^\[Errno -?\d+\] ", "", str(error).partition("\n")[0])  # which says nothing to a person
        reason = getattr(error, "strerror", None) or text or type(error).__name__
        what, hint = f"cannot be fetched: {printable(reason, 100)}", _by_hand(target)
    raise SourceError(f"{shown}: {what}", hint=hint) from error


def _by_hand(target: str) -> str:
    name, revision = split(target)
    of = "" if revision == "main" else f" --revision {revision}"
    return f"run `hf download {name}{of}` where there is a network; copy the cache to {constants.HF_HUB_CACHE}"
