"""What the user calls: workspaces, experiments and runs.

The way of one number starts here. `run_metrics.Run.log` checks it (`values`) and hands it to the store, which has committed
it when the call returns. The rest stands around that:

* `workspace`, `experiment`: where runs are found;
* `run`: what a run is, its life cycle; by subject in `run_metrics` (log and read), `run_files` (artifacts and snapshots),
  `run_children`, `run_facts`, `run_details` (details, logs, waiting), over `run_base`;
* `values`: what may be logged; `documents`, `images`: confusion matrices and their kin, pictures;
* `context`: what surrounds this process (environment, offline runs); `provenance`: notebook, host, packages, git;
* `capture`: printed text and log records of a ``with`` block; `signals`: who is told of a status change at once.

Nothing here knows a widget, and importing it loads the standard library alone.
"""
