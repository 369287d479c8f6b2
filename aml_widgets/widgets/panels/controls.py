"""Controls as HTML. The page (`page.py`) tells the kernel when they are used: ``do`` with ``argument`` and the control's value.

All text is escaped here; only an `icon` and the content of a menu are HTML already. Each control has a key, by which the page
gives focus, selection, what was typed and what was unfolded back to it when its HTML is written anew: keys are unique in a view.
"""

from __future__ import annotations

from collections.abc import Sequence

from aml_widgets.widgets.text import escape


def button_html(
    label: str,
    do: str,
    argument: str = "",
    *,
    value: str = "",
    title: str = "",
    is_pressed: bool | None = None,
    is_disabled: bool = False,
    icon: str = "",
    local: str = "",
    classes: str = "",
) -> str:
    """Write a button.

    Parameters
    ----------
    label : str
        What it reads; with an `icon`, what a screen reader says and the tooltip.
    do : str
        The verb that the kernel answers; empty where the browser alone does it.
    argument : str, optional
        With what.
    value : str, optional
        Goes to the handler as the control's value.
    title : str, optional
        The tooltip.
    is_pressed : bool, optional
        For a button that is on or off.
    is_disabled : bool, optional
        Whether it cannot be used now.
    icon : str, optional
        A character or an SVG of ours, HTML already.
    local : str, optional
        What the browser does by itself, by its name in ``aml.local``.
    classes : str, optional
        More classes, such as ``aml-is-plain`` (no border until it is pointed at) and ``aml-is-danger``.
    """
    attributes = _attributes(do, argument, local, value)
    if value:
        attributes += f' data-aml-value="{escape(value)}"'
    if is_pressed is not None:
        attributes += f' aria-pressed="{"true" if is_pressed else "false"}"'
    if is_disabled:
        attributes += " disabled"
    tooltip = title or (label if icon else "")
    if tooltip:
        attributes += f' title="{escape(tooltip)}"'
    if icon:
        attributes += f' aria-label="{escape(label)}"'
    content = f'<span class="aml-icon" aria-hidden="true">{icon}</span>' if icon else escape(label)
    return f'<button type="button" class="{_classes("aml-button", classes)}"{attributes}>{content}</button>'


def confirm_html(label: str, do: str, argument: str = "", *, question: str, title: str = "", classes: str = "") -> str:
    """Write a button that asks before it is done; the question is put by the browser alone, with Yes and No."""
    tooltip = f' title="{escape(title)}"' if title else ""
    return (
        f'<button type="button" class="{_classes("aml-button", classes)}" data-aml-confirm="{escape(question)}"{tooltip}'
        f"{_attributes(do, argument)}>{escape(label)}</button>"
    )


def choice_html(
    label: str, do: str, options: Sequence[tuple[str, str]], value: str, *, argument: str = "", shows_label: bool = True
) -> str:
    """Write a few (value, text) pairs side by side, of which one is chosen; the handler gets its value."""
    buttons = "".join(button_html(text, do, argument, value=one, is_pressed=one == value) for one, text in options)
    group = f'<span class="aml-choice" role="group" aria-label="{escape(label)}">{buttons}</span>'
    return _labelled(label, group, tag="span") if shows_label else group


def menu_html(label: str, content: str, key: str, *, icon: str = "", title: str = "", classes: str = "") -> str:
    """Write a button that unfolds a small menu over what is below.

    It closes when an entry is used, by Escape, and by a click elsewhere; with the class ``aml-stays`` it stays when a control
    in it is used.

    Parameters
    ----------
    label : str
        What it reads; with an `icon`, what a screen reader says and the tooltip.
    content : str
        HTML of the entries: buttons and other controls.
    key : str
        Unique in the view.
    icon : str, optional
        A character or an SVG of ours, HTML already.
    title : str, optional
        The tooltip.
    classes : str, optional
        More classes.
    """
    tooltip = title or (label if icon else "")
    attributes = f' title="{escape(tooltip)}"' if tooltip else ""
    if icon:
        attributes += f' aria-label="{escape(label)}"'
    face = f'<span class="aml-icon" aria-hidden="true">{icon}</span>' if icon else escape(label)
    return (
        f'<details class="{_classes("aml-menu", classes)}" data-aml-key="{escape(f"menu {key}")}">'
        f'<summary class="aml-button" data-aml-key="{escape(f"menu-button {key}")}"{attributes}>{face}</summary>'
        f'<div class="aml-menu-entries">{content}</div></details>'
    )


def picture_entries_html(card_id: str, part: str = "") -> str:
    """Write the entries of a menu that save a figure as a picture: of a card, the one whose `part` the menu lies in."""
    return "".join(
        f'<button type="button" class="aml-button" data-aml-local="chart-save-{kind}" data-aml-with="{escape(card_id)}" '
        f'data-aml-key="{escape(f"chart-save-{kind} {card_id} {part}")}">Save as {kind.upper()}</button>'
        for kind in ("png", "svg")
    )


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
    """Write a tick box with its label; its value is ``1`` or empty."""
    tooltip = f' title="{escape(title)}"' if title else ""
    box = f'<input type="checkbox"{_attributes(do, argument, local)}{" checked" if is_checked else ""}>'
    return f'<label class="aml-check"{tooltip}>{box}<span>{escape(label)}</span></label>'


def text_html(
    label: str, do: str, value: str = "", *, argument: str = "", placeholder: str = "", local: str = ""
) -> str:
    """Write a search field. The kernel is told shortly after the last letter, and at once by Enter; `local` at each letter."""
    return (
        f'<input type="search" class="aml-text-input" aria-label="{escape(label)}" value="{escape(value)}" '
        f'placeholder="{escape(placeholder)}" spellcheck="false" autocomplete="off"{_attributes(do, argument, local)}>'
    )


def slider_html(
    label: str,
    do: str,
    value: float,
    *,
    low: float,
    high: float,
    step: float,
    argument: str = "",
    shown: str = "",
    shows: str = "",
) -> str:
    """Write a slider; the kernel is told while it moves, a few times a second, and when it is let go.

    Parameters
    ----------
    label : str
        What it sets.
    do : str
        The verb that the kernel answers.
    value, low, high, step : float
        Where it stands and can stand.
    argument : str, optional
        With what.
    shown : str, optional
        How the value reads, where that is not plain.
    shows : str, optional
        How the browser writes the value while the slider moves, with ``{}`` for it, as in ``"{} %"``.
    """
    moves = f' data-aml-shows="{escape(shows)}"' if shows else ""
    text = shown or (shows.replace("{}", f"{value:g}") if shows else "")
    spoken = f' aria-valuetext="{escape(text)}"' if text else ""
    control = (
        f'<input type="range" class="aml-slider" aria-label="{escape(label)}" min="{low:g}" max="{high:g}" step="{step:g}" '
        f'value="{value:g}"{spoken}{moves}{_attributes(do, argument)}>'
    )
    return _labelled(label, control + (f'<output class="aml-number">{escape(text)}</output>' if text else ""))


def _labelled(label: str, control: str, *, tag: str = "label") -> str:
    return f'<{tag} class="aml-labelled"><span class="aml-label">{escape(label)}</span>{control}</{tag}>'


def _classes(*names: str) -> str:
    return " ".join(name for name in names if name)


def _attributes(do: str, argument: str, local: str = "", value: str = "") -> str:
    key = " ".join(part for part in (do or local, argument, value) if part)
    parts = [f' data-aml-key="{escape(key)}"']
    if do:
        parts.append(f' data-aml-do="{escape(do)}"')
    if argument:
        parts.append(f' data-aml-with="{escape(argument)}"')
    if local:
        parts.append(f' data-aml-local="{escape(local)}"')
    return "".join(parts)
