"""Text from runs, made harmless for a terminal: what would act on it is written out instead."""

from __future__ import annotations

import unicodedata

# Control characters, characters that turn the direction of text or are not seen, halves of surrogate pairs, line separators.
_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# The two joiners are letters' business (Persian, Hindi, many emoji) and act on their neighbours only.
_HARMLESS = frozenset({"\N{ZERO WIDTH JOINER}", "\N{ZERO WIDTH NON-JOINER}"})


def visible(text: str) -> str:
    r"""Write out what would act on a terminal, as Python would: ``\x1b``, ``\n``, ``\u202e``. The text stays one line."""
    if text.isprintable():  # the usual case, and without any of them
        return text
    return "".join(_write_out(character) if _is_acting(character) else character for character in text)


def visible_lines(text: str) -> str:
    """Do the same for a text of several lines, such as a traceback, whose lines and indents stay."""
    return "\n".join(visible(line.replace("\t", "    ")) for line in text.split("\n"))


def _is_acting(character: str) -> bool:
    return unicodedata.category(character) in _ACTING and character not in _HARMLESS


def _write_out(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
