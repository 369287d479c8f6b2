"""Tables and facts on a terminal, and as plain lines where something else reads them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from aml_widgets.cli.visible import visible, visible_lines
from aml_widgets.core.status import RunStatus
from aml_widgets.core.text import ELLIPSIS, shorten

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_GAP = 2
_LONGEST_CELL = 2_000

STATUS_STYLES = {
    RunStatus.COMPLETED: "green",
    RunStatus.FAILED: "bold red",
    RunStatus.CANCELED: "yellow",
    RunStatus.CANCEL_REQUESTED: "yellow",
    RunStatus.NOT_RESPONDING: "magenta",
    RunStatus.RUNNING: "bold blue",
    RunStatus.FINALIZING: "blue",
}


class Cell(NamedTuple):
    """A text that may come from a run, and its style on a terminal."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    title : str
        Its heading.
    is_number : bool
        Whether it stands at the right.
    least_width : int or None
        To how many cells it may be cut on a narrow terminal; None: it is never cut.
    leaves : int
        The columns with the highest number leave a terminal first that is too narrow; those with 0 never leave.
    """

    title: str
    is_number: bool = False
    least_width: int | None = None
    leaves: int = 0


def status_cell(status: RunStatus) -> Cell:
    """Give the cell of a status: the word, and a colour that says no more than the word."""
    return Cell(status.value, STATUS_STYLES.get(status, ""))


def is_terminal() -> bool:
    """Say whether a person reads along."""
    return sys.stdout.isatty()


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, indent: int = 0) -> None:
    """Print rows below their headings.

    A terminal that is too narrow is spared columns and shown cut texts, as far as the columns allow. Anything that is no terminal
    is given all of them in full.
    """
    from rich.cells import cell_len
    from rich.text import Text

    cleaned = [[cell._replace(text=_one_line(cell.text)) for cell in row] for row in rows]
    widths = [
        max([cell_len(column.title), *(cell_len(row[place].text) for row in cleaned)])
        for place, column in enumerate(columns)
    ]
    shown = list(range(len(columns)))
    if is_terminal():
        shown, widths = _fit(columns, widths, _console().width - indent)
    heading = [Cell(column.title, "bold") for column in columns]
    lines = []
    for row in [heading, *cleaned]:
        line = Text(" " * indent)
        for place in shown:
            text = _cut(row[place].text, widths[place])
            space = " " * (widths[place] - cell_len(text))
            is_last = place == shown[-1]
            if columns[place].is_number:
                line.append(space)
            line.append(text, row[place].style or None)
            if not columns[place].is_number and not is_last:
                line.append(space)
            if not is_last:
                line.append(" " * _GAP)
        line.rstrip()
        lines.append(line)
    _print(*lines)


def print_facts(facts: Iterable[tuple[str, Cell]]) -> None:
    """Print labels and what belongs to them, in two columns."""
    from rich.cells import cell_len
    from rich.text import Text

    cleaned = [(_one_line(label), cell._replace(text=_one_line(cell.text))) for label, cell in facts]
    width = max((cell_len(label) for label, _ in cleaned), default=0)
    _print(
        *(
            Text.assemble((label, "dim"), " " * (width - cell_len(label) + _GAP), (cell.text, cell.style))
            for label, cell in cleaned
        )
    )


def print_heading(text: str) -> None:
    """Print the heading of a part."""
    from rich.text import Text

    _print(Text(), Text(visible(text), "bold"))


def print_lines(text: str, style: str = "") -> None:
    """Print a text of several lines that comes from a run."""
    from rich.text import Text

    _print(Text(visible_lines(text.rstrip("\n")), style))


def _console() -> Console:
    from rich.console import Console

    return Console(file=sys.stdout, markup=False, highlight=False, emoji=False)


def _print(*lines: Text) -> None:
    console = _console()
    with (
        console.capture() as capture
    ):  # written by rich itself, a broken pipe would end the program with its own exit code
        for line in lines:
            console.print(line, soft_wrap=True)
    sys.stdout.write(capture.get())


def _one_line(text: str) -> str:
    return visible(shorten(text, _LONGEST_CELL) if is_terminal() else text)


def _fit(columns: Sequence[Column], widths: Sequence[int], available: int) -> tuple[list[int], list[int]]:
    """Choose the columns that a terminal has room for, and how wide each is."""
    least = [
        width if column.least_width is None else min(width, column.least_width)
        for column, width in zip(columns, widths, strict=True)
    ]
    shown = list(range(len(columns)))
    for leaving in sorted(
        (place for place in shown if columns[place].leaves), key=lambda place: -columns[place].leaves
    ):
        if _total([least[place] for place in shown]) <= available:
            break
        shown.remove(leaving)
    fitted = list(widths)
    excess = _total([fitted[place] for place in shown]) - available
    while excess > 0:
        cuttable = [place for place in shown if fitted[place] > least[place]]
        if not cuttable:
            break  # the terminal wraps what does not fit, and nothing of an id is lost
        widest = max(cuttable, key=lambda place: fitted[place])
        fitted[widest] -= 1
        excess -= 1
    return shown, fitted


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _cut(text: str, width: int) -> str:
    """Cut a text in its middle: names that begin alike are told apart by their ends."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return text
    n_last = (width - 1) // 2
    end = text[-n_last:] if n_last else ""
    while cell_len(end) > n_last:
        end = end[1:]
    return set_cell_size(text, width - 1 - n_last) + ELLIPSIS + end
