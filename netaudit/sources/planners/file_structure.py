"""Plan a file that says itself what its network is: the layers, and the operations between them where it tells them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from netaudit.formats.weights_file import Declared, Structure
from netaudit.network.layers import Head, HeadLayer
from netaudit.network.network import LayerSpec
from netaudit.sources.planners.gates import gates
from netaudit.sources.planners.plan import Group, Plan, assemble, inferred_head


def plan_structure(declared: Mapping[str, Declared], structure: Structure) -> Plan:
    """What to audit in such a file: its layers, and every other tensor with the reason why it is none.

    Activations and the head come from the graph. Without a graph the activations are not known, and the head is
    inferred from shapes and from the order of the layers.
    """
    graph = structure.graph
    activations = graph.activations() if graph else {}
    layers = [replace(spec, activation=activations.get(spec.weight, spec.activation)) for spec in structure.layers]
    parameters = {key: (tensor.identity, tensor.size) for key, tensor in declared.items()}
    of_gates = gates(structure.cells, {key: known for key, known in parameters.items() if key not in structure.buffers})
    used = {key for spec in layers for key in (spec.weight, spec.bias)} | of_gates.cut
    places = {key: place for place, key in enumerate(declared)}
    parts: list[tuple[int, list[LayerSpec], list[Group]]] = [(places[spec.weight], [spec], []) for spec in layers]
    parts += [(places[key], list(specs), []) for key, specs in of_gates.layers.items()]
    parts += [(places[keys[0]], [], [group]) for keys, group in _groups(declared, used, structure)]
    parts.sort(key=lambda part: part[0])
    entries, total = assemble([(specs, groups) for _, specs, groups in parts], of_gates.parameters)
    if graph is None:
        head = inferred_head(of_gates.hidden(entries))
        return Plan(tuple(entries), total, head, structure.cells, parts=of_gates.parts)
    specs = {entry.weight: entry for entry in entries if isinstance(entry, LayerSpec)}
    top = graph.top({weight: spec.shape[1] for weight, spec in specs.items()})
    steps = tuple(HeadLayer(specs[weight].name, activation) for weight, activation in top)
    head = Head(steps, inferred=False) if steps else None
    return Plan(tuple(entries), total, head, structure.cells, parts=of_gates.parts)


def _groups(
    declared: Mapping[str, Declared], used: Collection[str | None], structure: Structure
) -> Iterator[tuple[list[str], Group]]:
    """The tensors that are not audited: those of one module for one reason are one entry, under the largest."""
    together: dict[tuple[str, str, bool], list[str]] = {}
    for key, tensor in declared.items():
        if key not in used:
            buffer = key in structure.buffers
            other = "buffer, not a parameter" if buffer else "not a fully connected layer"
            reason = tensor.refusal or structure.reasons.get(key) or other
            module = key.partition(".")[0] if buffer else key.rpartition(".")[0] or key
            together.setdefault((module, reason, buffer), []).append(key)
    for (_, reason, buffer), keys in together.items():
        main, *rest = sorted(keys, key=lambda key: -declared[key].size)
        name = main.removesuffix(".weight").removesuffix(".kernel")
        yield keys, Group(name, declared[main].shape, reason, () if buffer else (main, *rest))
