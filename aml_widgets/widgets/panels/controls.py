"""Controls as HTML. The page (`page.py`) tells the kernel when they are used; a click or a change is ``do`` with ``argument``.

All text is escaped here. Each control has a key, by which the page gives focus, selection and scrolling back to it when its
HTML is written anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from aml_widgets.widgets.text import escape


def button_html(
    label: str,
    do: str,
    argument: str = "",
    *,
    title: str = "",
    is_pressed: bool | None = None,
    is_disabled: bool = False,
    icon: str = "",
    local: str = "",
    classes: str = "",
) -> str:
    """Write a button. With an `icon` (text or an SVG of ours) the label is for screen readers and the tooltip."""
    attributes = _attributes(do, argument, local)
    if is_pressed is not None:
        attributes += f' aria-pressed="{"true" if is_pressed else "false"}"'
    if is_disabled:
        attributes += " disabled"
    tooltip = title or (label if icon else "")
    if tooltip:
        attributes += f' title="{escape(tooltip)}"'
    if icon:
        attributes += f' aria-label="{escape(label)}"'
    content = f'<span aria-hidden="true">{icon}</span>' if icon else escape(label)
    return f'<button type="button" class="aml-button {classes}"{attributes}>{content}</button>'


def select_html(
    label: str, do: str, options: Sequence[tuple[str, str]], value: str, *, argument: str = "", shows_label: bool = True
) -> str:
    """Write a drop-down of (value, text) pairs."""
    items = "".join(
        f'<option value="{escape(one)}"{" selected" if one == value else ""}>{escape(text)}</option>'
        for one, text in options
    )
    name = f' aria-label="{escape(label)}"'
    select = f'<select class="aml-select"{name}{_attributes(do, argument)}>{items}</select>'
    return _labelled(label, select) if shows_label else select


def check_html(label: str, do: str, *, is_checked: bool, argument: str = "", local: str = "", title: str = "") -> str:
    """Write a tick box with its label."""
    tooltip = f' title="{escape(title)}"' if title else ""
    box = f'<input type="checkbox"{_attributes(do, argument, local)}{" checked" if is_checked else ""}>'
    return f'<label class="aml-check"{tooltip}>{box}<span>{escape(label)}</span></label>'


def text_html(
    label: str, do: str, value: str = "", *, argument: str = "", placeholder: str = "", local: str = ""
) -> str:
    """Write a search field. It is told of while it is typed into, not at each letter."""
    return (
        f'<input type="search" class="aml-text-input" aria-label="{escape(label)}" value="{escape(value)}" '
        f'placeholder="{escape(placeholder)}" spellcheck="false" autocomplete="off"{_attributes(do, argument, local)}>'
    )


def slider_html(
    label: str, do: str, value: float, *, low: float, high: float, step: float, argument: str = "", shown: str = ""
) -> str:
    """Write a slider; `shown` is how its value reads."""
    control = (
        f'<input type="range" class="aml-slider" aria-label="{escape(label)}" min="{low:g}" max="{high:g}" step="{step:g}" '
        f'value="{value:g}"{_attributes(do, argument)}>'
    )
    return _labelled(label, control + (f'<output class="aml-number">{escape(shown)}</output>' if shown else ""))


def _labelled(label: str, control: str) -> str:
    return f'<label class="aml-labelled"><span class="aml-label">{escape(label)}</span>{control}</label>'


def _attributes(do: str, argument: str, local: str = "") -> str:
    parts = [f' data-aml-key="{escape(f"{do or local} {argument}".strip())}"']
    if do:
        parts.append(f' data-aml-do="{escape(do)}"')
    if argument:
        parts.append(f' data-aml-with="{escape(argument)}"')
    if local:
        parts.append(f' data-aml-local="{escape(local)}"')
    return "".join(parts)
