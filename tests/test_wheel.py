"""A wheel built from the tree audits the bundled networks on its own, with the network blocked."""

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from netaudit.sources.hubs.zoo import bundled

ROOT = Path(__file__).parent.parent

BLOCKED = """
import socket
def refuse(*args, **kwargs):
    raise OSError("the network is blocked")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The wheel unpacked, first on the path of a process without network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True, capture_output=True,
    )  # fmt: skip
    [wheel] = folder.glob("netaudit_dnn-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    (folder / "site" / "sitecustomize.py").write_text(BLOCKED)
    return folder / "site"


def python(site, cwd, *arguments):
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True, text=True,
    )  # fmt: skip


def test_the_wheel_holds_the_package_and_the_networks(site, tmp_path):
    networks = sorted(
        path.relative_to(site / "netaudit/model_zoo").as_posix() for path in site.glob("**/model_zoo/*/*")
    )
    files = ("card.json", "model.safetensors", "sample.npz")
    wanted = [
        f"{name}/{file}"
        for name, card in bundled().items()
        for file in (*files, *(["vocabulary.txt"] if "vocabulary" in card else []))
    ]
    assert networks == wanted
    for data in (
        "sources/hubs/names.json",
        "results/audit-2.schema.json",
        "comparing/compare-1.schema.json",
        "report/document/formulas.json",
    ):
        assert (site / "netaudit" / data).is_file()
    assert not (site / "model_zoo").exists()
    assert not (site / "tests").exists()
    weights = sum(path.stat().st_size for path in site.glob("netaudit/model_zoo/*/*"))
    assert weights < 30_000_000
    located = python(site, tmp_path, "-c", "import netaudit; print(netaudit.__file__)")
    assert located.stdout.startswith(str(site))


@pytest.mark.parametrize(  # one shows that the wheel is whole; the others are audited from the source tree elsewhere
    "name", [name if name == "cifar10-resmlp" else pytest.param(name, marks=pytest.mark.slow) for name in bundled()]
)
def test_a_bundled_network_is_as_accurate_as_its_card_says(site, tmp_path, name):
    done = python(
        site,
        tmp_path,
        "-m",
        "netaudit",
        name,
        "--quiet",
        "--format",
        "json",
        "--device",
        "cpu",
        "--out",
        "out",
    )
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads((tmp_path / "out/audit.json").read_text())
    card = json.loads((site / "netaudit/model_zoo" / name / "card.json").read_text())
    measured = report["data"]["accuracy"]
    assert measured == card["accuracy"]["sample"]
    assert abs(measured - card["accuracy"]["test"]) < 0.07  # 400 images: three standard errors
    assert (
        measured
        > {"mnist-mlp": 0.97, "cifar10-mlp": 0.5, "cifar10-resmlp": 0.5, "alexnet-cifar10": 0.75, "imdb-gru": 0.8}[name]
    )
    assert {run["source"] for run in report["analyses"]["labels_back"]["runs"]} == {"onehot", "softmax"}


def test_the_sdist_holds_the_pages_that_the_readme_leads_to(tmp_path):
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", tmp_path, ROOT]
    subprocess.run(command, check=True, capture_output=True)
    [archive] = tmp_path.glob("netaudit_dnn-*.tar.gz")
    with tarfile.open(archive) as packed:
        held = {name.partition("/")[2] for name in packed.getnames()}
    linked = re.findall(r"\]\((\w[^):]*\.(?:md|cff))\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(linked) >= 8
    assert set(linked) <= held
