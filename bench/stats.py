"""Medians, and how far to trust them."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence
from typing import TypeVar

Round = TypeVar("Round")

SEED = 20260704
CONFIDENCE = 0.95

Interval = tuple[float, float]


def ratio_of_medians(above: Sequence[float], below: Sequence[float]) -> float:
    return statistics.median(above) / statistics.median(below)


def interval(
    rounds: Sequence[Round],
    statistic: Callable[[Sequence[Round]], float],
    resamples: int = 2000,
) -> Interval:
    """The bootstrap interval of a statistic over rounds. What was measured together stays together:
    a slow moment of the machine hits all contenders of its round."""
    chance = random.Random(SEED)
    values = sorted(
        statistic(chance.choices(rounds, k=len(rounds))) for _ in range(resamples)
    )
    tail = (1 - CONFIDENCE) / 2
    return values[int(tail * resamples)], values[min(resamples - 1, int((1 - tail) * resamples))]


def half_width(bounds: Interval, value: float) -> float:
    """Half of the interval, relative to the value."""
    return (bounds[1] - bounds[0]) / 2 / value if value else float("inf")
