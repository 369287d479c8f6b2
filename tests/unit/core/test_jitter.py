"""Pauses differ by chance, and take no chance away from who trains."""

from __future__ import annotations

import random

from aml_widgets.core.jitter import draw_factor


def test_a_factor_lies_between_its_limits_and_differs() -> None:
    factors = {draw_factor(0.5, 1.0) for _ in range(100)}

    assert len(factors) > 90
    assert all(0.5 <= factor <= 1.0 for factor in factors)


def test_what_a_user_has_seeded_goes_on_as_it_would() -> None:
    random.seed(7)
    expected = [random.random() for _ in range(3)]

    random.seed(7)
    drawn = []
    for _ in range(3):
        draw_factor(0.0, 1.0)
        drawn.append(random.random())

    assert drawn == expected
