import shutil

import pytest
from safetensors.torch import save_file
from tampering import ANALYSES, network

import netaudit
from netaudit.api import AuditReport


@pytest.fixture(scope="session")
def audited(tmp_path_factory):
    """A folder with weights, and the folder ``report`` of their audit."""
    folder = tmp_path_factory.mktemp("audited")
    save_file(network(), folder / "net.safetensors")
    netaudit.audit(folder / "net.safetensors", analyses=ANALYSES, device="cpu").write(folder / "report")
    return folder


@pytest.fixture
def report(audited, tmp_path):
    """A copy of the report, to be changed."""
    return shutil.copytree(audited / "report", tmp_path / "report")


@pytest.fixture(scope="session")
def drawings():
    return {}


@pytest.fixture
def drawn_once(drawings, monkeypatch):
    """The document of a JSON that another test has drawn is not drawn again."""
    draw = AuditReport.document

    def document(self, **options):
        text = self.to_json()
        if text not in drawings:
            drawings[text] = draw(self, **options)
        return drawings[text]

    monkeypatch.setattr(AuditReport, "document", document)
