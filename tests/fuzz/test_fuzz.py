"""200 damaged files of each format: each is read as the other library reads it, or refused in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.table import TABLE, Fuzzed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is measured and limited as Linux has it")
CASES = 200
TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results, in a folder. The program runs in a process without threads, since it forks."""
    out = tmp_path_factory.mktemp("fuzz")
    path = os.pathsep.join([str(TESTS), str(TESTS.parent), *sys.path])
    command = [sys.executable, "-m", "fuzz", "--cases", str(CASES), "--seed", "1", "--out", str(out)]
    subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}, check=False, capture_output=True
    )
    return out


@pytest.mark.parametrize("name", [fuzzed.name for fuzzed in TABLE])
def test_damaged_files_are_read_rightly_or_refused(name: str, results: Path) -> None:
    result = json.loads((results / f"{name}.json").read_text())
    assert result["faults"] == {}, f"the files lie in {results}"
    assert sum(result["outcomes"].values()) == CASES
    assert result["outcomes"]["read"] > 0
    assert result["outcomes"]["refused"] > 0


@pytest.mark.parametrize("fuzzed", [fuzzed for fuzzed in TABLE if fuzzed.drawn], ids=lambda fuzzed: fuzzed.name)
def test_of_some_damaged_files_the_figures_are_drawn(fuzzed: Fuzzed, results: Path) -> None:
    result = json.loads((results / f"{fuzzed.name}.json").read_text())
    assert result["drawn"] >= CASES // 40
    assert result["figures"] >= 5 * result["drawn"]


def test_every_format_that_is_read_is_damaged() -> None:
    from netaudit.formats.table import READ

    of_formats = {
        "shards": ("shards",), "safetensors": ("safetensors",), "gguf_file": ("gguf",), "flax_msgpack": ("flax",),
        "pytorch": ("torch_zip", "torch_legacy", "torchscript", "plain_pickle"), "numpy_arrays": ("npz", "npy"),
        "onnx_model": ("onnx", "onnx_external"), "keras_hdf5": ("hdf5", "keras"),
    }  # fmt: skip
    assert set(READ) == set(of_formats)
    assert {name for names in of_formats.values() for name in names} <= {fuzzed.name for fuzzed in TABLE}
