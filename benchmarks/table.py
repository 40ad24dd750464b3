"""What a measure gives, and the one table that all of them make.

Knows rows and text; nothing of what is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class SkippedError(Exception):
    """A measure cannot be taken here; says what is missing."""


@dataclass(frozen=True)
class Row:
    """One number.

    Attributes
    ----------
    name : str
        What was measured.
    value : float
        The number: a median, where it was measured more than once.
    unit : str
        Its unit; ``x`` for a ratio.
    goal : float or None
        The most that it may be.
    middle_half : tuple of float or None
        Between which two numbers the middle half of the repetitions lies.
    """

    name: str
    value: float
    unit: str
    goal: float | None = None
    middle_half: tuple[float, float] | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None if there is none."""
        return None if self.goal is None else self.value <= self.goal


@dataclass(frozen=True)
class Measurement:
    """What one measure found.

    Attributes
    ----------
    rows : tuple of Row
        Its numbers.
    ran : tuple of str
        What was run to get them, one line each: commands, data, repetitions.
    """

    rows: tuple[Row, ...]
    ran: tuple[str, ...]


_TITLES = ("", "value", "unit", "middle half", "goal", "")


def table(measurements: Mapping[str, Measurement]) -> str:
    """Return the rows of all measures as one table of text."""
    groups = {name: [_cells(row) for row in m.rows] for name, m in measurements.items()}
    every_row = [_TITLES, *(cells for rows in groups.values() for cells in rows)]
    widths = [max(map(len, column)) for column in zip(*every_row, strict=True)]
    lines = [_line(_TITLES, widths), "-" * (sum(widths) + 2 * len(widths) - 2)]
    for name, rows in groups.items():
        lines += [name, *(_line(cells, widths) for cells in rows)]
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    low_to_high = "" if row.middle_half is None else " - ".join(map(_number, row.middle_half))
    goal = "" if row.goal is None else f"<= {_number(row.goal)}"
    verdict = {None: "", True: "met", False: "MISSED"}[row.met]
    return f"  {row.name}", _number(row.value), row.unit, low_to_high, goal, verdict


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, value, unit, *others = (
        cell.rjust(width) if position == 1 else cell.ljust(width)
        for position, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join((name, value, unit, *others)).rstrip()


def _number(value: float) -> str:
    digits = 0 if value >= 1000 else 1 if value >= 100 else 3
    return f"{value:,.{digits}f}"
