"""Whether the folder of a store is still there: what writes files would make it anew, for nobody."""

from __future__ import annotations

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.store.protocol import RunStore


def is_gone(store: RunStore) -> bool:
    """Say whether the folder that a store keeps its runs in was removed."""
    return any(not path.parent.is_dir() for path in store.own_paths[:1])


def refuse_if_gone(store: RunStore) -> None:
    """Raise StoreUnavailable where the folder that a store keeps its runs in was removed."""
    if is_gone(store):
        folder = str(store.own_paths[0].parent)
        raise StoreUnavailable(
            f"The workspace in {folder!r} is not there any more: its folder was removed. Put it back, or open another.",
            value=folder,
        )
