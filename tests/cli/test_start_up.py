"""What a command does not load: its start-up, told by modules and not by a clock."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

HEAVY = ("torch", "scipy", "numpy", "matplotlib", "torchvision", "timm", "pandas", "jsonschema", "jinja2", "typst")
COMMANDS = ("audit", "layers", "zoo", "render", "calibrate", "theory", "train", "curves")
SCRIPT = """
import sys
from netaudit.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as leaving:
    print(leaving.code, *[name for name in {heavy} if name in sys.modules], file=sys.stderr)
"""


def start(folder: Path, *arguments: str, heavy: tuple[str, ...] = HEAVY) -> tuple[int, list[str], list[str]]:
    """Run a command line in a process of its own: exit code, the heavy modules that it loaded, lines of error."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(heavy=heavy), *arguments], capture_output=True, text=True, cwd=folder
    )
    *lines, last = done.stderr.splitlines()
    code, *loaded = last.split()
    return int(code), loaded, lines


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], [], *([name, "--help"] for name in COMMANDS)])
def test_help_loads_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    assert start(tmp_path, *arguments) == (0, [], [])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["alexnat"], "is called 'alexnat'"),
        (["layers", "alexnat"], "is called 'alexnat'"),
        (["missing.pt"], "no such file"),
        (["layers"], "Missing argument"),
        (["alexnet", "--format", "docx"], "docx"),
    ],
)
def test_a_mistake_is_told_before_anything_heavy_is_loaded(tmp_path: Path, arguments: list[str], reason: str) -> None:
    code, loaded, lines = start(tmp_path, *arguments)
    assert (code, loaded) == (2, [])
    assert reason in lines[0]
    assert not (tmp_path / "reports").exists()


# torch._dynamo is PyTorch's compiler, and sympy comes with it: two seconds.
NOT_FOR_JSON = (
    "torchvision",
    "timm",
    "matplotlib",
    "pandas",
    "jsonschema",
    "jinja2",
    "typst",
    "torch._dynamo",
    "sympy",
)


def test_an_audit_loads_what_it_needs(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_file({"a.weight": torch.randn(60, 80), "b.weight": torch.randn(10, 60)}, tmp_path / "bare.safetensors")
    for target in ("bare.safetensors", "mnist-mlp"):
        arguments = (target, "--layers", "[b7]", "--format", "json", "--device", "cpu", "--out", "out", "--quiet")
        assert start(tmp_path, *arguments, heavy=NOT_FOR_JSON) == (0, [], [])
        assert [layer["name"] for layer in json.loads((tmp_path / "out" / "audit.json").read_text())["layers"]] == [
            "b" if target == "bare.safetensors" else "7"
        ]
