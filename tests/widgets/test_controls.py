"""Controls as HTML: what they ask for, and that no text becomes markup."""

from __future__ import annotations

import re

import pytest

from aml_widgets.widgets.panels.controls import (
    button_html,
    check_html,
    choice_html,
    confirm_html,
    menu_html,
    select_html,
    slider_html,
    text_html,
)

HOSTILE = '<img src=x onerror="1">\'&'

ALL = {
    "button": button_html(HOSTILE, HOSTILE, HOSTILE, value=HOSTILE, title=HOSTILE, local=HOSTILE),
    "icon": button_html(HOSTILE, "do", icon="+"),
    "confirm": confirm_html(HOSTILE, HOSTILE, HOSTILE, question=HOSTILE, title=HOSTILE),
    "choice": choice_html(HOSTILE, HOSTILE, [(HOSTILE, HOSTILE)], HOSTILE, argument=HOSTILE),
    "menu": menu_html(HOSTILE, "", HOSTILE, title=HOSTILE),
    "select": select_html(HOSTILE, HOSTILE, [(HOSTILE, HOSTILE)], HOSTILE, argument=HOSTILE),
    "check": check_html(HOSTILE, HOSTILE, is_checked=True, argument=HOSTILE, local=HOSTILE, title=HOSTILE),
    "text": text_html(HOSTILE, HOSTILE, HOSTILE, argument=HOSTILE, placeholder=HOSTILE, local=HOSTILE),
    "slider": slider_html(HOSTILE, HOSTILE, 1, low=0, high=2, step=1, argument=HOSTILE, shown=HOSTILE, shows=HOSTILE),
}


@pytest.mark.parametrize("name", ALL)
def test_no_text_becomes_markup(name: str) -> None:
    assert "<img" not in ALL[name]
    assert not re.search(r"\sonerror=\"", ALL[name])


@pytest.mark.parametrize("name", ALL)
def test_each_control_has_a_key(name: str) -> None:
    assert "data-aml-key=" in ALL[name]


def test_a_choice_tells_which_is_chosen_and_what_each_means() -> None:
    html = choice_html("Size", "size", [("s", "Small"), ("l", "Large")], "l")

    assert html.count("<button") == 2
    assert re.findall(r'data-aml-key="(.*?)"', html) == ["size s", "size l"]
    assert re.findall(r'data-aml-value="(.)"', html) == ["s", "l"]
    assert re.findall(r'aria-pressed="(\w+)"', html) == ["false", "true"]


def test_a_slider_reads_in_its_own_words() -> None:
    html = slider_html("Smoothing", "smooth", 30, low=0, high=100, step=1, shows="{} %")

    assert '<output class="aml-number">30 %</output>' in html
    assert 'data-aml-shows="{} %"' in html
    assert 'aria-valuetext="30 %"' in html
