"""Sources: how a name, a file or a module becomes fully connected layers, read one at a time."""

from netaudit.network.network import FCSpec, ModelInfo, Sample, Source, TensorStore

__all__ = ["FCSpec", "ModelInfo", "Sample", "Source", "TensorStore"]
