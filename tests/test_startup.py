"""What is loaded, and when: a user who asks for help, or who mistyped a name, does not wait for PyTorch."""

import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from netaudit.cli.main import COMMANDS
from netaudit.sources.hubs import registered

HEAVY = ("torch", "numpy", "scipy", "matplotlib", "pandas", "torchvision", "timm", "jinja2", "typst", "rich")
COMPILER = ("torch._dynamo", "sympy")  # PyTorch's, which takes as long to load as PyTorch


def loaded(*arguments, among=HEAVY, cwd=None):
    """A command line in a process of its own: exit code, which of the modules it has loaded by its end, its errors."""
    code = (
        "import sys\n"
        "from netaudit.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\n"
        f"finally:\n    print('loaded', *[name for name in {among!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=cwd)
    *errors, last = done.stderr.splitlines()
    return done.returncode, last.split()[1:], errors


@pytest.mark.parametrize("arguments", [(), ("--help",), ("--version",), *((each.name, "--help") for each in COMMANDS)])
def test_help_loads_nothing_heavy(arguments):
    assert loaded(*arguments) == (0, [], [])


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
def test_a_mistake_is_told_at_once_and_leaves_no_folder(tmp_path, arguments, reason):
    if reason == "is called 'alexnat'" and not all(map(registered.up_to_date, registered.LIBRARIES)):
        pytest.skip("another version of torchvision or timm is installed than the list of names was made from")
    # a table's library may be loaded by then, not what computes
    code, found, errors = loaded(*arguments, among=[name for name in HEAVY if name != "rich"], cwd=tmp_path)
    assert (code, found) == (2, [])
    assert reason in errors[0]
    assert not list(tmp_path.iterdir())


def test_a_list_of_the_bundled_networks_needs_no_pytorch():
    code, found, _ = loaded("zoo")
    assert code == 0
    assert "torch" not in found


@pytest.mark.parametrize("target", [pytest.param("mnist-mlp", marks=pytest.mark.slow), "file"])
def test_an_audit_loads_no_model_library_and_draws_nothing_that_is_not_asked_for(tmp_path, target):
    if target == "file":
        target = str(tmp_path / "net.safetensors")
        save_file({"fc.weight": torch.randn(40, 50, generator=torch.Generator().manual_seed(0))}, target)
    among = ("torchvision", "timm", "matplotlib", "typst", "pandas", "jsonschema", "jinja2", *COMPILER)
    options = ("--format", "json", "--out", str(tmp_path / "out"), "--quiet")
    assert loaded("audit", target, *options, among=among) == (0, [], [])
