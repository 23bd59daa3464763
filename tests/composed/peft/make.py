"""Make the files of this folder: adapters as PEFT writes them, and what its merge_and_unload gives.

Needs peft and transformers, which no test does: ``python make.py``. Written with peft 0.21.2.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).parent
LINEAR = ["q", "fc"]
CONV1D = ["c_attn", "c_proj", "c_fc"]
CASES = {
    "lora": (
        "LoraConfig",
        {
            "r": 2,
            "lora_alpha": 6,
            "target_modules": [*LINEAR, *CONV1D],
            "modules_to_save": ["head"],
        },
    ),
    "embedding": ("LoraConfig", {"r": 2, "lora_alpha": 6, "target_modules": ["emb", "q"]}),
    "patterns": (
        "LoraConfig",
        {
            "r": 2,
            "lora_alpha": 6,
            "target_modules": LINEAR,
            "use_rslora": True,
            "rank_pattern": {"fc": 3},
            "alpha_pattern": {"^block.q": 5, "f.": 10, "block.fc": 100},
        },
    ),
    "dora": ("LoraConfig", {"r": 2, "lora_alpha": 6, "target_modules": [*LINEAR, *CONV1D], "use_dora": True}),
    "bias": ("LoraConfig", {"r": 2, "lora_alpha": 6, "target_modules": ["fc"], "lora_bias": True}),
    "bias_all": ("LoraConfig", {"r": 2, "lora_alpha": 6, "target_modules": ["fc"], "bias": "all"}),
    "lokr": (
        "LoKrConfig",
        {
            "r": 2,
            "alpha": 6,
            "target_modules": LINEAR,
            "rank_pattern": {"fc": 1},
            "alpha_pattern": {"fc": 5},
        },
    ),
    "lokr_both": (
        "LoKrConfig",
        {
            "r": 1,
            "alpha": 6,
            "target_modules": LINEAR,
            "decompose_both": True,
            "decompose_factor": 4,
        },
    ),
    "loha": ("LoHaConfig", {"r": 2, "alpha": 6, "target_modules": LINEAR}),
}


class Net(nn.Module):
    """Every kind of module that an adapter may be added to; the projections of GPT-2 are Conv1D, one of them square."""

    def __init__(self) -> None:
        from transformers.pytorch_utils import Conv1D

        super().__init__()
        self.block = nn.ModuleDict(
            {
                "emb": nn.Embedding(10, 8),
                "q": nn.Linear(8, 8, bias=False),
                "fc": nn.Linear(8, 12),
                "c_attn": Conv1D(24, 8),
                "c_proj": Conv1D(8, 8),
                "c_fc": Conv1D(12, 8),
            }
        )
        self.head = nn.Linear(12, 5)


def randomise(module: nn.Module, seed: int) -> None:
    """Give every parameter numbers; an adapter begins as zero otherwise."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)


def main() -> None:
    """Write base.safetensors, and of each case its adapter and what it gives on this base, merged/CASE.safetensors."""
    import peft

    (HERE / "merged").mkdir(exist_ok=True)
    base = Net()
    randomise(base, 0)
    save_file(base.state_dict(), HERE / "base.safetensors")
    for seed, (name, (kind, settings)) in enumerate(CASES.items(), start=1):
        net = Net()
        net.load_state_dict(base.state_dict())
        adapted = peft.get_peft_model(net, getattr(peft, kind)(**settings))
        frozen = {key: tensor.clone() for key, tensor in net.state_dict().items()}
        randomise(adapted, seed)
        trained = {key for key, parameter in net.named_parameters() if parameter.requires_grad}
        net.load_state_dict({key: tensor for key, tensor in frozen.items() if key not in trained}, strict=False)
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        adapted.save_pretrained(folder)
        (folder / "README.md").unlink()
        written = json.loads((folder / "adapter_config.json").read_text())
        kept = {key: value for key, value in written.items() if value not in (None, {}, [])}
        kept["target_modules"].sort()  # a set in PEFT
        (folder / "adapter_config.json").write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
        loaded = Net()
        loaded.load_state_dict(base.state_dict())
        merged = peft.PeftModel.from_pretrained(
            loaded, folder
        ).merge_and_unload()  # as it is read: PEFT sorts the settings
        save_file(merged.state_dict(), HERE / "merged" / f"{name}.safetensors")


if __name__ == "__main__":
    main()
