"""A sharded checkpoint end to end; and, slowly, one of 200 layers 4096 wide: memory stays that of one layer."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file
from sparse_checkpoint import gaussian, projection, write

import netaudit
from netaudit.errors import SourceError

CHILD = """
import json, sys, time
import netaudit
from netaudit.analyses.table import installed
from netaudit.analyses.context import HeadInputs, Settings
from netaudit.auditing.loop import Auditor, Weights
from netaudit.network.reader import LayerReader
from netaudit.numerics import device, memory
from netaudit.sources.open import open_network

folder, what, layers = sys.argv[1], sys.argv[2], sys.argv[3:]
clock = time.perf_counter()
if what == "audit":
    report = netaudit.audit(folder, layers=layers or None)
    said = [[layer.name, [finding.verdict for finding in layer.findings.values()]] for layer in report.layers]
elif what == "layers":
    said = len(list(open_network(folder).specs()))
else:
    network = open_network(folder)
    auditor = Auditor(Settings(device.choose("cpu")), installed(), lambda *progress: None)
    results = auditor.layers(network, LayerReader(network), HeadInputs(), Weights())
    said = sum(result.finding("gaussian_weights").verdict == "not_applicable" for result in results)
first = memory.peak_memory()
if what == "audit" and not layers:  # again: what libraries allocate once, much of it after this peak, is no layer's
    netaudit.audit(folder)
peak = memory.peak_memory()
print(json.dumps({"first": first, "peak": peak, "seconds": time.perf_counter() - clock, "said": said}))
"""


def child(folder, what, *layers):
    done = subprocess.run([sys.executable, "-c", CHILD, str(folder), what, *layers], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_sparse_checkpoint_end_to_end(tmp_path):
    write(tmp_path / "net", blocks=20, width=64, real=(0, 13))
    report = netaudit.audit(tmp_path / "net")
    assert report.target == "net"
    assert [layer.name + ".weight" for layer in report.layers] == [projection(block) for block in range(20)]
    for block, layer in enumerate(report.layers):
        verdicts = {layer.finding(claim).verdict for claim in ("singular_law", "shadow_inversion")}
        assert verdicts == ({"holds"} if block in (0, 13) else {"not_applicable"})
        assert layer.dtype == "bfloat16"
    assert report.layers[5].finding("gaussian_weights").note == "Every weight is the constant 0."
    assert {entry.reason for entry in report.skipped} == {"embedding or another table, by its name", "normalisation"}
    assert report.coverage.parameters_total == 20 * (64 * 64 + 64) + 8 * 64 * 64


def test_it_is_the_audit_of_one_file(tmp_path):
    write(tmp_path / "net", blocks=3, width=48, real=(0, 1, 2), blocks_a_shard=1)
    stored = {projection(block): gaussian(block, 48) for block in range(3)}
    stored |= {f"model.layers.{block}.input_layernorm.weight": torch.zeros(48).bfloat16() for block in range(3)}
    save_file({"model.embed_tokens.weight": torch.zeros(8 * 48, 48).bfloat16(), **stored}, tmp_path / "one.safetensors")
    sharded, one = netaudit.audit(tmp_path / "net"), netaudit.audit(tmp_path / "one.safetensors")
    assert (sharded.layers, sharded.skipped, sharded.analyses) == (one.layers, one.skipped, one.analyses)
    assert sharded.provenance.weights_sha256 == one.provenance.weights_sha256
    files = sorted((tmp_path / "net").iterdir())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    assert sharded.provenance.file_sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert sharded.provenance.hash_matches_name is None
    assert netaudit.audit(files[-1]).provenance == sharded.provenance  # the index


@pytest.mark.parametrize("which", ["model-00001-of-00002.safetensors", "model.safetensors.index.json"])
def test_any_shard_or_the_index_that_changes_meanwhile_is_refused(tmp_path, which):
    write(tmp_path, blocks=2, width=48, real=(0, 1), blocks_a_shard=1)

    def rewrite(message, done, total):
        if "layers.1.self_attn.o_proj: singular" in message:  # the second shard is being read
            (tmp_path / which).write_bytes((tmp_path / which).read_bytes() + b" ")

    with pytest.raises(SourceError, match=f"^{which}: the file changed while it was audited"):
        netaudit.audit(tmp_path, progress=rewrite)


@pytest.mark.slow
def test_memory_stays_that_of_one_layer(tmp_path):
    pytest.importorskip("resource")
    blocks, width, real = 200, 4096, (3, 77, 198)
    write(tmp_path / "one", blocks=1, width=width, real=(0,))
    size = write(tmp_path / "net", blocks=blocks, width=width, real=real)
    chosen = [projection(block).removesuffix(".weight") for block in real]
    one = child(tmp_path / "one", "audit")
    listed, some = child(tmp_path / "net", "layers"), child(tmp_path / "net", "audit", *chosen)
    walked = child(tmp_path / "net", "walk")
    runs = {"listing": listed, "one layer alone": one, f"{len(real)} of 200": some, "all 200": walked}
    for what, run in runs.items():
        print(f"{what}: {run['peak'] / 2**20:,.0f} MiB, {run['seconds']:.0f} s")
    print(f"declared {size / 2**30:.1f} GiB")
    layer = 2 * width * width
    assert listed["said"] == blocks
    assert one["said"][0][1][2:] == ["holds", "holds"]
    assert [name for name, _ in some["said"]] == chosen
    assert walked["said"] == blocks - len(real)
    assert listed["peak"] < one["peak"] / 2
    for run in (some, walked):
        assert run["peak"] < one["first"] + 2 * layer
        assert run["peak"] < one["peak"] + layer
