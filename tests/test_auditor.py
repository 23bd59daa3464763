import hashlib
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import netaudit
from netaudit.analyses.network.labels_back import measure as labels_back
from netaudit.errors import NetauditError, SourceError
from netaudit.formats.safetensors import SafetensorsStore
from netaudit.numerics import device as devices
from netaudit.results.schema import shipped_schema
from netaudit.shadow import inversion


@pytest.fixture
def data(tmp_path):
    generator = np.random.default_rng(0)
    path = tmp_path / "data.npz"
    np.savez(path, x=generator.standard_normal((50, 64)).astype(np.float32), y=generator.integers(0, 10, 50))
    return path


def test_a_module_end_to_end(mlp, data):
    report = netaudit.audit(mlp, data=data, seed=3)
    assert [layer.name for layer in report.layers] == ["1", "4", "6"]
    assert [layer.shape for layer in report.layers] == [(96, 64), (80, 96), (10, 80)]
    assert [layer.activation for layer in report.layers] == ["relu", "relu", "linear"]
    assert report.coverage.share == 1
    assert report.head.layers == ("1", "4", "6")
    assert not report.head.inferred
    assert {run.source for run in report.analyses["labels_back"].runs} == {"onehot", "softmax"}
    assert report.data.n == 50
    assert report.layers[0].finding("constant_bias").statistic == "std_over_preactivation_scale"
    assert report.provenance.seed == 3
    assert netaudit.AuditReport.from_json(report.to_json()).to_json() == report.to_json()


def test_the_accuracy_is_the_network_s(mlp, data):
    report = netaudit.audit(mlp, data=data)
    arrays = np.load(data)
    mlp.eval()
    with torch.no_grad():
        answers = mlp(torch.from_numpy(arrays["x"])).argmax(1).numpy()
    assert report.data.accuracy == pytest.approx((answers == arrays["y"]).mean())


def test_a_state_dict_says_that_the_stack_was_inferred(mlp):
    report = netaudit.audit(mlp.state_dict())
    assert report.head.inferred
    assert "inferred" in report.head.note
    assert "ReLU" in report.head.note
    assert {run.source for run in report.analyses["labels_back"].runs} == {"onehot"}


def test_same_command_same_bytes_and_the_seed_matters(mlp):
    first = netaudit.audit(mlp).to_json()
    assert netaudit.audit(mlp).to_json() == first
    other = json.loads(netaudit.audit(mlp, seed=1).to_json())
    assert other["layers"] != json.loads(first)["layers"]


def test_a_layer_s_numbers_do_not_depend_on_the_others(mlp):
    whole, one = netaudit.audit(mlp), netaudit.audit(mlp, layers=["4"])
    assert one.layers == (whole.layers[1],)
    assert one.analyses["labels_back"].note.startswith("The head's layer 1 is skipped: not selected by --layers")
    assert {entry.name: entry.reason for entry in one.skipped}["6"] == "not selected by --layers"
    left = netaudit.audit(mlp, exclude=["[14]"])
    assert [layer.name for layer in left.layers] == ["6"]
    assert left.coverage.parameters_audited == 810


def test_the_same_weights_have_the_same_hash_in_any_file(mlp, tmp_path):
    state = mlp.state_dict()
    torch.save(state, tmp_path / "net.pt")
    save_file(state, tmp_path / "net.safetensors")
    reports = [netaudit.audit(source) for source in (tmp_path / "net.pt", tmp_path / "net.safetensors", state)]
    assert len({report.provenance.weights_sha256 for report in reports}) == 1
    assert len({report.provenance.file_sha256 for report in reports}) == 3
    assert reports[0].provenance.file_sha256 == hashlib.sha256((tmp_path / "net.pt").read_bytes()).hexdigest()
    state["1.weight"][0, 0] += 1
    assert netaudit.audit(state).provenance.weights_sha256 != reports[0].provenance.weights_sha256
    assert "tmp" not in reports[0].to_json()


def test_the_weights_hash_is_what_it_says(mlp):
    lines = []
    for name, tensor in mlp.state_dict().items():
        digest = hashlib.sha256(tensor.numpy().tobytes()).hexdigest()
        lines.append(f"{name} float32 {'x'.join(map(str, tensor.shape))} {digest}\n")
    expected = hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
    assert netaudit.audit(mlp).provenance.weights_sha256 == expected


def test_a_file_that_changes_meanwhile_is_refused(mlp, tmp_path):
    path = tmp_path / "net.pt"
    torch.save(mlp.state_dict(), path)

    def rewrite(message, done, total):
        if "singular" in message:
            torch.save({**mlp.state_dict(), "more.weight": torch.zeros(3, 3)}, path)

    with pytest.raises(SourceError, match="changed while"):
        netaudit.audit(path, progress=rewrite)


def test_progress_rises_to_the_end(mlp):
    seen = []
    netaudit.audit(mlp, progress=lambda message, done, total: seen.append((message, done, total)))
    done = seen.index(next(step for step in seen if step[0] == "layers done"))
    layers = [(done, total) for _, done, total in seen[: done + 1] if total]
    assert layers == sorted(layers)
    assert layers[-1][0] == pytest.approx(layers[-1][1])
    assert all(0 <= done <= total for _, done, total in seen[done + 1 :] if total)  # each analysis counts its own work
    assert any("4: singular value law" in message for message, _, _ in seen)


@pytest.mark.parametrize(
    ("state", "match"),
    [
        ({"conv.weight": torch.zeros(3, 3, 3, 3)}, "no fully connected layer"),
        ({"fc.weight": torch.full((40, 40), 0.02)}, r"fc: Every weight is the constant 0\.02"),
        ({"fc.weight": torch.full((40, 40), float("nan"))}, "fc: The weight holds NaN"),
    ],
)
def test_nothing_to_judge_is_an_error_that_says_what_was_found(state, match):
    with pytest.raises(NetauditError, match=match):
        netaudit.audit(state)


def test_globs_that_match_nothing_name_the_layers(mlp):
    with pytest.raises(NetauditError, match=r"--layers classifier\.\* matches no layer") as caught:
        netaudit.audit(mlp, layers=["classifier.*"])
    assert "1, 4, 6" in caught.value.hints[0]


def test_a_layer_that_does_not_fit_in_memory_is_skipped_with_the_reason(mlp, monkeypatch):
    monkeypatch.setattr("netaudit.numerics.memory.physical_memory", lambda: 200_000)
    report = netaudit.audit(mlp)
    assert [layer.name for layer in report.layers] == ["6"]
    assert "working memory" in report.skipped[0].reason


def test_the_report_says_what_did_not_fit_on_the_device(mlp, monkeypatch):
    whole = netaudit.audit(mlp)
    measure, recover = inversion.measure, labels_back.recover
    gpu = torch.device("cuda")

    def short_of_memory(matrix, mean, row, rows):
        if rows.stop - rows.start > 10:
            raise torch.OutOfMemoryError("out of memory")
        return measure(matrix, mean, row, rows)

    def no_room(*arguments):
        if gpu in arguments:
            raise torch.OutOfMemoryError("out of memory")
        return recover(*arguments)

    def on_the_gpu(work, device):
        return devices.with_cpu_fallback(work, gpu)

    monkeypatch.setattr(inversion, "measure", short_of_memory)
    monkeypatch.setattr(labels_back, "recover", no_room)
    monkeypatch.setattr(labels_back, "devices", SimpleNamespace(**vars(devices) | {"with_cpu_fallback": on_the_gpu}))
    report = netaudit.audit(mlp)
    assert {layer.events for layer in report.layers} == {
        ("Shadow inversion: Out of memory on cpu: smaller batches were used.",)
    }
    assert report.events == ("Labels sent down and back: Out of memory on cuda: a part was computed on the CPU.",)
    assert report.analyses["labels_back"].runs == whole.analyses["labels_back"].runs
    assert "smaller batches were used" in report.to_html()


def test_labels_beyond_the_outputs_are_refused(mlp, tmp_path):
    np.savez(tmp_path / "wrong.npz", x=np.zeros((3, 64), np.float32), y=np.array([0, 1, 10]))
    with pytest.raises(SourceError, match="labels up to 10, the network has 10 outputs"):
        netaudit.audit(mlp, data=tmp_path / "wrong.npz")


def test_hostile_names_stay_data(tmp_path):
    names = ["<script>alert(1)</script>", "../../etc/passwd", "a\x1b[31m", "层", "$x_1$ #panic()", "n" * 400]
    state = {f"{name}.weight": torch.randn(40, 40) for name in names}
    report = netaudit.audit(state)
    assert [layer.name for layer in report.layers] == names
    assert "<script>" not in report.to_html()
    assert report.to_json().isascii()


def test_an_empty_stack_and_no_bias():
    net = nn.Linear(50, 1, bias=False)
    report = netaudit.audit(net)
    assert report.layers[0].finding("constant_bias").verdict == "not_applicable"
    assert "single output" in report.analyses["labels_back"].note


def test_the_report_meets_its_published_schema(mlp):
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(shipped_schema())
    Draft202012Validator(shipped_schema()).validate(json.loads(netaudit.audit(mlp).to_json()))


def test_a_data_frame_has_a_row_a_layer(mlp):
    frame = netaudit.audit(mlp).to_dataframe()
    assert list(frame["name"]) == ["1", "4", "6"]
    assert frame["singular_law.spikes"].tolist()[:2] == [0, 0]
    assert frame["shadow_inversion.verdict"].isin(["holds", "fails", "undecided", "not_applicable"]).all()


def test_biases_count_in_the_stack_only_where_the_natural_scale_is_known(mlp, data):
    with torch.no_grad():
        mlp[6].bias[3] = 1000.0  # drowns every label but its own, if it is used
    without, with_data = netaudit.audit(mlp), netaudit.audit(mlp, data=data)
    without, with_data = (report.analyses["labels_back"] for report in (without, with_data))
    assert without.runs[0].top1 > 0.2
    assert without.biases == "left_out"
    assert with_data.runs[0].top1 == pytest.approx(0.1)
    assert with_data.biases == "used"


def test_only_the_analyses_asked_for_are_run(mlp):
    report = netaudit.audit(mlp, analyses=["hidden_units", "constant_bias"])
    assert {tuple(layer.analyses) for layer in report.layers} == {("constant_bias",)}
    assert tuple(report.analyses) == ("hidden_units",)
    assert report.provenance.settings["analyses"] == ["constant_bias", "hidden_units"]
    assert report.claims == ("constant_bias",)
    assert "Singular value law" not in report.to_html()
    with pytest.raises(NetauditError, match="no analysis is called alpha"):
        netaudit.audit(mlp, analyses=["alpha"])


def test_every_layer_of_the_head_is_read_once(mlp, tmp_path, monkeypatch):
    generator = np.random.default_rng(0)
    images = generator.random((50, 1, 8, 8), dtype=np.float32)
    np.savez(tmp_path / "images.npz", x=images, y=generator.integers(0, 10, 50))
    save_file(mlp.state_dict(), tmp_path / "net.safetensors")
    read, reads = SafetensorsStore.read, []
    monkeypatch.setattr(SafetensorsStore, "read", lambda self, name: reads.append(name) or read(self, name))
    report = netaudit.audit(tmp_path / "net.safetensors", data=tmp_path / "images.npz")
    apart = {name for name, each in report.analyses.items() if getattr(each, "verdict", "") == "not_applicable"}
    assert apart == {
        "depth_limit",
        "rnn_fixed_points",
        "circular_law",
    }  # no run of square layers, no cell
    assert sorted(reads) == sorted(mlp.state_dict())


@pytest.mark.parametrize("left_out", ["--exclude", "too large"])
def test_a_layer_that_is_skipped_is_never_read(mlp, data, tmp_path, monkeypatch, left_out):
    save_file(mlp.state_dict(), tmp_path / "net.safetensors")
    read, reads = SafetensorsStore.read, []
    monkeypatch.setattr(SafetensorsStore, "read", lambda self, name: reads.append(name) or read(self, name))
    if left_out == "too large":
        monkeypatch.setattr("netaudit.numerics.memory.physical_memory", lambda: 240_000)  # of the bottom layer
    exclude = ["4"] if left_out == "--exclude" else []
    report = netaudit.audit(tmp_path / "net.safetensors", data=data, exclude=exclude)
    skipped = {entry.name for entry in report.skipped}
    assert skipped
    assert {name.partition(".")[0] for name in reads} == {"1", "4", "6"} - skipped
    assert report.analyses["labels_back"].verdict == "not_applicable"
    assert "is skipped" in report.analyses["labels_back"].note
    assert report.data is None


ODD = {
    "identity": lambda: torch.eye(64),
    "mask": lambda: (torch.rand(64, 80) < 0.3).float(),
    "one weight": lambda: torch.nn.functional.pad(torch.ones(1, 1), (0, 49, 0, 39)),
    "signs": lambda: torch.sign(torch.randn(64, 80)),
    "rank one": lambda: torch.outer(torch.randn(64), torch.randn(80)),
    "duplicated": lambda: torch.randn(32, 80).repeat(2, 1),
    "half dead": lambda: torch.cat([torch.randn(70, 80), torch.zeros(58, 80)]),
    "mostly dead": lambda: torch.cat([torch.randn(10, 80), torch.zeros(118, 80)]),
    "huge": lambda: torch.randn(64, 80).double() * 1e200,
    "extreme range": lambda: torch.stack([torch.linspace(0.1, 0.9, 80) ** (k + 1) for k in range(40)]),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of matrices that have no noise
def test_an_odd_layer_costs_nothing_else(name):
    report = netaudit.audit({"odd.weight": ODD[name](), "fc.weight": torch.randn(70, 90)}, nulls="none")
    assert netaudit.AuditReport.from_json(report.to_json()) == report
    assert report.layers[1].finding("gaussian_weights").verdict == "holds"
    assert report.to_html()
