"""The committed samples: rendered again from their JSON they are the same, and a fresh audit gives the same numbers.

After a change that is meant to move them, run ``make samples``.
"""

from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from readers import without_drawings

import netaudit
from netaudit.api import AuditReport
from netaudit.sources.hubs.zoo import bundled

SAMPLES = Path(__file__).parent.parent / "reports" / "samples"
_ACCURACY = {"mnist-mlp": 0.97, "cifar10-mlp": 0.55, "cifar10-resmlp": 0.57, "alexnet-cifar10": 0.75, "imdb-gru": 0.8}
NAMES = sorted(path.name for path in SAMPLES.iterdir())
_LONG = ("alexnet-cifar10", "cifar10-mlp")  # half a minute each
FRESH = [pytest.param(name, marks=pytest.mark.slow) if name in _LONG else name for name in NAMES]


def test_every_bundled_network_has_a_sample():
    assert list(bundled()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_rendered_again_it_is_the_same(name, tmp_path):
    folder = SAMPLES / name
    AuditReport.from_json(folder / "audit.json").write(tmp_path)
    assert (tmp_path / "audit.json").read_bytes() == (folder / "audit.json").read_bytes()
    again, committed = ((where / "audit.html").read_text(encoding="utf-8") for where in (tmp_path, folder))
    assert without_drawings(again) == without_drawings(committed)
    assert [path.name for path in sorted((tmp_path / "figures").iterdir())] == [
        path.name for path in sorted((folder / "figures").iterdir())
    ]
    with pikepdf.open(BytesIO((folder / "audit.pdf").read_bytes())) as pdf:
        assert pdf.attachments["audit.json"].get_file().read_bytes() == (folder / "audit.json").read_bytes()


@pytest.mark.parametrize("name", FRESH)
def test_a_fresh_audit_gives_the_same_numbers(name):
    committed, fresh = AuditReport.from_json(SAMPLES / name / "audit.json"), netaudit.audit(name, device="cpu")
    assert fresh.provenance.weights_sha256 == committed.provenance.weights_sha256
    assert fresh.coverage == committed.coverage
    for one, other in zip(fresh.layers, committed.layers, strict=True):
        assert list(one.findings) == list(other.findings)
        for found, kept in zip(one.findings.values(), other.findings.values(), strict=True):
            assert found.verdict == kept.verdict
            assert found.reasons == kept.reasons
            numbers = [{k: v for k, v in side.metrics.items() if v is not None} for side in (found, kept)]
            assert numbers[0] == pytest.approx(numbers[1], rel=1e-3, abs=1e-6)
    units = [side.analyses["hidden_units"] for side in (fresh, committed)]
    pairs, kept_pairs = (getattr(one, "pairs", ()) for one in units)  # none where the head is one layer
    assert [len(pairs), len(kept_pairs)] == [0 if name in ("imdb-gru", "cifar10-resmlp") else 2] * 2
    for pair, kept_pair in zip(pairs, kept_pairs, strict=True):
        assert (pair.lower, pair.upper, pair.verdict) == (kept_pair.lower, kept_pair.upper, kept_pair.verdict)
        assert pair.r == pytest.approx(kept_pair.r, rel=1e-6)
    runs, kept_runs = fresh.analyses["labels_back"].runs, committed.analyses["labels_back"].runs
    for run, kept_run in zip(runs, kept_runs, strict=True):
        assert run.top1 == pytest.approx(kept_run.top1, abs=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_the_card_s_accuracy_is_measured_again_on_the_sample(name):
    report = AuditReport.from_json(SAMPLES / name / "audit.json")
    card = bundled()[name]
    assert report.data.accuracy == pytest.approx(card["accuracy"]["sample"])
    assert card["accuracy"]["test"] > _ACCURACY[name]
    softmax = {run.rho: run for run in report.analyses["labels_back"].runs if run.source == "softmax"}
    # the pixels of cifar10-mlp are centred: no shadow, which is never negative, is like one of its inputs
    assert softmax[1.0].top1 > (0.5 if name == "cifar10-mlp" else 0.95)
    assert softmax[1.0].control_top1 < (0.75 if name == "imdb-gru" else 0.25)  # of two classes, and of ten
