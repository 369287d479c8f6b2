"""Pauses that differ by chance, so that not all who wait for one server ask it at the same moment."""

from __future__ import annotations

import random

# Never the generator of the module `random`: a training script that seeds it gets the same numbers whatever is waited for meanwhile.
_source = random.SystemRandom()


def draw_factor(low: float, high: float) -> float:
    """Draw what to multiply a pause by, each number between the two as likely as any other."""
    return _source.uniform(low, high)
