"""What the user calls: workspaces, experiments and runs.

The way of one number starts here. `run_metrics.Run.log` checks it (`values`) and hands it to the store, which has committed
it when the call returns. The rest stands around that:

* `workspace`, `experiment`: where runs are found;
* `run`: what a run is, its life cycle; by subject in `run_metrics` (log and read), `run_files` (artifacts and snapshots),
  `run_children`, `run_facts`, `run_details` (details, logs, waiting), over `run_base`;
* `model`: what is registered of a run (`run_models`, `model_sources`), and what is known of it (`model_facts`);
* `values`: what may be logged; `documents`, `images`: confusion matrices and their kin, pictures;
* `submission`: how a script becomes a run; `script_run` is that run seen from outside, `submitted_run` from inside of the script, `engines` and
  `by_compute` ask who carries it out, `log_streaming` prints its logs;
* `context`: what surrounds this process (environment, offline runs); `provenance`: notebook, host, packages, git;
* `capture`: printed text and log records of a ``with`` block; `signals`: who is told of a status change at once.

Nothing here knows a widget, and importing it loads the standard library alone.
"""
