import { hasEnded, type RunRow } from './runQuery';

/** Remembers which runs go on. Children are their parent's affair. */
export class RunningRuns {
  get count(): number {
    return this._ids.size;
  }

  clear(): void {
    this._ids.clear();
  }

  /** Take in how runs are now; return those that went on when they were last seen, and have ended. */
  notice(runs: readonly RunRow[]): RunRow[] {
    const ended: RunRow[] = [];
    for (const run of runs) {
      if (!hasEnded(run.status)) {
        if (run.parent_run_id === null && run.trashed_at === null) {
          this._ids.add(run.run_id);
        }
      } else if (this._ids.delete(run.run_id)) {
        ended.push(run);
      }
    }
    return ended;
  }

  private readonly _ids = new Set<string>();
}
