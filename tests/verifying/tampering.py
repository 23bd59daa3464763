"""A small audit, what can be done to its report, and what a verification says of it."""

import gzip
import json
import re
from base64 import b64decode, b64encode

import pikepdf
import torch

from netaudit.api import AuditReport
from netaudit.report.renderers.html import CARRIED
from netaudit.results.fingerprint import fingerprint

ANALYSES = ["gaussian_weights", "constant_bias"]


def network(seed=0):
    generator = torch.Generator().manual_seed(seed)
    shapes = {"fc1": (60, 40), "fc2": (10, 60)}
    state = {f"{name}.weight": torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    return state | {f"{name}.bias": torch.randn(shape[0], generator=generator) for name, shape in shapes.items()}


def outcomes(found):
    return {check.what: check.outcome for check in found.checks}


def differing(found):
    return {check.what: check.says for check in found.checks if check.outcome == "differs"}


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


def drop_claim(data):
    """The summary says nothing of a claim that the layers have."""
    data["summary"]["claims"].pop("gaussian_weights")


def drop_hash(data):
    data["layers"][0]["sha256"] = {}


def verdict_of_no_word(data):
    """An analysis that is not installed here, whose verdict is a list."""
    for layer in data["layers"]:
        layer["analyses"]["of_another"] = {"verdict": ["holds"], "reasons": [], "metrics": {}}
    data["summary"]["claims"]["of_another"] = {"holds": len(data["layers"])}


def made_with_another(*changes):
    """A page that says that another Matplotlib drew it, with more changes."""

    def tamper(folder):
        for change in (edit_html("matplotlib [0-9.]+", "matplotlib 1.0"), *changes):
            change(folder)

    return tamper
