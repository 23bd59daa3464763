"""`netaudit verify`: what a report carries, what it shows, the weights that it is of, and its numbers."""

import gzip
import json
import re
import shutil
from base64 import b64decode, b64encode
from pathlib import Path

import pikepdf
import pytest
import torch
from safetensors.torch import save_file

import netaudit
from netaudit.api import AuditReport
from netaudit.cli.main import main
from netaudit.errors import ReportError
from netaudit.report.renderers.html import CARRIED
from netaudit.results.fingerprint import fingerprint
from netaudit.verifying.again import Given
from netaudit.verifying.carried import open_report
from netaudit.verifying.rerun import same_numbers
from netaudit.verifying.verify import verify

ROOT = Path(__file__).parents[2]
ANALYSES = ["gaussian_weights", "constant_bias"]


def network(seed=0):
    generator = torch.Generator().manual_seed(seed)
    shapes = {"fc1": (60, 40), "fc2": (10, 60)}
    state = {f"{name}.weight": torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    return state | {f"{name}.bias": torch.randn(shape[0], generator=generator) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audited")
    save_file(network(), folder / "net.safetensors")
    netaudit.audit(folder / "net.safetensors", analyses=ANALYSES, device="cpu").write(folder / "report")
    return folder


@pytest.fixture
def report(audited, tmp_path):
    return shutil.copytree(audited / "report", tmp_path / "report")


def outcomes(found):
    return {check.what: check.outcome for check in found.checks}


def differing(found):
    return {check.what: check.says for check in found.checks if check.outcome == "differs"}


@pytest.mark.parametrize("name", ["audit.json", "audit.html", "audit.pdf", ""])
def test_a_report_as_it_was_written_has_no_difference(report, name):
    found = verify(report / name)
    assert found.same, differing(found)
    assert "same" in outcomes(found).values()


def edit_json(change, *, sealed):
    """Change the object of audit.json; sealed: with the fingerprint that belongs to it then."""

    def tamper(folder):
        data = json.loads((folder / "audit.json").read_text())
        change(data)
        if sealed:
            data["fingerprint"] = fingerprint(data)
        (folder / "audit.json").write_text(json.dumps(data))

    return tamper


def set_metric(data):
    metrics = data["layers"][0]["analyses"]["gaussian_weights"]["metrics"]
    name = next(key for key, value in metrics.items() if isinstance(value, float))
    metrics[name] *= 1.001


def set_verdict(data):
    finding = data["layers"][0]["analyses"]["gaussian_weights"]
    finding["verdict"] = "fails" if finding["verdict"] != "fails" else "holds"


def set_version(data):
    data["provenance"]["versions"]["netaudit"] = "0.0.9"


def set_name(data):
    data["model"]["name"] = data["target"] = "another network"


def set_seed(data):
    data["provenance"]["seed"] = 12


def set_coverage(data):
    data["coverage"]["parameters_audited"] += 1
    data["coverage"]["parameters_total"] += 1


def set_hash(data):
    data["layers"][0]["sha256"]["weight"] = "0" * 64


def drop_layer(data):
    del data["layers"][1]


def drop_fingerprint(data):
    del data["fingerprint"]


def nothing(data):
    pass


def edit_html(pattern, replacement, count=1):
    def tamper(folder):
        path = folder / "audit.html"
        text, changed = re.subn(pattern, replacement, path.read_text(encoding="utf-8"), count=count)
        assert changed == count
        path.write_text(text, encoding="utf-8")

    return tamper


def html_carries_another(folder):
    path = folder / "audit.html"
    text = path.read_text(encoding="utf-8")
    packed = re.search(re.escape(CARRIED) + "([A-Za-z0-9+/=]+)", text)[1]
    data = json.loads(gzip.decompress(b64decode(packed)))
    set_metric(data)
    data["fingerprint"] = fingerprint(data)
    path.write_text(text.replace(packed, b64encode(gzip.compress(json.dumps(data).encode())).decode()))


def edit_pdf(change):
    def tamper(folder):
        with pikepdf.open(folder / "audit.pdf", allow_overwriting_input=True) as pdf:
            change(pdf)
            pdf.save()

    return tamper


def pdf_carries_another(pdf):
    data = json.loads(pdf.attachments["audit.json"].get_file().read_bytes())
    set_metric(data)
    del pdf.attachments["audit.json"]
    pdf.attachments["audit.json"] = json.dumps(data).encode()


def pdf_without_a_page(pdf):
    del pdf.pages[-1]


def pdf_without_words(pdf):
    """Leave out all text of the first page."""
    page = pdf.pages[0]
    shown = list(pikepdf.parse_content_stream(page))
    kept = [each for each in shown if str(each.operator) not in ("Tj", "TJ")]
    assert len(kept) < len(shown)
    page.Contents = pdf.make_stream(pikepdf.unparse_content_stream(kept))


def figure_of_another(folder):
    first, second, *_ = sorted((folder / "figures").iterdir())
    first.write_bytes(second.read_bytes())


def figure_too_many(folder):
    (folder / "figures" / "layer_009_more.svg").write_text("<svg/>")


def json_of_another_run(folder):
    """The numbers of another seed, whole and with their own fingerprint, beside the pages of this one."""
    text = (folder / "audit.json").read_text()
    data = json.loads(text)
    set_seed(data)
    (folder / "audit.json").write_text(AuditReport.from_json(json.dumps(data), changed=True).to_json())


TAMPERED = {
    "a number": (edit_json(set_metric, sealed=False), "audit.json"),
    "a verdict": (edit_json(set_verdict, sealed=False), "audit.json"),
    "a verdict, with a new fingerprint": (edit_json(set_verdict, sealed=True), "audit.json"),
    "the version": (edit_json(set_version, sealed=True), "audit.json"),
    "the name": (edit_json(set_name, sealed=False), "audit.json"),
    "the seed": (edit_json(set_seed, sealed=False), "audit.json"),
    "the share audited, with a new fingerprint": (edit_json(set_coverage, sealed=True), "audit.json"),
    "a hash": (edit_json(set_hash, sealed=False), "audit.json"),
    "a layer left out": (edit_json(drop_layer, sealed=False), "audit.json"),
    "a layer left out, with a new fingerprint": (edit_json(drop_layer, sealed=True), "audit.json"),
    "no fingerprint": (edit_json(drop_fingerprint, sealed=False), "audit.json"),
    "numbers of another run": (json_of_another_run, ""),
    "a word on the page": (edit_html("holds", "passes"), "audit.html"),
    "a number on the page": (edit_html(r"(<td[^>]*>)0\.", r"\g<1>1."), "audit.html"),
    "a line of a figure on the page": (edit_html(r' d="M [0-9.]+', ' d="M 1.5'), "audit.html"),
    "what cannot be seen on the page": (edit_html("<footer>", "<!-- approved --><footer>"), "audit.html"),
    "numbers that the page carries": (html_carries_another, "audit.html"),
    "numbers that the PDF carries": (edit_pdf(pdf_carries_another), "audit.pdf"),
    "a page of the PDF": (edit_pdf(pdf_without_a_page), "audit.pdf"),
    "words of the PDF": (edit_pdf(pdf_without_words), "audit.pdf"),
    "the PDF saved by another program": (edit_pdf(lambda pdf: None), "audit.pdf"),
    "a figure in the place of another": (figure_of_another, ""),
    "a figure too many": (figure_too_many, ""),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_change_of_a_report_is_found_and_named(report, what):
    tamper, name = TAMPERED[what]
    tamper(report)
    found = verify(report / name)
    assert not found.same
    assert differing(found)


def test_reformatted_json_is_the_same_audit(report):
    path = report / "audit.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4, sort_keys=True))
    assert verify(path).same


def weights(tmp_path, **changed):
    state = network() | changed
    save_file(state, tmp_path / "here.safetensors")
    return Given(tmp_path / "here.safetensors")


def test_the_audited_weights_are_recognised_in_another_format(audited, tmp_path):
    torch.save(network(), tmp_path / "net.pt")
    found = verify(audited / "report" / "audit.json", Given(tmp_path / "net.pt"))
    assert found.same
    assert outcomes(found)["weights of net.pt"] == "same"


def test_the_audited_weights_are_recognised_in_shards(audited, tmp_path):
    parts = list(network().items())
    for number, part in enumerate((dict(parts[:2]), dict(parts[2:])), 1):
        save_file(part, tmp_path / f"model-{number:05}-of-00002.safetensors")
    places = {name: f"model-{1 + (index > 1):05}-of-00002.safetensors" for index, (name, _) in enumerate(parts)}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    assert verify(audited / "report" / "audit.json", Given(tmp_path)).same


def test_a_wider_type_with_the_same_numbers_is_the_same(audited, tmp_path):
    save_file({name: tensor.double() for name, tensor in network().items()}, tmp_path / "wide.safetensors")
    assert verify(audited / "report" / "audit.json", Given(tmp_path / "wide.safetensors")).same


def test_other_names_with_the_same_numbers_are_the_same(audited, tmp_path):
    save_file({f"model.{name}": tensor for name, tensor in network().items()}, tmp_path / "named.safetensors")
    found = verify(audited / "report" / "audit.json", Given(tmp_path / "named.safetensors"))
    assert found.same
    assert any("under another name" in check.says for check in found.checks)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"fc2.weight": network()["fc2.weight"].neg()}, "the weight of layer fc2 has other numbers"),
        ({"fc1.bias": torch.zeros(60)}, "the bias of layer fc1 has other numbers"),
        ({"fc1.weight": network(1)["fc1.weight"]}, "the weight of layer fc1 has other numbers"),
        ({"fc1.weight": network()["fc1.weight"].flip(0)}, "the weight of layer fc1 has other numbers"),
        ({"fc2.weight": network()["fc2.weight"][:8].clone()}, "layer fc2 is 8 × 60 here, and was 10 × 60"),
    ],
)
def test_other_weights_are_named(audited, tmp_path, changed, says):
    found = verify(audited / "report" / "audit.json", weights(tmp_path, **changed))
    assert list(differing(found).values()) == [says]


def test_a_bias_that_is_gone_is_named(audited, tmp_path):
    state = network()
    del state["fc1.bias"]
    save_file(state, tmp_path / "here.safetensors")
    found = verify(audited / "report" / "audit.json", Given(tmp_path / "here.safetensors"))
    assert list(differing(found).values()) == ["layer fc1 has no bias here, and had one"]


def test_the_audit_once_more_gives_its_numbers(audited):
    found = verify(audited / "report" / "audit.json", Given(audited / "net.safetensors"), rerun=True)
    assert found.same, differing(found)
    assert outcomes(found)["the audit once more"] == "same"


def test_a_forged_number_is_found_by_the_audit_once_more(audited, report):
    edit_json(set_metric, sealed=True)(report)
    path, given = report / "audit.json", Given(audited / "net.safetensors")
    assert verify(path, given).same
    found = verify(path, given, rerun=True)
    assert list(differing(found)) == ["the audit once more"]
    assert "layers[0].analyses.gaussian_weights.metrics" in differing(found)["the audit once more"]


def test_numbers_within_the_tolerance_are_the_same(audited):
    report = AuditReport.from_json(audited / "report" / "audit.json")
    data = json.loads(report.to_json())
    metrics = data["layers"][0]["analyses"]["gaussian_weights"]["metrics"]
    name = next(key for key, value in metrics.items() if isinstance(value, float) and value)
    for factor, outcome in ((1 + 5e-5, "same"), (1 + 5e-4, "differs")):
        changed = json.loads(json.dumps(data))
        changed["layers"][0]["analyses"]["gaussian_weights"]["metrics"][name] *= factor
        other = AuditReport.from_json(json.dumps(changed), changed=True)
        assert same_numbers(report, other).outcome == outcome


def test_a_bundled_network_is_at_hand(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "reports" / "top"
    netaudit.audit("mnist-mlp", layers=["7"], analyses=ANALYSES, device="cpu").write(folder, ["json"])
    [example] = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/verify.md").read_text("utf-8"), re.M | re.S)
    exec(compile(example, "verify.md", "exec"), {})
    assert capsys.readouterr().out == "True []\n"
    found = verify(folder / "audit.json", rerun=True)
    assert found.same, differing(found)
    assert outcomes(found)["weights of model.safetensors"] == "same"


def test_data_that_the_audit_had_must_be_given(tmp_path, report):
    edit_json(
        lambda data: data["provenance"]["settings"].update(data={"name": "x.npz", "sha256": "0" * 64}), sealed=True
    )(report)
    save_file(network(), tmp_path / "here.safetensors")
    with pytest.raises(ReportError, match="--data"):
        verify(report / "audit.json", Given(tmp_path / "here.safetensors"), rerun=True)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "neither an audit.json"),
        (b"\x89PNG\r\n", "neither an audit.json"),
        (b"{", "not JSON"),
        (b"{}", "format_version"),
        (b"<!DOCTYPE html><p>Audit</p>", "carries no audit.json"),
        (b"%PDF-1.7\n%nothing else", "audit.pdf"),
        (f'<!DOCTYPE html><a href="{CARRIED}AAAA">x</a>'.encode(), "damaged"),
        (f'<!DOCTYPE html><a href="{CARRIED}A">x</a>'.encode(), "damaged"),
        (f'<!DOCTYPE html><a href="{CARRIED}">x</a><a href="{CARRIED}">y</a>'.encode(), "carries 2 audits"),
    ],
)
def test_what_is_no_report_is_refused_in_one_line(tmp_path, content, says):
    path = tmp_path / "audit.pdf"
    path.write_bytes(content)
    with pytest.raises(ReportError, match=says) as caught:
        verify(path)
    assert "\n" not in str(caught.value)


def test_a_bomb_in_a_page_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("netaudit.verifying.carried.MOST_BYTES", 100_000)
    bomb = b64encode(gzip.compress(b" " * 1_000_000)).decode()
    (tmp_path / "audit.html").write_text(f'<!DOCTYPE html><a href="{CARRIED}{bomb}">x</a>')
    with pytest.raises(ReportError, match="too large"):
        open_report(tmp_path / "audit.html")


def test_a_folder_without_a_report_is_refused(tmp_path):
    with pytest.raises(ReportError, match=r"none of audit\.json"):
        verify(tmp_path)


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--quiet"], 0), (["--weights", "WRONG"], 1)])
def test_the_command_prints_what_it_checked_and_exits(audited, tmp_path, capsys, arguments, code):
    given = weights(tmp_path, **{"fc1.bias": torch.zeros(60)})
    arguments = [str(given.weights) if each == "WRONG" else each for each in arguments]
    with pytest.raises(SystemExit) as caught:
        main(["verify", str(audited / "report" / "audit.json"), *arguments])
    out = capsys.readouterr().out
    assert caught.value.code == code
    assert ("--quiet" in arguments) == (out == "")
    assert code == 0 or "the bias of layer fc1 has other numbers" in out


def test_a_changed_json_is_not_rendered(report):
    edit_json(set_metric, sealed=False)(report)
    with pytest.raises(ReportError, match="was changed since it was written"):
        AuditReport.from_json(report / "audit.json")
    edit_json(drop_fingerprint, sealed=False)(report)
    assert AuditReport.from_json(report / "audit.json").layers
