from __future__ import annotations

import ast
import re
from pathlib import Path

import aml_widgets.store.sqlite.store as home


def test_no_statement_numbers_its_placeholders() -> None:
    """Given a sequence they warn in Python 3.12, and fail from 3.14 on, where the tests may not run."""
    numbered = [
        (file.name, node.lineno)
        for file in Path(home.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"\?\d", node.value)
    ]

    assert numbered == []
