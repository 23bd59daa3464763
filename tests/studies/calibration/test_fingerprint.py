"""What voids the records of the study: a change of what measures, and nothing else."""

import textwrap
from importlib import resources

import pytest

from netaudit.studies.calibration import claims, fingerprint

PACKAGE = {
    "errors.py": "class NetauditError(Exception):\n    pass\n",
    "numerics/device.py": "LIMIT = 3\n\n\ndef draw(n):\n    return n * LIMIT\n",
    "analyses/measure.py": '''
        """Judge it."""

        import math
        from typing import TYPE_CHECKING

        from scipy import stats

        from netaudit.errors import NetauditError
        from netaudit.numerics import device as devices

        if TYPE_CHECKING:
            from netaudit.report import Page

        TOLERANCE = 0.02
        """Of the distance."""


        def judge(x: float, page: Page) -> bool:
            """Judge one value."""
            from netaudit.numerics.device import draw

            # as in section 3
            return math.sqrt(x) * draw(2) < TOLERANCE + devices.LIMIT * stats.norm.cdf(x)
        ''',
}
MEASURE = "analyses/measure.py"


@pytest.fixture
def digest(tmp_path, monkeypatch):
    """The digest of a small package, with changes: ``{path: source}``, or a pair of strings to replace in it."""
    monkeypatch.setattr(fingerprint, "ROOTS", ("netaudit.analyses.measure",))
    places = iter(range(100))

    def give(changes=(), rooted_at="netaudit.analyses.measure"):
        monkeypatch.setattr(fingerprint, "ROOTS", (rooted_at,))
        package = tmp_path / str(next(places))
        for path, source in (PACKAGE | dict(changes)).items():
            if source is not None:
                (package / path).parent.mkdir(parents=True, exist_ok=True)
                (package / path).write_text(textwrap.dedent(source))
        return fingerprint.code_digest(package)

    return give


def changed(path, before, after):
    source = textwrap.dedent(PACKAGE[path])
    assert before in source
    return {path: source.replace(before, after)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# as in section 3", "# as in section 4 of the method"),
        ('"""Judge one value."""', '"""Judge a value, as it must be judged."""'),
        ('    """Judge one value."""\n', ""),
        ('"""Of the distance."""', '"""Largest distance."""'),
        ('"""Judge it."""', ""),
        ("math.sqrt(x) * draw(2) < ", "(\n        math.sqrt(x)\n        * draw(2)\n    ) < "),
        ("TOLERANCE = 0.02", "TOLERANCE = 0.020"),
        ("import math\nfrom typing import TYPE_CHECKING\n", "from typing import TYPE_CHECKING\nimport math\n"),
        ("import device as devices", "import device as where"),
        ("from netaudit.errors import NetauditError\n", ""),
        ("import Page", "import Sheet"),
    ],
)
def test_prose_layout_and_imports_void_nothing(digest, before, after):
    source = changed(MEASURE, before, after)
    if "where" in after:
        source[MEASURE] = source[MEASURE].replace("devices.LIMIT", "where.LIMIT")
    assert digest(source) == digest()


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (MEASURE, "TOLERANCE = 0.02", "TOLERANCE = 0.021"),
        (MEASURE, " < TOLERANCE", " <= TOLERANCE"),
        (MEASURE, "math.sqrt(x)", "math.cbrt(x)"),
        (MEASURE, "from scipy import stats", "from scipy import special as stats"),
        (MEASURE, "draw(2)", "draw(3)"),
        ("numerics/device.py", "LIMIT = 3", "LIMIT = 4"),
        ("numerics/device.py", "return n * LIMIT", "n += 1\n    return n * LIMIT"),
    ],
)
def test_a_constant_or_a_line_of_code_voids_all(digest, path, before, after):
    assert digest(changed(path, before, after)) != digest()


def test_modules_may_be_moved_renamed_split_and_sorted(digest):
    moved = PACKAGE[MEASURE].replace("netaudit.numerics import device as", "netaudit.sampling import drawing as")
    moved = moved.replace("netaudit.numerics.device", "netaudit.sampling.drawing")
    elsewhere = {MEASURE: None, "numerics/device.py": None, "judging/claim.py": moved}
    whole = elsewhere | {"sampling/drawing.py": PACKAGE["numerics/device.py"]}
    assert digest(whole, "netaudit.judging.claim") == digest()
    drawing = "from netaudit.sampling.limit import LIMIT\n\n\ndef draw(n):\n    return n * LIMIT\n"
    split = elsewhere | {"sampling/drawing.py": drawing, "sampling/limit.py": "LIMIT = 3\n"}
    assert digest(split, "netaudit.judging.claim") == digest()
    assert digest(split | {"sampling/limit.py": "LIMIT = 4\n"}, "netaudit.judging.claim") != digest()
    turned = "def draw(n):\n    return n * LIMIT\n\n\nLIMIT = 3\n"
    assert digest({"numerics/device.py": turned}) == digest()


def test_what_nobody_who_measures_imports_does_not_count(digest):
    assert digest({"report.py": "Page = 1\n", "analyses/present.py": "x = 2\n"}) == digest()
    assert digest(changed("errors.py", "pass", "exit_code = 2")) == digest()


def test_a_module_that_measures_and_is_not_there_is_an_error(digest):
    with pytest.raises(FileNotFoundError, match=r"depends on netaudit\.numerics\.device"):
        digest({MEASURE: "from netaudit.numerics.device import draw", "numerics/device.py": None})


def test_the_code_that_judges_a_layer_is_covered_and_what_shows_it_is_not():
    found = set(fingerprint.measuring_modules(resources.files("netaudit")))
    assert {*fingerprint.ROOTS} < found
    assert {
        "netaudit.analyses.judging", "netaudit.analyses.surrogates", "netaudit.analyses.context",
        "netaudit.numerics.spectrum", "netaudit.numerics.entries", "netaudit.numerics.laws.marchenko_pastur",
        "netaudit.shadow.inversion", "netaudit.shadow.prediction", "netaudit.network.layers",
    } < found  # fmt: skip
    rooms = {name.split(".")[1] for name in found}
    assert rooms == {"analyses", "network", "numerics", "shadow", "studies"}
    assert not {name for name in found if name.endswith((".present", ".table", ".page", ".words"))}


def test_a_tolerance_and_a_library_void_all_and_our_own_version_nothing(monkeypatch):
    before = fingerprint.fingerprint()
    real = claims.tolerances()
    libraries = fingerprint.versions()
    monkeypatch.setattr(fingerprint, "versions", lambda: libraries | {"netaudit": "99.0"})
    assert fingerprint.fingerprint() == before
    monkeypatch.setattr(fingerprint, "versions", lambda: libraries | {"torch": "99.0"})
    assert fingerprint.fingerprint() != before
    monkeypatch.setattr(fingerprint, "versions", lambda: libraries)
    law = real["singular_law"]
    other = real | {"singular_law": law | {"tolerance": law["tolerance"] * 1.01}}
    monkeypatch.setattr(fingerprint, "tolerances", lambda: other)
    assert fingerprint.fingerprint() != before
