"""Keep what reaches one layer while a module runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from netaudit.sources.planners.products import product
from netaudit.sources.planners.recording import convolution, tensors_in


class Capture(TorchFunctionMode):
    """Keeps the inputs of the fully connected operation that uses one weight, flattened to ``[N, in]``."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = weight
        self.rows: Tensor | None = None

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "").partition(".")[0]
        found = convolution(name, args, kwargs) or product(name, args, kwargs, self._is_it)
        if found is not None and self._is_it(found.weight) and not found.stacked:
            factors = [t for t in tensors_in((args, kwargs)) if t is not found.weight and t is not found.bias]
            self.rows = factors[0].detach().reshape(len(factors[0]), -1)
        return func(*args, **kwargs)

    def _is_it(self, tensor: Any) -> bool:
        """Whether it is the weight, or the same numbers turned round."""
        same = isinstance(tensor, Tensor) and tensor.numel() == self.weight.numel()
        return tensor is self.weight or (same and tensor.ndim == 2 and tensor.data_ptr() == self.weight.data_ptr())
