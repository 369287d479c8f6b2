import type { Schemas } from '../api/client';
import { hasEnded, type RunRow } from './runQuery';

/** As many sparklines as the server draws in one answer. */
const MAX_WANTED = 200;
/** As many as are kept for runs that are out of sight. */
const MAX_KEPT = 2_000;

/** The courses of the chosen metric, for the runs in sight. */
export class RunBrowserSparklines {
  get(runId: string): Schemas['Sparkline'] | null {
    return this._known.get(runId) ?? null;
  }

  clear(): void {
    this._known.clear();
  }

  /** Say which runs are in sight; return whether one of them has a metric whose course was never seen. */
  show(runs: readonly RunRow[], metric: string | null): boolean {
    if (metric !== this._metric) {
      this._metric = metric;
      this._known.clear();
    }
    this._shown = runs;
    return metric !== null && runs.some(run => run.metrics[metric] !== undefined && !this._known.has(run.run_id));
  }

  /** Which runs to ask for: those in sight whose course is not known, or not known to its end. */
  wanted(metric: string | null): string[] {
    if (metric === null) {
      return [];
    }
    const isWanted = (run: RunRow): boolean => {
      const known = this._known.get(run.run_id);
      if (known === undefined) {
        return run.metrics[metric] !== undefined || !hasEnded(run.status);
      }
      return !hasEnded(run.status) || known.count !== (run.metrics[metric]?.count ?? 0);
    };
    return this._shown
      .filter(isWanted)
      .slice(0, MAX_WANTED)
      .map(run => run.run_id);
  }

  /** Take the answer for these runs. One without an answer has no course to show. */
  take(sparklines: Record<string, Schemas['Sparkline']>, metric: string | null, wanted: readonly string[]): void {
    if (metric !== this._metric) {
      return;
    }
    if (this._known.size > MAX_KEPT) {
      this._known.clear();
    }
    for (const id of wanted) {
      this._known.set(id, sparklines[id] ?? { values: [], count: 0 });
    }
  }

  private _metric: string | null = null;
  private _shown: readonly RunRow[] = [];
  private readonly _known = new Map<string, Schemas['Sparkline']>();
}
