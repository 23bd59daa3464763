"""The numbers of docs/claims.md on the geometry of a network are those of the committed studies."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TEXT = " ".join((ROOT / "docs" / "claims.md").read_text("utf-8").split())


def lines(analysis, kind, planted=""):
    data = json.loads((ROOT / "reports" / "geometry-claims" / "geometry-claims.json").read_text("ascii"))
    return [x for x in data["lines"] if (x["analysis"], x["kind"]) == (analysis, kind) and planted in x["planted"]]


def said(pattern):
    found = re.search(pattern, TEXT)
    assert found, f"docs/claims.md does not say {pattern}"
    return [float(group.replace(",", "")) for group in found.groups()]


def total(found, field):
    return sum(line[field] for line in found)


def test_false_alarms():
    random = lines("linear_regions", "false_alarm")
    assert said(r"Of ([\d,]+) Gaussian layers (\d+) fail") == [total(random, "draws"), total(random, "noticed")]
    brute = lines("injectivity", "false_alarm", "brute force")
    assert said(r"No answer of ([\d,]+) contradicts brute force") == [total(brute, "draws")]
    hidden = lines("identifiability", "false_alarm")
    assert said(r"No random network of ([\d,]+) is called") == [total(hidden, "draws")]
    assert total(brute, "noticed") == total(hidden, "noticed") == 0
    square = lines("depth_limit", "false_alarm")
    assert said(r"Of ([\d,]+) runs of random square layers (\d+) have one") == [
        total(square, "draws"),
        total(square, "noticed"),
    ]


def test_power():
    shared = [line for line in lines("linear_regions", "power", "share a direction") if line["met"]]
    assert "from a shared part of half their standard deviation on" in TEXT
    assert min(float(re.search(r"[\d.]+", line["strength"])[0]) for line in shared) == 0.5
    assert next(line["strength"] for line in lines("linear_regions", "power", "several times")) == "3 times"
    assert "neurons that each occur three times" in TEXT
    twins = [line for line in lines("identifiability", "power", "twins") if line["rate"] == 1]
    assert said(r"copies are noticed up to a relative noise of ([\d.]+)\.(?!\d)") == [
        max(float(line["strength"].split()[-1]) for line in twins)
    ]
    [deep] = lines("identifiability", "below", "100, 100, 100, 100, 100, 10")
    assert said(r"\(five hidden layers of 100\) (\d+) % stay open") == [round(100 * deep["rate"])]
    near = lines("depth_limit", "power", "near the identity")
    assert {line["rate"] for line in near} == {1}
    assert said(r"a distance of up to ([\d.]+) from the identity are always noticed") == pytest.approx(
        [2 * max(float(line["strength"].split("c = ")[1]) for line in near)]  # the spectral norm is about 2 c
    )


@pytest.mark.parametrize(
    ("domain", "pattern"),
    [
        ("all", r"With 6 inputs half of the layers are injective from between (\d+) and (\d+) rows an input on"),
        ("orthant", r"not negative, from between ([\d.]+) and (\d+) on"),
    ],
)
def test_from_how_many_rows_on_half_of_the_layers_are_injective(domain, pattern):
    data = json.loads((ROOT / "reports" / "injectivity" / "injectivity.json").read_text("ascii"))
    cells = sorted((x["m"] / 6, x["yes"] / x["draws"]) for x in data["cells"] if (x["domain"], x["n"]) == (domain, 6))
    assert said(pattern) == [
        max(ratio for ratio, share in cells if share < 0.5),
        min(ratio for ratio, share in cells if share >= 0.5),
    ]
