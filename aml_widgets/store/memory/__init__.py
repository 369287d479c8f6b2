"""A store that forgets everything when its process ends: for tests, docs and trying things out.

`state` is what is kept, `series` and `run_metrics` the points of one run; `experiments`, `runs`, `trash`, `points` and `changes` are
the parts that `store` is made of.
"""

from aml_widgets.store.memory.store import MemoryRunStore

__all__ = ["MemoryRunStore"]
