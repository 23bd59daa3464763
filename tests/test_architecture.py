"""The arrows between the rooms, read from the imports, and what importing each room loads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "netaudit"

# room -> rooms it may import at module level
ALLOWED = {
    "__main__": {"cli"},
    "errors": set(),
    "text": set(),
    "files": {"errors", "text"},
    "numerics": {"errors"},
    "network": {"errors", "files", "text"},
    "results": {"errors", "network"},
    "sources": {"errors", "files", "network", "text"},
    "shadow": {"network", "numerics", "results"},
    "analyses": {"errors", "network", "numerics", "results", "shadow", "text", "sources"},
    "auditor": {"analyses", "errors", "network", "numerics", "results", "sources", "text"},
    "report": {"errors", "files", "network", "results", "text"},
    "training": {"auditor", "errors", "files", "network", "numerics", "results", "shadow", "sources", "text"},
    "studies": {
        "analyses", "auditor", "errors", "files", "network", "numerics", "report", "results", "shadow", "sources",
        "text", "training",
    },
    "cli": {
        "analyses", "auditor", "errors", "files", "network", "report", "results", "sources", "studies", "text",
        "training",
    },
}  # fmt: skip


def rooms():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts != ("__init__",):
            yield path, parts[0]


def module_level_imports(path):
    """Rooms imported at module level; imports inside functions and under TYPE_CHECKING cost nothing at start-up."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "netaudit":
            parts = node.module.split(".")[1:]
            yield from [parts[0]] if parts else [alias.name for alias in node.names]


@pytest.mark.parametrize(("path", "room"), list(rooms()), ids=lambda value: str(value).removeprefix(str(PACKAGE)))
def test_arrows(path, room):
    imported = {name for name in module_level_imports(path) if name in ALLOWED}
    assert imported <= ALLOWED[room] | {room}


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("netaudit", ["torch", "numpy", "matplotlib", "pandas"]),
        ("netaudit.cli.main", ["torch", "torchvision", "timm", "matplotlib", "numpy", "pandas", "jinja2", "typst"]),
        ("netaudit.results", ["torch", "matplotlib", "pandas"]),
        ("netaudit.numerics.laws.marchenko_pastur", ["torch", "matplotlib"]),
        ("netaudit.numerics.laws.tracy_widom", ["torch", "matplotlib"]),
        ("netaudit.report", ["torch", "matplotlib"]),
        ("netaudit.studies.harness.page", ["torch", "matplotlib"]),
        (
            "netaudit.studies.calibration.page",
            ["torch", "matplotlib", "netaudit.analyses.table", "netaudit.numerics"],
        ),
        ("netaudit.studies.theory.page", ["torch", "matplotlib"]),
        ("netaudit.sources.hubs.zoo", ["torch", "torchvision", "timm"]),
    ],
)
def test_what_an_import_does_not_load(module, absent):
    code = f"import sys, {module}; print(*[name for name in {absent!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
