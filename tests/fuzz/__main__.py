"""``make fuzz``: many damaged files of each format. What is found is kept with its seed, to become a test."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from fuzz.runner import Result, named, run


def main() -> None:
    """Run, print a line a format, and exit with 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("formats", nargs="*", help="all by default")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--out", type=Path, default=Path("reports/fuzz"), help="a format that was done is not run again"
    )
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    results = run(named(chosen.formats), chosen.seed, chosen.cases, chosen.jobs, chosen.out, _print)
    sys.exit(any(result.faults for result in results))


def _print(result: Result) -> None:
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(result.outcomes.items()))
    more = f"; {result.crashes_of_others} end the other library" if result.crashes_of_others else ""
    more += f"; {result.ends_of_parsers} end a native parser" if result.ends_of_parsers else ""
    more += f"; {result.figures:,} figures of {result.drawn:,} drawn" if result.drawn else ""
    print(
        f"{result.format:14} {result.cases:,} cases: {counts}; {result.compared:,} compared{more}; "
        f"{result.slowest:.2f} s and {result.largest / 2**20:.0f} MiB at most; {len(result.faults)} faults",
        flush=True,
    )
    for fault, cases in sorted(result.faults.items()):
        print(f"    {fault} ({len(cases)}: {', '.join(map(str, cases[:5]))})", flush=True)


main()
