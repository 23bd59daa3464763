"""The factor before an adapter's product, from the alpha and the rank that its file or its configuration says.

Source: LoRA (Hu et al., 2021) has alpha / r, rsLoRA (Kalajdzievski, 2023) alpha / sqrt(r). PEFT keeps them in
``adapter_config.json``, and may have others for single layers there, in ``alpha_pattern`` and ``rank_pattern``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from netaudit.composed.rule import Stored

PREFIX = "base_model.model."
"""What PEFT writes before the name that a module has in its model."""
OF_LYCORIS = ("LOKR", "LOHA")
"""The kinds of PEFT whose alpha is called ``alpha``, and is divided by the rank whatever the factors are."""
_USUAL = re.compile(r"[\w\-.\\^$|()\[\]+*]{1,200}")
_LONGEST = 500
"""Characters of a module's name that a pattern is looked for in."""


def scale(base: str, rank: int, stored: Stored) -> tuple[float | None, str]:
    """The factor before the product of the adapter of the module ``base``, and its words.

    None where neither the file nor its configuration says it.
    """
    if stored.usable(f"{base}.alpha"):
        alpha: Any = float(stored.read(f"{base}.alpha").float().reshape(-1)[0])
    else:
        own = "alpha" if of_lycoris(stored) else "lora_alpha"
        alpha = pattern(stored.adapter, "alpha_pattern", base, stored.adapter.get(own))
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not math.isfinite(alpha) or rank < 1:
        return None, ""
    if stored.adapter.get("use_rslora") is True and not of_lycoris(stored):
        return alpha / math.sqrt(rank), f"s = alpha / sqrt(r) = {alpha:g} / sqrt({rank}) (rsLoRA)"
    return alpha / rank, f"s = alpha / r = {alpha:g} / {rank}"


def configured_rank(base: str, stored: Stored) -> int | None:
    """The rank that PEFT's configuration of a LoKr or LoHa says; None where there is no such configuration."""
    rank = pattern(stored.adapter, "rank_pattern", base, stored.adapter.get("r")) if of_lycoris(stored) else None
    return rank if isinstance(rank, int) and not isinstance(rank, bool) and rank > 0 else None


def of_lycoris(stored: Stored) -> bool:
    """Whether PEFT's configuration is that of a LoKr or LoHa."""
    return stored.adapter.get("peft_type") in OF_LYCORIS


def pattern(config: Mapping[str, Any], name: str, base: str, otherwise: Any) -> Any:
    """The value of the first key of a pattern that the module's name ends in, as PEFT looks it up; else ``otherwise``.

    A key is a regular expression for the end of the name, after a dot. None where one is too involved to be tried on
    names that nobody vouches for: the value is then not known.

    >>> pattern({"alpha_pattern": {"proj": 1, "q_proj": 4}}, "alpha_pattern", "base_model.model.0.q_proj", 16)
    4
    """
    keys = config.get(name)
    module = base.removeprefix(PREFIX)
    if isinstance(keys, dict) and (own := exactly(module)) in keys:  # as this package writes them: one for each module
        return keys[own]
    for key, value in keys.items() if isinstance(keys, dict) else ():
        if not _bounded(key) or len(module) > _LONGEST:
            return None
        try:
            if re.match(rf"(.*\.)?({key})$", module):
                return value
        except re.error:
            return None
    return otherwise


def exactly(module: str) -> str:
    """The key of a pattern for this one module."""
    return f"^{re.sub(r'([^A-Za-z0-9_-])', _escaped, module.removeprefix(PREFIX))}"


def _escaped(match: re.Match[str]) -> str:
    return f"\\{match[0]}"


def _bounded(key: str) -> bool:
    """Whether a regular expression takes at most the cube of a name's length: two repeats, and none of a group."""
    plain = re.sub(r"\\.", "", key)
    return bool(_USUAL.fullmatch(key)) and len(re.findall(r"[*+]", plain)) <= 2 and not re.search(r"\)[*+]", plain)
