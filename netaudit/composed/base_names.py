"""Under which names the modules that an adapter changes lie in its base."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netaudit.composed import adapters
from netaudit.composed.adapter_scale import PREFIX
from netaudit.composed.model_config import adapter_config
from netaudit.errors import SourceError
from netaudit.formats.weights_file import WeightsFile
from netaudit.text import printable


class BaseNames:
    """Where the modules of an adapter lie in its base, whose names may have more or fewer parts at their beginning."""

    def __init__(self, adapter: WeightsFile, base: WeightsFile, modules: Sequence[str]) -> None:
        self.known = {name.removesuffix(".weight") for name in base.declared if name.endswith(".weight")}
        plain = [module.removeprefix(PREFIX) for module in modules]
        found = [
            (drop, add)
            for drop, add in self._ways(plain[0])
            if all(self._at(drop, add, m) in self.known for m in plain)
        ]
        if not found:
            best = max(
                self._ways(plain[0]), key=lambda way: sum(self._at(way[0], way[1], m) in self.known for m in plain)
            )
            lacking = next(module for module in plain if self._at(*best, module) not in self.known)
            raise SourceError(
                f"{printable(base.path.name, 80)}: no layer {printable(lacking, 80)}, which the adapter changes",
                hint=whose(adapter),
            )
        if len(found) > 1 and found[0] != (0, ""):
            places = " and ".join(printable(self._at(drop, add, plain[0]), 80) for drop, add in found[:2])
            raise SourceError(
                f"{printable(base.path.name, 80)}: the layer that the adapter changes could be {places}",
                hint="--state KEY says which network of the base is meant",
            )
        self.drop, self.add = found[0]

    def _ways(self, module: str) -> Iterator[tuple[int, str]]:
        """How many parts to leave out at the beginning, and what to put there."""
        yield 0, ""
        parts = module.split(".")
        yield from ((drop, "") for drop in range(1, min(len(parts), 4)))
        yield from sorted((0, known.removesuffix(module)) for known in self.known if known.endswith(f".{module}"))

    @staticmethod
    def _at(drop: int, add: str, module: str) -> str:
        return add + ".".join(module.split(".")[drop:])

    def module(self, module: str) -> str:
        """The base's name of a module of the adapter."""
        return self._at(self.drop, self.add, module.removeprefix(PREFIX))

    def name(self, name: str) -> str:
        """A tensor's name beside those of the base."""
        plain = name.removeprefix(PREFIX)
        if not adapters.is_part(name):  # PEFT keeps what it trained whole under these
            plain = plain.replace(".base_layer.", ".").replace(".modules_to_save.default.", ".")
            plain = plain.replace(".modules_to_save.", ".")
        return self._at(self.drop, self.add, plain)


def whose(adapter: WeightsFile) -> str:
    """What to ask where an adapter does not fit its base."""
    named = adapter_config(adapter.path).get("base_model_name_or_path")
    if isinstance(named, str) and named:
        return f"is it the adapter's base? adapter_config.json names {printable(named, 80)}"
    return "is it the adapter's base?"
