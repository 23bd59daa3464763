"""What the records of the study depend on, as one number: records that carry another one are discarded.

It covers the tolerances, the versions of the libraries, and all code that draws, measures and judges a layer: the
modules of ``ROOTS``, what they import from netaudit, and what that imports in turn, but for ``NOT_MEASURING``. Of that
code only the syntax counts. Comments, layout, docstrings, import lines, the names of netaudit's modules, and the module
and the order in which definitions stand do not. So no file that is explained, formatted or moved costs a new run of the
study, and no constant or line of code can be changed without one.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable

from netaudit.studies.calibration.cells import CLAIMS, LADDER, START
from netaudit.studies.calibration.claims import tolerances
from netaudit.studies.harness.provenance import versions

PACKAGE = "netaudit"
ROOTS = (
    *(f"netaudit.analyses.layer.{name}.measure" for name in (*CLAIMS, LADDER, START)),
    "netaudit.studies.calibration.measure",  # and so the layers that it draws
    "netaudit.studies.calibration.effects",
)
NOT_MEASURING = (
    "netaudit.analyses.table",
    "netaudit.errors",
    "netaudit.results",
    "netaudit.studies.calibration.claims",  # its tolerances count by their values
    "netaudit.studies.calibration.cells",  # a study may grow without being run again
    "netaudit.text",
    "netaudit.vocabulary",
)
"""Tables, words and types, with all that lies below them."""

Modules = dict[str, ast.Module]


def fingerprint() -> str:
    """Give the SHA-256 over the tolerances, the versions of the libraries, and the code that measures."""
    libraries = {name: version for name, version in versions().items() if name != PACKAGE}
    settings = json.dumps([tolerances(), libraries], sort_keys=True)
    return hashlib.sha256(f"{settings}\n{code_digest(resources.files(PACKAGE))}".encode()).hexdigest()


def code_digest(package: Traversable) -> str:
    """Give the SHA-256 over the syntax of every top-level statement that measures, in no order.

    Args:
        package: the folder of netaudit.

    Raises:
        FileNotFoundError: a module that measures is not there.
    """
    trees = measuring_modules(package).values()
    statements = sorted(ast.dump(one) for tree in trees for one in _Stripped(_origins(tree, package)).visit(tree).body)
    return hashlib.sha256("\n".join(statements).encode()).hexdigest()


def measuring_modules(package: Traversable) -> Modules:
    """Give the syntax trees of the modules that the records depend on, by their dotted names.

    Raises:
        FileNotFoundError: one of them is not there.
    """
    found: Modules = {}
    waiting = list(ROOTS)
    while waiting:
        name = waiting.pop()
        if name in found or any(f"{name}.".startswith(f"{other}.") for other in NOT_MEASURING):
            continue
        file = _file(package, name)
        if file is None:
            raise FileNotFoundError(f"the calibration depends on {name}, which is not there")
        found[name] = ast.parse(file.read_text(encoding="utf-8"))
        waiting += [module for _, module, _ in _imports(found[name], package) if _is_ours(module)]
    return found


def _file(package: Traversable, module: str) -> Traversable | None:
    """The source of a module of netaudit, or None if there is none of that name."""
    *folders, last = module.split(".")[1:] or [""]
    place = package.joinpath(*folders)
    return next((file for file in (place / f"{last}.py", place / last / "__init__.py") if file.is_file()), None)


def _imports(tree: ast.AST, package: Traversable) -> Iterator[tuple[str, str, str | None]]:
    """Each name that is imported for more than types, the module it comes from, and its name there.

    The last is None where the name is that of the module itself.
    """
    for node in _walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], alias.name, None
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                is_module = _is_ours(below) and _file(package, below) is not None
                if is_module:
                    yield alias.asname or alias.name, below, None
                else:
                    yield alias.asname or alias.name, str(node.module), alias.name


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those under ``if TYPE_CHECKING``."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not _is_for_types(child):
            yield from _walk(child)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == PACKAGE


def _origins(tree: ast.AST, package: Traversable) -> dict[str, str]:
    """What each imported name stands for, whatever it is called here, and wherever in netaudit it lies."""
    origins = {}
    for name, module, original in _imports(tree, package):
        if _is_ours(module):
            origins[name] = original or PACKAGE
        else:
            origins[name] = f"{module}.{original}" if original else module
    return origins


class _Stripped(ast.NodeTransformer):
    """A tree without docstrings and imports, in which imported names are replaced by what they stand for."""

    def __init__(self, origins: dict[str, str]) -> None:
        self.origins = origins

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Leave a string out that stands alone: a docstring of a module, class, function or attribute."""
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        """Leave it out."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Leave it out."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Leave out what is there for types alone."""
        return None if _is_for_types(node) else self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Replace an imported name by its origin."""
        return ast.Name(self.origins.get(node.id, node.id), node.ctx)
