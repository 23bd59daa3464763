"""A sharded checkpoint of a transformer in files with holes: large on paper, small on the disk."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Collection
from pathlib import Path

import torch

WIDTH = 2  # bytes of a bfloat16


def write(folder: Path, blocks: int, width: int, real: Collection[int], blocks_a_shard: int = 8) -> int:
    """``blocks`` of one ``width x width`` projection and a norm, in bfloat16, and an embedding in the first shard.

    Projections of the ``real`` blocks are Gaussian, all other numbers are zeros that no disk holds. Gives the number of
    bytes that the shards declare.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shards = [range(start, min(start + blocks_a_shard, blocks)) for start in range(0, blocks, blocks_a_shard)]
    weight_map, total = {}, 0
    for number, held in enumerate(shards, start=1):
        shapes = {"model.embed_tokens.weight": (8 * width, width)} if number == 1 else {}
        for block in held:
            shapes[f"model.layers.{block}.input_layernorm.weight"] = (width,)
            shapes[projection(block)] = (width, width)
        name = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        entries, end = {}, 0
        for tensor, shape in shapes.items():
            start, end = end, end + WIDTH * math.prod(shape)
            entries[tensor] = {"dtype": "BF16", "shape": shape, "data_offsets": [start, end]}
        header = json.dumps(entries).encode()
        with (folder / name).open("wb") as file:
            file.write(struct.pack("<Q", len(header)) + header)
            for block in set(real) & set(held):
                file.seek(8 + len(header) + entries[projection(block)]["data_offsets"][0])
                file.write(gaussian(block, width).view(torch.uint8).numpy().data)
            file.truncate(8 + len(header) + end)
        weight_map |= dict.fromkeys(shapes, name)
        total += end
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return total


def projection(block: int) -> str:
    return f"model.layers.{block}.self_attn.o_proj.weight"


def gaussian(block: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(block)
    return (0.02 * torch.randn(width, width, generator=generator)).bfloat16()
