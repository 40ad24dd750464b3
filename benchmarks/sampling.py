"""Timing several things fairly: alternately, often, and compared within one run."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.table import Row


@dataclass(frozen=True)
class Sample:
    """The seconds that one thing took, repetition by repetition."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of all repetitions."""
        return statistics.median(self.seconds)

    def milliseconds(self, name: str) -> Row:
        """Return a row that says how long it took."""
        each = [1000 * seconds for seconds in self.seconds]
        return Row(name, 1000 * self.median, "ms", middle_half=_middle_half(each))

    def microseconds(self, name: str, count: int) -> Row:
        """Return a row that says how long each of ``count`` things took."""
        each = [1e6 * seconds / count for seconds in self.seconds]
        return Row(name, 1e6 * self.median / count, "µs", middle_half=_middle_half(each))

    def rate(self, name: str, count: int) -> Row:
        """Return a row that says how many of ``count`` things were done in a second."""
        each = [count / seconds for seconds in self.seconds]
        return Row(name, count / self.median, "/s", middle_half=_middle_half(each))

    def ratio(self, name: str, base: Sample, goal: float | None = None) -> Row:
        """Return a row with the ratio of the medians; its spread is that of the single pairs."""
        pairs = [own / other for own, other in zip(self.seconds, base.seconds, strict=True)]
        return Row(name, self.median / base.median, "x", goal, _middle_half(pairs))


def alternately(repetitions: int, *timed: Callable[[], float]) -> list[Sample]:
    """Call functions in turn, and in reverse order every second time; return what they give.

    Parameters
    ----------
    repetitions : int
        How often each is called; a spread needs two at least.
    *timed : callable
        Each does its thing once and returns the seconds that it took.
    """
    seconds: list[list[float]] = [[] for _ in timed]
    for repetition in range(repetitions):
        order = range(len(timed))
        for index in reversed(order) if repetition % 2 else order:
            seconds[index].append(timed[index]())
    return [Sample(tuple(each)) for each in seconds]


def _middle_half(values: Sequence[float]) -> tuple[float, float]:
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high
