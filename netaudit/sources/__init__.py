"""Sources: how a name, a file or a module becomes fully connected layers, read one at a time."""

from netaudit.network.network import LayerSpec, ModelInfo, Network, Sample, TensorStore

__all__ = ["LayerSpec", "ModelInfo", "Network", "Sample", "TensorStore"]
