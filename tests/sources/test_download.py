from __future__ import annotations

import hashlib
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from netaudit.errors import SourceError
from netaudit.sources.hubs.download import cache_folder, fetch, within

DATA = os.urandom(3_000_000)
DIGEST = hashlib.sha256(DATA).hexdigest()
NAME = f"net-{DIGEST[:8]}.pth"


def test_a_download_reports_progress_and_stays(server: Any, tmp_path: Path) -> None:
    server.files[f"/{NAME}"] = DATA
    seen: list[tuple[str, float, float]] = []
    path = fetch(f"{server.url}/{NAME}", tmp_path / "cache", progress=lambda *args: seen.append(args))
    assert path.read_bytes() == DATA
    assert [p.name for p in path.parent.iterdir()] == [NAME]
    assert len(seen) >= 3
    assert seen[0][0] == f"downloading {NAME}"
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert seen[-1][1:] == (len(DATA), len(DATA))

    server.stop()  # offline: from the cache
    assert fetch(f"{server.url}/{NAME}", tmp_path / "cache") == path
    assert server.requests == [f"GET /{NAME}"]


def test_a_wrong_hash_is_refused(server: Any, tmp_path: Path) -> None:
    server.files["/net-00000000.pth"] = DATA
    with pytest.raises(SourceError, match=f"its SHA-256 begins {DIGEST[:8]}, not 00000000"):
        fetch(f"{server.url}/net-00000000.pth", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cut_connection_leaves_nothing(server: Any, tmp_path: Path) -> None:
    server.files["/plain.pth"] = DATA  # no hash in the name: only the length can tell
    server.cut.add("/plain.pth")
    with pytest.raises(SourceError, match=r"cut after 3,000,000 of 3,000,100 bytes"):
        fetch(f"{server.url}/plain.pth", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_taken_as_it_is(server: Any, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"something else")
    assert fetch(f"{server.url}/{NAME}", tmp_path).read_bytes() == b"something else"
    assert server.requests == []


def test_no_network_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.monotonic()
    with pytest.raises(SourceError, match=f"cannot download {NAME}: .*refused") as caught:
        fetch(f"http://127.0.0.1:{port}/{NAME}", tmp_path)
    assert time.monotonic() - start < 5
    assert caught.value.exit_code == 2
    assert f"put {NAME} into {tmp_path}" in caught.value.hints[0]
    assert "TORCH_HOME" in caught.value.hints[0]
    assert "--weights FILE" in caught.value.hints[1]
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_never_answers_is_given_up(server: Any, tmp_path: Path) -> None:
    server.silent.add("/slow.pth")
    start = time.monotonic()
    with pytest.raises(SourceError, match=r"cannot download slow.pth: (no answer within|timed out)"):
        fetch(f"{server.url}/slow.pth", tmp_path, timeout=0.3)
    assert time.monotonic() - start < 2


def test_a_missing_page_is_an_error(server: Any, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Not Found"):
        fetch(f"{server.url}/absent.pth", tmp_path)


def test_a_folder_that_cannot_be_made(server: Any, tmp_path: Path) -> None:
    server.files[f"/{NAME}"] = DATA
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="cannot download"):
        fetch(f"{server.url}/{NAME}", tmp_path / "file" / "cache")


def test_the_cache_follows_torch_home(cache: Path) -> None:
    assert cache_folder() == cache


def test_within_hands_on_results_and_errors() -> None:
    assert within(5, lambda: 7) == 7
    with pytest.raises(KeyError, match="gone"):
        within(5, lambda: {}["gone"])
    with pytest.raises(TimeoutError, match="no answer within 0 seconds"):
        within(0.05, lambda: time.sleep(1))
