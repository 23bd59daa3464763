"""What is loaded, and when: a user who asks for help does not wait for PyTorch."""

import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

HEAVY = ("torch", "numpy", "scipy", "matplotlib", "pandas", "torchvision", "timm", "jinja2", "typst", "rich")


def loaded(*arguments, among=HEAVY):
    """Which of the modules a command line has loaded by its end."""
    code = (
        "import sys\n"
        "from netaudit.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\n"
        f"finally:\n    print('loaded', *[name for name in {among!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    return done.returncode, done.stderr.splitlines()[-1].split()[1:]


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("audit", "--help"), ("train", "--help")])
def test_help_loads_nothing_heavy(arguments):
    assert loaded(*arguments) == (0, [])


def test_a_list_of_the_bundled_networks_needs_no_pytorch():
    code, found = loaded("zoo")
    assert code == 0
    assert "torch" not in found


@pytest.mark.parametrize(("target", "also"), [("mnist-mlp", ()), ("file", ("torch._dynamo", "sympy"))])
def test_an_audit_loads_no_model_library_and_draws_nothing_that_is_not_asked_for(tmp_path, target, also):
    """PyTorch's compiler takes as long as PyTorch; tracing a network loads it, a bare file does without."""
    if target == "file":
        target = str(tmp_path / "net.safetensors")
        save_file({"fc.weight": torch.randn(40, 50, generator=torch.Generator().manual_seed(0))}, target)
    among = ("torchvision", "timm", "matplotlib.pyplot", "typst", "pandas", *also)
    options = ("--format", "json", "--out", str(tmp_path / "out"), "--quiet")
    assert loaded("audit", target, *options, among=among) == (0, [])
