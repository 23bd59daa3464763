"""Weights files: what each format holds, as named tensors that are read one at a time."""
