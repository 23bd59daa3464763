"""How the layers of torch.nn become steps: each as the function of PyTorch that it calls, with its own settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from netaudit.geometry.builder import Builder, Value
from netaudit.geometry.calls import called
from netaudit.geometry.steps import NotPiecewiseLinearError

Arguments = Callable[[Any], dict[str, Any]]


def is_read(module: nn.Module) -> bool:
    """Whether a layer is one of the table, and computes as its class does."""
    return _row(module) is not None


def layer(build: Builder, name: str, module: nn.Module, x: Value) -> Value:
    """Add the steps of one layer.

    Raises:
        NotPiecewiseLinearError: it is not piecewise linear, or it is not read.
    """
    row = _row(module)
    if row is None:
        raise NotPiecewiseLinearError(f"{name} ({type(module).__name__}) is not piecewise linear, or not read")
    if module._forward_hooks or module._forward_pre_hooks:
        raise NotPiecewiseLinearError(f"{name} has hooks, which are not read")
    function, arguments = row
    settings = arguments(module)
    if function in ("conv1d", "conv2d", "conv3d") and module.padding_mode != "zeros":
        widths: Any = module._reversed_padding_repeated_twice
        x = called(build, name, "pad", (x, tuple(widths)), {"mode": module.padding_mode})
        settings |= {"padding": 0}
    value: Value = called(build, name, function, (x,), settings)
    return value


def _row(module: nn.Module) -> tuple[str, Arguments] | None:
    """The row of the first class that the layer is of; none where a subclass computes in a way of its own."""
    for kind, row in _LAYERS.items():
        if isinstance(module, kind) and type(module).forward is kind.forward:
            return row
    return None


def _none(_: Any) -> dict[str, Any]:
    return {}


def _weights(module: Any) -> dict[str, Any]:
    return {"weight": module.weight, "bias": module.bias}


def _convolution(module: Any) -> dict[str, Any]:
    settings = ("stride", "padding", "dilation", "groups")
    return {**_weights(module), **{name: getattr(module, name) for name in settings}}


def _transposed(module: Any) -> dict[str, Any]:
    settings = ("stride", "padding", "output_padding", "groups", "dilation")
    return {**_weights(module), **{name: getattr(module, name) for name in settings}}


def _padding(mode: str) -> Arguments:
    def arguments(module: Any) -> dict[str, Any]:
        return {"pad": module.padding, "mode": mode, "value": getattr(module, "value", None)}

    return arguments


def _batch_norm(module: Any) -> dict[str, Any]:
    running = {"running_mean": module.running_mean, "running_var": module.running_var}
    return {**_weights(module), **running, "eps": module.eps}


def _attributes(*names: str) -> Arguments:
    return lambda module: {name: getattr(module, name) for name in names}


_PADDINGS = {"Zero": "constant", "Constant": "constant", "Reflection": "reflect", "Replication": "replicate",
             "Circular": "circular"}  # fmt: skip
_AVERAGE = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
_MAX_POOL = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
_LAYERS: Mapping[type[nn.Module], tuple[str, Arguments]] = {
    nn.Linear: ("linear", _weights),
    nn.Conv1d: ("conv1d", _convolution),
    nn.Conv2d: ("conv2d", _convolution),
    nn.Conv3d: ("conv3d", _convolution),
    nn.ConvTranspose1d: ("conv_transpose1d", _transposed),
    nn.ConvTranspose2d: ("conv_transpose2d", _transposed),
    nn.ConvTranspose3d: ("conv_transpose3d", _transposed),
    **{
        getattr(nn, f"{kind}Pad{axes}d"): ("pad", _padding(mode))
        for kind, mode in _PADDINGS.items()
        for axes in (1, 2, 3)
    },
    nn.Upsample: ("interpolate", _attributes("size", "scale_factor", "mode", "align_corners")),
    nn.PixelShuffle: ("pixel_shuffle", lambda module: {"factor": module.upscale_factor}),
    nn.PixelUnshuffle: ("pixel_unshuffle", lambda module: {"factor": module.downscale_factor}),
    nn.BatchNorm1d: ("batch_norm", _batch_norm),
    nn.BatchNorm2d: ("batch_norm", _batch_norm),
    nn.BatchNorm3d: ("batch_norm", _batch_norm),
    nn.ReLU: ("relu", _none),
    nn.ReLU6: ("relu6", _none),
    nn.Hardtanh: ("hardtanh", _attributes("min_val", "max_val")),
    nn.Hardsigmoid: ("hardsigmoid", _none),
    nn.LeakyReLU: ("leaky_relu", _attributes("negative_slope")),
    nn.Softshrink: ("softshrink", _attributes("lambd")),
    nn.RReLU: ("leaky_relu", lambda module: {"negative_slope": (module.lower + module.upper) / 2}),
    nn.PReLU: ("prelu", _attributes("weight")),
    nn.MaxPool1d: ("max_pool1d", _attributes(*_MAX_POOL)),
    nn.MaxPool2d: ("max_pool2d", _attributes(*_MAX_POOL)),
    nn.MaxPool3d: ("max_pool3d", _attributes(*_MAX_POOL)),
    nn.AdaptiveMaxPool1d: ("adaptive_max_pool1d", _attributes("output_size", "return_indices")),
    nn.AdaptiveMaxPool2d: ("adaptive_max_pool2d", _attributes("output_size", "return_indices")),
    nn.AdaptiveMaxPool3d: ("adaptive_max_pool3d", _attributes("output_size", "return_indices")),
    nn.AvgPool1d: ("avg_pool1d", _attributes(*_AVERAGE)),
    nn.AvgPool2d: ("avg_pool2d", _attributes(*_AVERAGE, "divisor_override")),
    nn.AvgPool3d: ("avg_pool3d", _attributes(*_AVERAGE, "divisor_override")),
    nn.AdaptiveAvgPool1d: ("adaptive_avg_pool1d", _attributes("output_size")),
    nn.AdaptiveAvgPool2d: ("adaptive_avg_pool2d", _attributes("output_size")),
    nn.AdaptiveAvgPool3d: ("adaptive_avg_pool3d", _attributes("output_size")),
    nn.Flatten: ("flatten", _attributes("start_dim", "end_dim")),
    nn.Unflatten: ("unflatten", lambda module: {"dim": module.dim, "sizes": module.unflattened_size}),
    nn.Identity: ("identity", _none),
    nn.Dropout: ("dropout", _none),
    nn.Dropout1d: ("dropout1d", _none),
    nn.Dropout2d: ("dropout2d", _none),
    nn.Dropout3d: ("dropout3d", _none),
    nn.AlphaDropout: ("alpha_dropout", _none),
}
