"""Described networks that read texts: the last state before the padding, and the cell with an open reset gate."""

import pytest
import torch
from torch import nn

from netaudit.recurrent import read_cells
from netaudit.sources.hubs import sequential
from netaudit.sources.hubs.text_layers import RECURRENT, LastUGRNN
from netaudit.sources.open import open_network

PLAIN = {"GRU": nn.GRU, "LSTM": nn.LSTM, "RNN": nn.RNN, "UGRNN": nn.GRU}


def described(kind):
    return sequential.build(
        [
            {"type": "Words", "name": "embedding", "in": 9, "out": 3},
            {"type": kind, "name": "rnn", "in": 3, "out": 5},
            {"type": "Linear", "name": "readout", "in": 5, "out": 2},
        ]
    ).eval()


@pytest.mark.parametrize("kind", RECURRENT)
@torch.no_grad()
def test_the_output_is_the_state_before_the_padding(kind):
    net = described(kind)
    plain = PLAIN[kind](3, 5, batch_first=True)
    plain.load_state_dict(net.rnn.state_dict())
    numbers = torch.tensor([[3, 1, 4, 0, 0], [2, 0, 0, 0, 0], [5, 6, 7, 8, 1]])
    for row, length in zip(numbers, (3, 1, 5), strict=True):
        alone = plain(net.embedding(row[None, :length]))[0][:, -1]
        assert torch.allclose(net[:2](numbers)[[row.tolist() in [other.tolist()] for other in numbers]], alone)
        assert torch.allclose(net[:2](numbers.float()), net[:2](numbers))


@torch.no_grad()
def test_a_text_without_words_and_numbers_without_a_row_are_no_error():
    net = described("GRU")
    assert bool(net(torch.zeros(1, 4)).isfinite().all())
    assert torch.equal(net(torch.tensor([[8.0, 99.0]])), net(torch.tensor([[8.0, 8.0]])))


@torch.no_grad()
def test_an_update_gate_rnn_has_no_reset_gate():
    """h' = u h + (1 - u) tanh(W x + b + U h + c): the equation of the cell, and of its reading."""
    layer = LastUGRNN(3, 5)
    [cell] = read_cells(layer)
    x, h = torch.randn(4, 3, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    rows = {name: tensor.double() for name, tensor in layer.state_dict().items()}
    gates = x @ rows["weight_ih_l0"].T + rows["bias_ih_l0"] + h @ rows["weight_hh_l0"].T + rows["bias_hh_l0"]
    update, new = torch.sigmoid(gates[:, 5:10]), torch.tanh(gates[:, 10:])
    assert torch.allclose(cell(h, x), update * h + (1 - update) * new, atol=1e-12)


def test_the_bundled_network_is_read_as_a_cell():
    network = open_network("imdb-gru")
    [cell] = read_cells(network)
    assert (type(cell).__name__, cell.hidden_size, cell.input_size) == ("GruCell", 64, 32)
    assert [layer.name for layer in network.head.layers] == ["readout"]
    assert network.sample.x.shape == (400, 100)
