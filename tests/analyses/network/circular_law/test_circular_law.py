"""Recurrent matrices through the whole audit, and what the report says of them."""

import msgspec
import pytest
import torch
from matplotlib.figure import Figure as Canvas
from synthetic import circular_law as synthetic
from synthetic_documents import HOSTILE
from torch import nn

import netaudit
from netaudit.analyses.network.circular_law.payload import CircularLaws
from netaudit.analyses.network.circular_law.present import method, present, words
from netaudit.recurrent import disc
from netaudit.report.document.model import Figure, Table

ROW = ["circular_law"]


def audited(tmp_path, network, **options):
    torch.save(network.state_dict(), tmp_path / "net.pt")
    return netaudit.audit(tmp_path / "net.pt", analyses=ROW, **options).analyses["circular_law"]


def test_gates_at_initialisation_fill_the_disc_and_a_planted_one_does_not(tmp_path):
    torch.manual_seed(0)
    network = nn.GRU(8, 64)
    symmetric = torch.randn(64, 64)
    network.weight_hh_l0.data[128:] = symmetric + symmetric.T
    network.weight_hh_l0.data[64:128] = torch.linalg.qr(torch.randn(64, 64))[0]
    found = audited(tmp_path, network)
    assert [(one.cell, one.gate, one.verdict) for one in found.matrices] == [
        ("l0", "reset", "circular"),
        ("l0", "update", "orthogonal"),
        ("l0", "new", "other"),
    ]
    assert found.matrices[2].real == 64  # the eigenvalues of a symmetric matrix
    assert len(found.matrices[0].eigenvalues[0]) == 64
    assert audited(tmp_path, network) == found


def test_what_is_not_looked_at_is_listed(tmp_path):
    small, several, wide = nn.LSTM(4, 8), nn.RNN(4, 32, num_layers=5), nn.RNN(4, 513)
    found = audited(tmp_path, small)
    assert not found.matrices
    assert {one.gate for one in found.left_out} == {"input", "forget", "cell", "output"}
    assert all("at least 32" in one.why for one in found.left_out)
    found = audited(tmp_path, several)
    assert [one.cell for one in found.matrices] == ["l0", "l1", "l2", "l3"]
    assert [(one.cell, one.why) for one in found.left_out] == [("l4", "4 cells were looked at before")]
    [left_out] = audited(tmp_path, wide).left_out
    assert "512 units" in left_out.why


def test_of_a_network_without_cells_it_does_not_apply(tmp_path):
    torch.save(nn.Linear(40, 40).state_dict(), tmp_path / "net.pt")
    found = netaudit.audit(tmp_path / "net.pt", analyses=ROW).analyses["circular_law"]
    assert found.note == "The network has no recurrent cells."


def test_words():
    assert words(synthetic.example()) == (
        "The eigenvalues of 3 recurrent matrices were compared: 1 as those of a random matrix, 1 as those of an "
        "orthogonal matrix, 1 not as those of a random matrix. 2 of them have eigenvalues beyond the disc."
    )
    assert words(CircularLaws((synthetic.matrix(outliers=0),))).endswith(
        "None of them has eigenvalues beyond the disc."
    )


@pytest.mark.parametrize("gates", [1, 3])
def test_the_table_and_the_figure(gates):
    found = synthetic.example(HOSTILE[0])
    found = msgspec.structs.replace(found, matrices=found.matrices[:gates])
    blocks = present(found, None).blocks
    [table] = [block for block in blocks if isinstance(block, Table)]
    assert len(table.rows) == gates
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert {row[0].style for row in table.rows} == {"name"}
    [figure] = [block for block in blocks if isinstance(block, Figure)]
    canvas = Canvas()
    figure.draw(canvas)
    assert [axes.get_title() for axes in canvas.axes] == ["reset", "update", "new"][:gates]
    assert [len(axes.collections) for axes in canvas.axes] == [2, 1, 2][:gates]  # outliers stand out
    assert figure.alt.startswith(figure.caption)


def test_the_method_states_the_rule():
    [text] = method().blocks
    assert (disc.DISTANCE, disc.NORMALITY, disc.ORTHOGONAL) == (0.05, 0.05, 0.01)
    assert "(0.05)" in text
    assert "(0.05 about 1/2)" in text
    assert "within 1 percent" in text
    assert disc.DRAWS == ((64, 999), (128, 199), (256, 49), (512, 19))
    assert "999 draws up to 64 rows, 199 up to 128, 49 up to 256, 19 up to 512" in text
