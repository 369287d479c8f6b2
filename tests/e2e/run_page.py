"""The page of a run that is open in the browser, as a test handles it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def card(run_page: Locator, name: str) -> Locator:
    """The card of a metric."""
    return run_page.locator(f"section[data-metric={json.dumps(name)}]")


def is_painted(chart: Locator) -> bool:
    """Whether a canvas has a pixel that is not transparent."""
    return bool(
        chart.locator("canvas").evaluate(
            "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(one => one > 0)"
        )
    )


def fits(run_page: Locator) -> bool:
    """Whether nothing of a page is wider than the page."""
    return bool(run_page.evaluate("one => one.scrollWidth <= one.clientWidth"))
