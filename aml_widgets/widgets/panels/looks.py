"""The look of a figure's parts: what we set of it, and what the user set, which stays."""

from __future__ import annotations

import copy

import ipywidgets
import numpy as np

# What is drawn and how the models hang together; all else that the page is told of a model is its look.
_NO_LOOK = {
    *("x", "y", "size", "rotation", "skew", "scales", "scales_metadata", "selected", "hovered_point", "interactions"),
    *("axes", "marks", "scale_x", "scale_y", "layout", "interaction", "pixel_ratio"),
    *("scale", "side", "orientation", "offset", "tick_values"),
    *("keys", "tooltip"),
}


class Looks:
    """What the user changed of the look of a figure's parts, which are known by their roles."""

    def __init__(self) -> None:
        self._parts: dict[str, ipywidgets.Widget] = {}
        self._ours: dict[str, dict[str, object]] = {}
        self._covered: dict[str, object] = {}  # the user's opacities, while some of the lines are hidden

    def adopt(self, role: str, widget: ipywidgets.Widget) -> None:
        """Look after a new part, as it is now."""
        self._parts[role] = widget
        self._ours[role] = {name: _copy(getattr(widget, name)) for name in widget.keys if _is_look(name)}

    def forget(self) -> None:
        """Give the parts our look again."""
        for role, widget in self._parts.items():
            set_changed(widget, **{name: self._ours[role][name] for name in self._changed(role)})
        self._covered.clear()

    def draw(self, role: str, *, hidden: frozenset[int] = frozenset(), **traits: object) -> None:
        """Set what differs of a part, but nothing of its look that the user changed, save that hidden lines are not seen."""
        widget, ours, changed = self._parts[role], self._ours[role], self._changed(role)
        opacities = changed.get("opacities", self._covered.pop(role, None))
        for name in traits.keys() & ours.keys():
            ours[name] = _copy(traits[name])
        if isinstance(opacities, list):
            changed["opacities"] = traits["opacities"] = opacities
            if hidden:
                self._covered[role] = opacities
                beyond = [1.0] * (max(hidden) + 1 - len(opacities))
                shown = [0.0 if place in hidden else one for place, one in enumerate([*opacities, *beyond])]
                ours["opacities"] = traits["opacities"] = shown
            set_changed(widget, opacities=traits.pop("opacities"))
        set_changed(widget, **{name: value for name, value in traits.items() if name not in changed})

    def _changed(self, role: str) -> dict[str, object]:
        widget, ours = self._parts[role], self._ours[role]
        values = {name: getattr(widget, name) for name in ours}
        return {name: _copy(value) for name, value in values.items() if not _is_same(ours[name], value)}


def set_changed(widget: ipywidgets.Widget, **traits: object) -> None:
    """Set what differs of some traits, in one message; NaN in an array is like NaN."""
    changed = {name: value for name, value in traits.items() if not _is_same(getattr(widget, name), value)}
    if changed:
        with widget.hold_sync():
            for name, value in changed.items():
                setattr(widget, name, value)


def _is_look(name: str) -> bool:
    return not name.startswith(("_", "aml_")) and name not in _NO_LOOK


def _copy(value: object) -> object:
    """Copy lists and the like, which could be changed where they are; not widgets."""
    return copy.copy(value) if isinstance(value, (list, dict)) else value


def _is_same(before: object, after: object) -> bool:
    if isinstance(before, np.ndarray) or isinstance(after, np.ndarray):
        if not isinstance(before, np.ndarray) or not isinstance(after, np.ndarray) or before.shape != after.shape:
            return False
        is_number = before.dtype.kind == after.dtype.kind == "f"
        return before is after or bool(np.array_equal(before, after, equal_nan=is_number))
    return bool(before == after)
