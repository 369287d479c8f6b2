"""Tiles and the table of what was logged once."""

from __future__ import annotations

import threading

import pytest

from aml_widgets.core.records import MetricValue
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.widgets.page import Page
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.values import MAX_TILES, ValuesPanel
from aml_widgets.widgets.settings import SettingsHolder
from aml_widgets.widgets.view_state import ViewState, advance
from tests.widgets.building import NAN, changes, news


@pytest.fixture
def panel() -> ValuesPanel:
    lock = threading.RLock()
    return ValuesPanel(
        Host(
            store=MemoryRunStore(),
            run_id="run",
            lock=lock,
            page=Page(lock),
            settings=SettingsHolder(),
            open_run=lambda _: None,
        )
    )


def html_of(panel: ValuesPanel) -> str:
    return "".join(place.value for place in panel.widget.children)


def test_single_numbers_are_tiles_and_the_rest_is_a_table(panel: ValuesPanel) -> None:
    values: dict[str, MetricValue] = {
        "alpha": 0.1234567,
        "nan": NAN,
        "model": "Ridge",
        "is final": True,
        "nothing": None,
        "empty": "",
    }

    panel.update(
        advance(ViewState(run_id="run"), changes(*(news([value], name=name) for name, value in values.items())))
    )

    html = html_of(panel)
    assert html.count('class="aml-tile"') == 2
    assert 'title="0.1234567">0.123457<' in html
    assert html.count("<tr>") == 4
    assert "empty text" in html


def test_many_tiles_fold_behind_the_first_ones(panel: ValuesPanel) -> None:
    metrics = [news([float(place)], name=f"m{place}") for place in range(MAX_TILES + 25)]

    panel.update(advance(ViewState(run_id="run"), changes(*metrics)))

    assert "<summary>and 25 more</summary>" in html_of(panel)
    assert html_of(panel).count('class="aml-tile"') == MAX_TILES + 25


def test_a_number_that_was_logged_again_leaves_its_tile(panel: ValuesPanel) -> None:
    state = advance(ViewState(run_id="run"), changes(news([1.0])))
    panel.update(state)
    assert panel.widget.layout.display is None

    panel.update(advance(state, changes(news([2.0], first_seq=1))))

    assert html_of(panel) == ""
    assert panel.widget.layout.display == "none"


def test_texts_stay_texts(panel: ValuesPanel) -> None:
    evil = "<img src=x onerror=alert(1)>"

    panel.update(advance(ViewState(run_id="run"), changes(news([evil], name=evil), news([1.0], name=f"n{evil}"))))

    assert "<img" not in html_of(panel)
