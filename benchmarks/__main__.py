"""Runs the benchmarks and prints their table: ``python -m benchmarks [NAME …] [--quick]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from benchmarks import (
    client_memory,
    comm_bytes,
    fold_speed,
    live_threads,
    live_turn,
    load_time,
    many_turns,
    panel_opening,
    panel_speed,
    second_turn,
    turn_memory,
    turn_time,
)
from benchmarks.surroundings import surroundings
from benchmarks.table import Measurement, SkippedError, table

MEASURES: dict[str, Callable[[bool], Measurement]] = {
    "turn_time": turn_time.measure,
    "live_turn": live_turn.measure,
    "second_turn": second_turn.measure,
    "many_turns": many_turns.measure,
    "live_threads": live_threads.measure,
    "turn_memory": turn_memory.measure,
    "client_memory": client_memory.measure,
    "fold_speed": fold_speed.measure,
    "comm_bytes": comm_bytes.measure,
    "panel_speed": panel_speed.measure,
    "panel_opening": panel_opening.measure,
    "load_time": load_time.measure,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the arguments name; a goal that is missed is marked, and is no failure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--quick", action="store_true", help="few repetitions, small data")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - MEASURES.keys()
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}")
    print(surroundings(), flush=True)
    measurements = {}
    for name in options.names or MEASURES:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            measurements[name] = MEASURES[name](options.quick)
        except SkippedError as missing:
            print(f"{name}: skipped, {missing}", file=sys.stderr, flush=True)
    print(f"\n{table(measurements)}\n")
    for name, measurement in measurements.items():
        print(f"{name}: " + "\n  ".join(measurement.ran))


if __name__ == "__main__":
    main()
