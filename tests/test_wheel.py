"""A wheel built from the tree audits the bundled network on its own, with the network blocked."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent

BLOCKED = """
import socket
def refuse(*args, **kwargs):
    raise OSError("the network is blocked")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
"""


def test_the_wheel_carries_the_bundled_network(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT],
        check=True, capture_output=True,
    )  # fmt: skip
    [wheel] = tmp_path.glob("netaudit_dnn-*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(site)
    assert "netaudit/model_zoo/mnist-mlp/model.safetensors" in names
    assert not any(name.startswith(("model_zoo/", "tests/")) for name in names)
    (site / "sitecustomize.py").write_text(BLOCKED)
    done = subprocess.run(
        [sys.executable, "-m", "netaudit.cli.main", "mnist-mlp", "--quiet", "--out", tmp_path / "out"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads((tmp_path / "out/audit.json").read_text())
    assert report["stack"]["data"]["accuracy"] > 0.97
    located = subprocess.run(
        [sys.executable, "-c", "import netaudit; print(netaudit.__file__)"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert located.stdout.startswith(str(site))
