"""Architectures and weights known by a name: bundled, torchvision, timm, the Hugging Face hub."""
