"""What a run is called where it is shown: its name, and its number where it has one."""

from __future__ import annotations

from aml_widgets.core.records import RunRecord


def name_of(run: RunRecord) -> str:
    """Give the name that a run goes by."""
    if run.display_name:
        return run.display_name
    return f"Run {run.number}" if run.number else run.run_id


def number_text(run: RunRecord) -> str:
    """Give the number of a run as text; empty for one without, as plain MLflow's are."""
    return str(run.number) if run.number else ""


def number_key(run: RunRecord) -> tuple[int, float]:
    """Give what runs of one experiment are sorted by: those without a number stand before the others, as they were created."""
    return (run.number, run.created_at)
