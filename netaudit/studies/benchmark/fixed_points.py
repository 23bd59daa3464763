"""Time and memory of the search for fixed points, beside a plain one that goes through the starts one at a time.

    python -m netaudit.studies.benchmark.fixed_points [--units 256] [--starts 1024] [--peer FILE] [--peer-starts 32]

The cell is a GRU at its initialisation, whose candidate's recurrent matrix has a multiple of the identity added: each
unit then keeps its sign, so that there are many fixed points. The peer is tests/peers/fixed_points_one_at_a_time.py in
a checkout. It takes the first of the starts alone: its time for all is that times as many.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from pathlib import Path
from typing import Any

import click

from netaudit.numerics.memory import peak_memory


def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--starts", type=int, default=1024)
    parser.add_argument("--keeps", type=float, default=4.0, help="what is added to the diagonal")
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--peer-starts", type=int, default=32)
    arguments = parser.parse_args()
    click.echo(json.dumps(measured(**vars(arguments)), indent=2))


def measured(*, units: int, starts: int, keeps: float, peer: Path | None, peer_starts: int) -> dict[str, Any]:
    """Times in seconds, by the wall and by the processors; of the peer for its starts, and the ratio for one start."""
    import torch
    from torch import nn

    from netaudit.recurrent import fixed_points, read_cells, states_along

    torch.manual_seed(0)
    module = nn.GRU(8, units)
    state = module.state_dict()
    state["weight_hh_l0"][2 * units :] += keeps * torch.eye(units)
    [cell] = read_cells(state)
    inputs = torch.randn(starts, 30, 8, dtype=torch.float64)
    begin, held = states_along(cell, inputs)[:, -1], torch.zeros(1, 8, dtype=torch.float64)
    wall, used = time.perf_counter(), time.process_time()
    found = fixed_points(cell, begin, held)
    seconds, cpu = time.perf_counter() - wall, time.process_time() - used
    result: dict[str, Any] = {
        "units": units,
        "starts": starts,
        "threads": torch.get_num_threads(),
        "fixed_points": len(found.points),
        "slow_points": len(found.slow),
        "seconds": seconds,
        "cpu_seconds": cpu,
        "peak_bytes": peak_memory(),
    }
    if peer is not None:
        spec = importlib.util.spec_from_file_location("peer", peer)
        assert spec is not None
        assert spec.loader is not None
        plain = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(plain)
        used = time.process_time()
        theirs = plain.fixed_points(cell, begin[:peer_starts], held)
        one = (time.process_time() - used) / min(peer_starts, starts)
        apart = torch.cdist(theirs, found.points).amin(1) if len(theirs) and len(found.points) else torch.empty(0)
        result["peer"] = {
            "starts": min(peer_starts, starts),
            "fixed_points": len(theirs),
            "cpu_seconds": one * min(peer_starts, starts),
            "times_as_slow_a_start": one / (cpu / starts),
            "largest_distance": float(apart.max()) if len(apart) else None,
        }
    return result


if __name__ == "__main__":
    main()
