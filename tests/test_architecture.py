"""The arrows between the rooms, read from every import there is; the sizes of the rooms; what an import loads."""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "netaudit"

# room -> rooms it may import, anywhere: at the top of a module, in a function, or for the types alone
ALLOWED = {
    "version": set(),
    "lazy": set(),
    "errors": set(),
    "near": set(),
    "vocabulary": set(),
    "text": set(),
    "faults": {"errors", "text"},
    "files": {"errors", "text"},
    "numerics": {"errors", "vocabulary"},
    "network": {"errors", "files", "text"},
    "formats": {"errors", "files", "network", "text"},
    "composed": {"errors", "files", "formats", "network", "text"},
    "sources": {"composed", "errors", "files", "formats", "near", "network", "text"},
    "shadow": {"numerics"},
    "geometry": {"errors", "numerics", "text"},
    "recurrent": {"errors", "network", "numerics", "text"},
    "results": {"errors", "network", "text", "vocabulary"},
    "report": {"errors", "faults", "files", "lazy", "text", "version", "vocabulary"},
    "analyses": {
        "errors", "geometry", "lazy", "network", "numerics", "recurrent", "report", "results", "shadow", "text",
        "vocabulary",
    },
    "audit_page": {"analyses", "faults", "report", "results", "text", "vocabulary"},
    "paper": {"analyses", "audit_page", "errors", "faults", "report", "results", "text", "vocabulary"},
    "auditing": {
        "analyses", "errors", "faults", "files", "near", "network", "numerics", "results", "text", "version",
        "vocabulary",
    },
    "audit_report": {"analyses", "audit_page", "files", "paper", "report", "results"},
    "api": {"analyses", "audit_report", "auditing", "network", "numerics", "sources", "vocabulary"},
    "__init__": {"analyses", "api", "comparing", "errors", "network", "sources", "version"},
    "comparing": {
        "analyses", "api", "auditing", "errors", "files", "network", "numerics", "paper", "report", "results",
        "sources", "text", "vocabulary",
    },
    "training": {
        "analyses", "api", "errors", "files", "network", "numerics", "report", "results", "shadow", "sources", "text",
        "version",
    },
    "studies": {
        "analyses", "api", "audit_page", "auditing", "comparing", "errors", "files", "formats", "geometry", "network",
        "numerics", "report", "recurrent", "results", "shadow", "sources", "text", "training", "version", "vocabulary",
    },
    "verifying": {
        "api", "comparing", "errors", "files", "formats", "network", "report", "results", "sources", "text", "version",
        "vocabulary",
    },
    "cli": {
        "analyses", "api", "auditing", "comparing", "errors", "faults", "files", "near", "network", "numerics",
        "paper", "report", "results", "sources", "studies", "text", "training", "verifying", "version", "vocabulary",
    },
    "__main__": {"cli"},
}  # fmt: skip
FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def imports(path):
    """Modules of the package that a file imports: any import statement, and any string "netaudit.module:name"."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "netaudit":
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "netaudit")
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "lazily":
            yield from lazily_named(node, path)
    yield from rows_of(path)


def rows_of(path):
    """Modules that a table imports by name: the strings of the tuple beside its ``import_module``."""
    text = path.read_text()
    prefix = re.search(r'import_module\(f"(netaudit[\w.]*)\.\{\w+\}"\)', text)
    if prefix:
        named = {"analyses/table.py": "FOLDERS", "formats/table.py": "READ", "hubs/registered.py": "LIBRARIES"}
        [tuple_name] = [name for place, name in named.items() if str(path).endswith(place)]
        [value] = [node.value for node in ast.parse(text).body if assigned(node) == tuple_name]
        modules = [f"{prefix[1]}.{name}" for name in ast.literal_eval(value)]
        assert set(modules) <= MODULES.keys()
        yield from modules


def assigned(node):
    return node.targets[0].id if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) else None


def lazily_named(call, path):
    """The module in ``lazily(f"{_HERE}.measure:measure")``."""
    text = ast.unparse(call.args[0])
    here = re.search(r'^_HERE = "(.+)"$', path.read_text(), re.MULTILINE)
    named = text.strip("f'\"").replace("{_HERE}", here[1] if here else "").partition(":")[0]
    assert named in MODULES, f"{path}: {named} is no module"
    yield named


def room(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows(path):
    own = room(module_of(path))
    assert {room(module) for module in imports(path)} - {own} <= ALLOWED[own]


def test_no_room_is_unknown():
    assert {room(module) for module in MODULES} == ALLOWED.keys()


def circles(arrows):
    """Groups of two and more nodes that reach each other (Tarjan's algorithm)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(arrows[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = []
            while (last := stack.pop()) != node:
                group.append(last)
            if group:
                found.append(sorted([*group, node]))

    for node in sorted(arrows):
        if node not in index:
            visit(node)
    return found


def test_circles_are_seen():
    assert circles(defaultdict(set, {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == [["a", "b", "c"]]


def test_no_circle_of_files():
    arrows = defaultdict(set)
    for module, path in MODULES.items():
        arrows[module] |= {other for other in imports(path) if other != module}
    assert circles(arrows) == []


def test_no_circle_of_rooms():
    arrows = defaultdict(set, {name: set(others) for name, others in ALLOWED.items()})
    assert circles(arrows) == []


def test_no_room_is_bigger_than_a_fifth_of_the_house():
    lines = defaultdict(int)
    for module, path in MODULES.items():
        parts = module.split(".")
        whole = ".".join(parts[1:3]) if parts[1:2] == ["studies"] else room(module)
        lines[whole] += len(path.read_text().splitlines())
    house = sum(lines.values())
    assert {name: count for name, count in lines.items() if count > house / 5} == {}


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("netaudit", ["torch", "numpy", "matplotlib", "pandas"]),
        ("netaudit.cli.main", ["torch", "torchvision", "timm", "matplotlib", "numpy", "pandas", "jinja2", "typst"]),
        ("netaudit.geometry", ["torch", "numpy"]),
        ("netaudit.recurrent", ["torch", "numpy"]),
        ("netaudit.results", ["torch", "numpy", "matplotlib", "pandas"]),
        ("netaudit.analyses.table", ["torch", "numpy", "matplotlib"]),
        ("netaudit.audit_page.build", ["torch", "matplotlib", "pandas"]),
        ("netaudit.api", ["torch", "matplotlib", "pandas"]),
        ("netaudit.report.write", ["torch", "matplotlib", "jinja2", "typst"]),
        ("netaudit.numerics.laws.marchenko_pastur", ["torch", "matplotlib"]),
        ("netaudit.numerics.laws.tracy_widom", ["torch", "matplotlib"]),
        ("netaudit.studies.harness.page", ["torch", "matplotlib"]),
        ("netaudit.studies.calibration.page", ["torch", "matplotlib", "netaudit.numerics"]),
        ("netaudit.studies.theory.page", ["torch", "matplotlib"]),
        ("netaudit.sources.hubs.zoo", ["torch", "torchvision", "timm"]),
    ],
)
def test_what_an_import_does_not_load(module, absent):
    code = f"import sys, {module}; print(*[name for name in {absent!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_no_present_loads_pytorch_or_matplotlib():
    presents = [module for module in MODULES if module.startswith("netaudit.analyses.") and module.endswith(".present")]
    assert len(presents) >= 9
    code = f"import sys, {', '.join(presents)}; print(*[n for n in ('torch', 'matplotlib') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
