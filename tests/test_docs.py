"""The pages in docs/: what they take from the code is what the code says, and their examples run as they stand."""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import click
import pytest
from scipy import stats

from netaudit.studies.docs import regions
from netaudit.studies.docs.parts import PARTS

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").glob("*.md"))
MADE_BY_HAND = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES]


def read(page):
    return (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")


METHOD, EXTENDING = read("method"), read("extending")
flat = {page: " ".join(read(page).split()) for page in ("method", "formats")}


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.stem)
def test_what_a_page_takes_from_the_code_is_what_the_code_says(page):
    text = page.read_text(encoding="utf-8")
    assert regions.filled(text, PARTS) == text, "run `make docs`"


def test_every_part_stands_on_a_page():
    named = {name for page in MADE_BY_HAND for name in regions.names(page.read_text(encoding="utf-8"))}
    assert named == set(PARTS)


def test_the_method_holds_all_that_a_report_prints_as_its_method():
    """Not only what one function makes: each paragraph, formula and reference of a document's own sections."""
    from netaudit.analyses.table import BUILT_IN
    from netaudit.audit_page.method import method
    from netaudit.report.document.formulas import formulas
    from netaudit.report.document.model import Equation, Items, Paragraph

    def plain(text):
        return re.sub(r"\\([\\`*_<\[\]$])", r"\1", text.replace("**", ""))

    def words(spans):
        return "".join(f"${formulas()[s.text].latex}$" if s.style == "math" else s.text for s in spans)

    page, seen = plain(METHOD), 0
    for section in method(BUILT_IN):
        for block in section.blocks:
            texts = [words(block.spans)] if isinstance(block, Paragraph) else []
            texts += map(words, block.items) if isinstance(block, Items) else []
            texts += [formulas()[block.formula].latex] if isinstance(block, Equation) else []
            assert texts
            for text in texts:
                assert plain(text) in page
                seen += 1
    assert seen > 50


def test_the_formulas_of_every_page_are_ones_that_github_shows():
    from matplotlib.mathtext import MathTextParser

    count = 0
    for page in MADE_BY_HAND:
        text = page.read_text(encoding="utf-8")
        displayed = re.findall(r"^```math\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)
        prose = re.sub(r"^```.*?^```$|`[^`\n]+`|\\\$", "", text, flags=re.MULTILINE | re.DOTALL)
        inline = re.findall(r"\$([^$]+)\$", prose)
        assert prose.count("$") == 2 * len(inline)
        for latex in inline:
            assert "\n" not in latex
            assert not re.search(r"\\[^A-Za-z]|(?<![\w\\])_\w|\*", latex), latex
        for latex in (*displayed, *inline):
            MathTextParser("agg").parse(f"${latex}$")
            count += 1
    assert count > 150


def test_links_lead_somewhere():
    for page in MADE_BY_HAND:
        text = page.read_text(encoding="utf-8")
        prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\((?!https?://)([^)]+)\)", prose):
            path, _, anchor = target.partition("#")
            there = (page.parent / path) if path else page
            assert there.exists(), f"{page.name}: {target}"
            if anchor:
                headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
                assert anchor in {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}, target


def farthest_from_a_gaussian(law):
    from numpy import linspace

    at = linspace(-6, 6, 100_001)
    return float(abs(law.cdf(at) - stats.norm.cdf(at)).max())


def test_the_numbers_in_the_method_are_those_of_the_code():
    from netaudit.analyses import surrogates
    from netaudit.analyses.layer import shadow_inversion, singular_law
    from netaudit.analyses.layer.constant_bias import payload as bias
    from netaudit.analyses.layer.gaussian_weights import payload as weights
    from netaudit.analyses.layer.shadow_inversion import payload as inversion
    from netaudit.analyses.layer.singular_law import payload as law
    from netaudit.analyses.network.hidden_units import payload as units
    from netaudit.numerics import spectrum
    from netaudit.shadow.inversion import JUDGED_DRAWS, RHOS, SPARSITIES
    from netaudit.text import number, percent

    uniform, laplace, student = (
        farthest_from_a_gaussian(each)
        for each in (stats.uniform(-(3**0.5), 2 * 3**0.5), stats.laplace(scale=0.5**0.5), stats.t(3, scale=3**-0.5))
    )
    *few, most = map(percent, SPARSITIES)
    *high, low = map(number, RHOS)
    assert law.TOLERANCE == law.OUTSIDE
    assert (bias.TOLERANCE, stats.norm.pdf(0) * bias.TOLERANCE) == (0.1, pytest.approx(0.04, abs=0.001))
    assert abs(units.THRESHOLD**2 - 0.1) < 0.02
    assert shadow_inversion.ANALYSIS.claim.tolerances.keys() == {
        *("cross_talk_inflation", "relative_error_ratio", "real_error_ratio")
    }
    assert singular_law.ANALYSIS.claim.number == "H3"
    for sentence in (
        f"H1 allows {number(weights.TOLERANCE)} of probability. A uniform distribution lies at {uniform:.3f} from the "
        f"Gaussian of its own variance, a Laplace distribution at {laplace:.3f}, a Student-t distribution with 3 "
        f"degrees of freedom at {student:.3f}:",
        f"H3 allows {number(law.TOLERANCE)} for the distance, and as much of the squared Frobenius norm in spikes.",
        f"H3 needs a smaller side of at least {law.SMALLEST_SIDE}:",
        f"H4 allows a factor of {number(inversion.TOLERANCE)} above a Gaussian layer:",
        f"a predicted error of at most {number(inversion.LARGEST_ERROR)}, beyond which",
        f"a layer needs at least {inversion.FEWEST_KEPT} inputs.",
        f"({JUDGED_DRAWS} drawn $h$, of which {JUDGED_DRAWS // 2} for the error,",
        f"beyond the {percent(law.EDGE_LEVEL)} quantile of the Tracy-Widom law",
        f"where the interval of $r$ lies above {number(units.THRESHOLD)},",
        f"$k$ is {', '.join(few)} and {most} of the outputs (at least 1), and $\\rho$ is {', '.join(high)} and {low}.",
        f"up to a smaller side of {number(spectrum.LARGEST_BOTH)}, up to {number(spectrum.LARGEST_EXACT)} finds",
        f"on at most {number(surrogates.SIDE)} × {number(surrogates.SIDE)} of them.",
    ):
        assert sentence in flat["method"], sentence


def blocks(page, language):
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(program):
    """The command lines of every page that begin with a program, without it."""
    lines = [line for page in MADE_BY_HAND for text in blocks(page, "(?:sh|text)") for line in text.splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith(f"{program} ")]


def test_the_make_targets_exist():
    targets = {arguments[0] for arguments in commands("make")}
    assert targets >= {"audit", "test", "test-slow", "test-peers", "gpu-check", "docs", "calibrate"}
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


def test_the_commands_have_options_that_exist():
    from netaudit.cli.main import cli

    for arguments in commands("netaudit"):
        assert cli.main([*arguments, "--help"], standalone_mode=False) == 0
        with pytest.raises(click.UsageError):
            cli.main([*arguments, "--no-such-option"], standalone_mode=False)


def test_the_training_example_runs(capsys):
    [example] = blocks(ROOT / "docs/training.md", "python")
    exec(compile(example, "training.md", "exec"), {})
    assert "'shadow_error': " in capsys.readouterr().out


def test_the_thresholds_in_the_table_of_claims_are_the_ones_used():
    from netaudit.analyses.table import BUILT_IN

    claims = {analysis.name: analysis.claim.tolerances for analysis in BUILT_IN if analysis.claim}
    page = read("claims")
    assert set(claims) == set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    law, inversion = claims["singular_law"], set(claims["shadow_inversion"].values())
    assert f"within {claims['gaussian_weights']['ks_gaussian']} of a Gaussian" in page
    assert set(claims["constant_bias"].values()) == {0.1}
    assert f"within {law['ks_marchenko_pastur']} of the Marchenko-Pastur law" in page
    assert f"at least {1 - law['bulk_variance_share']:.0%} of the variance" in page
    assert f"up to a factor {inversion.pop()} of" in page
    assert not inversion


def test_each_format_that_is_read_has_its_promise():
    from netaudit.formats.table import FORMATS

    promises = re.search(r"^## What each format promises.*?(?=^## )", read("formats"), re.MULTILINE | re.DOTALL)[0]
    headings = re.findall(r"^### (.+)$", promises, re.MULTILINE)
    assert {known.name.lower() for known in FORMATS if known.open} | {"folders"} == {each.lower() for each in headings}


def test_the_sizes_in_the_limits_are_those_of_the_code():
    from netaudit.numerics import spectrum

    limits = " ".join(read("limits").split())
    assert f"Above a smaller side of {spectrum.LARGEST_BOTH:,} the mean" in limits
    assert f"above {spectrum.LARGEST_EXACT:,} all are estimated" in limits


def test_every_dependency_has_its_reason_and_every_import_its_dependency():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    [(count, lines)] = re.findall(r"^# The (\d+) mandatory .*?\ndependencies = \[\n(.*?)^\]", project, re.M | re.S)
    rows = re.findall(r'^    "([\w-]+)[^"]*",  +# \w.+$', lines, re.MULTILINE)
    assert len(rows) == len(lines.splitlines()) == int(count)
    brought = {"markupsafe": "jinja2"}  # an import that a dependency brings for its own interface
    names = {"PIL": "pillow", **brought}
    imported = set()
    for path in (ROOT / "netaudit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.partition(".")[0])
    others = {names.get(name, name.replace("_", "-")) for name in imported - sys.stdlib_module_names - {"netaudit"}}
    listed = {row.replace("_", "-") for row in rows}
    optional = project.partition("[project.optional-dependencies]\n")[2].partition("\n[")[0]
    extras = set(re.findall(r'^\w+ = \["([\w-]+)[^\]\n]*\] +# \w.+$', optional, re.MULTILINE)) - {"tensorboard"}
    assert extras == {"onnx", "h5py", "gguf", "pypdf", "pyarrow"}
    assert extras <= others
    others -= extras
    assert others - {"weightwatcher"} <= listed  # the benchmark runs its peer in an environment of its own
    assert listed == others - {"weightwatcher"}


def test_the_format_page_s_commands_run(tmp_path):
    page = read("format")
    [command], [program] = (blocks(ROOT / "docs/format.md", language) for language in ("sh", "python"))
    subprocess.run([sys.executable, "-m", *command.split(), "--quiet"], cwd=tmp_path, check=True)
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("7 (10, 1000) ")
    assert {path.name for path in (tmp_path / "again").glob("audit*")} == {"audit.html", "audit.txt"}
    written = json.loads((tmp_path / "reports/top/audit.json").read_text(encoding="ascii"))
    [example] = re.findall(r"^```text\n(\{.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert example.count("1796010") == 1
    assert written["coverage"] == {"parameters_total": 1796010, "parameters_audited": 10010}
    assert f'"verdict": "{written["layers"][0]["analyses"]["gaussian_weights"]["verdict"]}"' in example
    keys = re.findall(r'^  "(\$?\w+)"', example, re.MULTILINE)
    assert [key for key in written if key in keys] == keys


# The walk of extending.md: all of its examples in one copy of the package.

_FILES = re.compile(r"^`(netaudit/[^`]+)`:\n\n((?:```\w+\n.*?^```\n\n?)+)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@cache
def walk():
    """The new files ``{path: text}`` and the edits ``[(path, what is there, what stands there then)]`` of the page."""
    files, edits = {}, []
    for path, blocks in _FILES.findall(EXTENDING):
        for language, text in _BLOCK.findall(blocks):
            if language == "diff":
                before = "".join(line[1:] for line in text.splitlines(keepends=True) if line[0] == " ")
                edits.append((path, before, "".join(line[1:] for line in text.splitlines(keepends=True))))
            else:
                files[path] = text
    return files, edits


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the package with every example of the page in it."""
    root = tmp_path_factory.mktemp("extended")
    shutil.copytree(ROOT / "netaudit", root / "netaudit", ignore=shutil.ignore_patterns("__pycache__"))
    files, edits = walk()
    for path, text in files.items():
        assert not (root / path).exists()
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    for path, before, after in edits:
        text = (root / path).read_text(encoding="utf-8")
        assert text.count(before) == 1, before
        (root / path).write_text(text.replace(before, after), encoding="utf-8")
    return root


def run(root, *arguments, cwd):
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=cwd, env=os.environ | {"PYTHONPATH": path}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def test_the_examples_of_extending_run_together(extended, tmp_path):
    numbers = " ".join(str(i % 7 - 3.1) for i in range(40 * 50))
    (tmp_path / "net.matrix").write_text(f"MATRIX\nfc1.weight 50 {numbers}\nfc2.weight 40 {numbers}\n")
    formats = ("--format", "html,outline,json", "--nulls", "none")
    done = run(extended, "-m", "netaudit", "net.matrix", *formats, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    out = tmp_path / "reports" / "net"
    report = json.loads((out / "audit.json").read_text())
    assert [layer["name"] for layer in report["layers"]] == ["fc1", "fc2"]
    assert report["layers"][0]["analyses"]["row_norms"].keys() == {"smallest", "largest"}
    assert report["analyses"]["head_depth"] == {"layers": 2}
    page = (out / "audit.html").read_text(encoding="utf-8")
    for text in ("Row norms of layer fc1.", "The head has 2 layers.", "The layers of the head are counted."):
        assert text in page
        assert text in done.stdout or text.endswith(("fc1.", "counted."))
    outline = (out / "audit.outline.txt").read_text(encoding="utf-8").splitlines()
    assert outline[0] == "Audit of net.matrix"
    assert any(line.startswith("    ") and line.endswith("Depth of the head") for line in outline)


def test_what_is_made_from_the_tables_says_what_was_added(extended, tmp_path):
    """`make docs` needs no hand: the only other files that an addition changes are made by it."""
    made = run(extended, "-m", "netaudit.analyses.shipped_schema", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "README.md", tmp_path)
    assert run(extended, "-m", "netaudit.studies.docs", cwd=tmp_path).returncode == 0
    changed = {
        page.name
        for page in (tmp_path / "docs").iterdir()
        if page.read_bytes() != (ROOT / "docs" / page.name).read_bytes()
    }
    assert changed == {"extending.md", "format.md", "formats.md", "method.md"}
    assert "The largest norm." in (tmp_path / "docs/format.md").read_text(encoding="utf-8")
    assert "The layers of the head are counted." in (tmp_path / "docs/method.md").read_text(encoding="utf-8")


def test_the_walk_counts_are_those_of_the_examples():
    files, edits = walk()

    def lines(*sections):
        """Lines that the diffs of a section add, blank ones aside."""
        parts = re.split(r"^## ", EXTENDING, flags=re.MULTILINE)
        [part] = [part for part in parts if part.splitlines()[0] in sections]
        return len(
            re.findall(
                r"^\+.+$", "".join(text for language, text in _BLOCK.findall(part) if language == "diff"), re.MULTILINE
            )
        )

    assert sum(len(after.splitlines()) - len(before.splitlines()) for _, before, after in edits) == 4  # one a row
    rows = dict(re.findall(r"^\| \[([^\]]+)\]\([^)]+\) \| [^|]+ \| (\d+) in ", EXTENDING, re.MULTILINE))
    assert {name: int(count) for name, count in rows.items()} == {
        name: lines(name[0].upper() + name[1:]) for name in rows
    }
    assert len(rows) == 4
    assert len(files) == 1 + 4 + 4 + 2


def test_the_examples_are_linted_and_formatted(extended):
    """Whoever begins from an example passes ruff with it."""
    files, _ = walk()
    paths = [str(extended / path) for path in files if path.endswith(".py")]
    for arguments in (("ruff", "check"), ("ruff", "format", "--check")):
        done = run(extended, "-m", *arguments, "--config", ROOT / "pyproject.toml", *paths, cwd=extended)
        assert done.returncode == 0, done.stdout
