"""Layers of a described network that reads texts: numbers of words in, the last state of a recurrent layer out."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

OPEN = 40.0
"""Bias of a gate that is always open: in float32 the logistic function of it is 1, and its derivative 0."""


class Words(nn.Embedding):
    """Numbers of words ``[N, T]``, of any type, to vectors ``[N, T, size]``; word 0 is padding, a vector of zeros."""

    def __init__(self, words: int, size: int) -> None:
        super().__init__(words, size, padding_idx=0)

    def forward(self, x: Tensor) -> Tensor:
        """Look the words up; a number without a row is the nearest that has one."""
        return super().forward(x.long().clamp(0, self.num_embeddings - 1))


def last(states: Tensor, x: Tensor) -> Tensor:
    """The states ``[N, T, H]`` after the last inputs ``[N, T, size]`` that are not all zeros: ``[N, H]``."""
    place = torch.arange(1, x.shape[1] + 1, device=x.device) * (x != 0).any(2)
    rows = (place.amax(1) - 1).clamp(min=0)
    return states.gather(1, rows[:, None, None].expand(-1, 1, states.shape[2])).squeeze(1)


class LastGRU(nn.GRU):
    """A GRU whose output is its last state, before the padding."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__(inputs, units, batch_first=True)

    def forward(self, x: Tensor, hx: Tensor | None = None) -> Tensor:  # type: ignore[override]
        """``[N, T, inputs]`` to ``[N, units]``."""
        return last(super().forward(x, hx)[0], x)


class LastLSTM(nn.LSTM):
    """An LSTM whose output is its last state h, before the padding."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__(inputs, units, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """``[N, T, inputs]`` to ``[N, units]``."""
        return last(super().forward(x)[0], x)


class LastRNN(nn.RNN):
    """A simple recurrent layer with tanh whose output is its last state, before the padding."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__(inputs, units, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """``[N, T, inputs]`` to ``[N, units]``."""
        return last(super().forward(x)[0], x)


class LastUGRNN(LastGRU):
    """An update gate RNN (Collins et al., arXiv:1611.09913): a GRU whose reset gate is open.

    The gate begins with no weights and the bias ``OPEN``, and stays so, since the loss has no slope there.
    """

    def reset_parameters(self) -> None:
        """Draw PyTorch's weights but for the reset gate, the first third of the rows."""
        super().reset_parameters()
        with torch.no_grad():
            for name, tensor in self.named_parameters():
                tensor[: self.hidden_size] = OPEN if name.startswith("bias_ih") else 0


RECURRENT: Mapping[str, type[LastGRU | LastLSTM | LastRNN]] = {
    "GRU": LastGRU,
    "LSTM": LastLSTM,
    "RNN": LastRNN,
    "UGRNN": LastUGRNN,
}
"""By the type that a card has."""
