from __future__ import annotations

import time
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import constants

from netaudit.errors import SourceError
from netaudit.sources.hubs import hugging_face

REPOSITORY = "someone/net"
FILES = ("model.safetensors", "pytorch_model.bin")


def test_the_second_file_is_taken_when_there_is_no_first(hub_server: Any, capfd: pytest.CaptureFixture[str]) -> None:
    hub_server.files[f"/{REPOSITORY}/resolve/main/pytorch_model.bin"] = b"w" * 1000
    seen: list[tuple[str, float, float]] = []
    path = hugging_face.fetch(REPOSITORY, FILES, progress=lambda *args: seen.append(args))
    assert path.name == "pytorch_model.bin"
    assert path.read_bytes() == b"w" * 1000
    assert seen[-1] == ("downloading pytorch_model.bin of someone/net", 1000, 1000)
    assert capfd.readouterr().err == ""

    before = len(hub_server.requests)
    assert hugging_face.fetch(REPOSITORY, FILES) == path  # from the cache
    assert len(hub_server.requests) == before


def test_a_revision_after_the_at_sign(hub_server: Any) -> None:
    hub_server.files[f"/{REPOSITORY}/resolve/v2/model.safetensors"] = b"x"
    assert hugging_face.fetch(f"{REPOSITORY}@v2", FILES).read_bytes() == b"x"


def test_neither_file_is_there(hub_server: Any) -> None:
    with pytest.raises(SourceError, match=r"cannot download model.safetensors of someone/net: .*no such file"):
        hugging_face.fetch(REPOSITORY, FILES)


def test_no_network_is_given_up_at_once(hub_server: Any) -> None:
    hub_server.stop()
    start = time.monotonic()
    with pytest.raises(SourceError, match="refused") as caught:
        hugging_face.fetch(REPOSITORY, FILES)
    assert time.monotonic() - start < 5  # the hub's own client takes 23 seconds
    assert "hf download someone/net model.safetensors" in caught.value.hints[0]
    assert "--weights FILE" in caught.value.hints[1]


def test_offline_mode_is_honoured(hub_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(SourceError, match="HF_HUB_OFFLINE"):
        hugging_face.fetch(REPOSITORY, FILES)
    assert hub_server.requests == []


def test_the_client_takes_our_bar() -> None:
    # An older client shows a bar of its own instead; this one must not.
    import inspect

    assert "tqdm_class" in inspect.signature(huggingface_hub.hf_hub_download).parameters
