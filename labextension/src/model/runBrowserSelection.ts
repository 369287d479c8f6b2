import type { Schemas } from '../api/client';
import type { RunRow } from './runQuery';

type Experiment = Schemas['Experiment'];

/** One line of the list. */
export type Item =
  | { readonly kind: 'experiment'; readonly key: string; readonly experiment: Experiment; readonly isOpen: boolean }
  | { readonly kind: 'run'; readonly key: string; readonly run: RunRow; readonly level: number }
  /** A run that is not read yet. */
  | { readonly kind: 'gap'; readonly key: string; readonly level: number };

/** Lines by their place. A list of 10,000 runs is never spelled out. */
export interface Items {
  readonly length: number;
  at(index: number): Item | null;
  /** Where the line is; -1 where there is none. */
  indexOf(key: string): number;
}

export function runKey(runId: string): string {
  return `run:${runId}`;
}

export function experimentKey(experimentId: string): string {
  return `experiment:${experimentId}`;
}

/** Which runs are chosen, and which line has the keyboard. */
export class RunBrowserSelection {
  /** Ids of the runs that are chosen. */
  get runIds(): ReadonlySet<string> {
    return this._runIds;
  }

  /** Key of the line with the keyboard. */
  get active(): string | null {
    return this._active;
  }

  /** Whether a line is chosen; an experiment is while it has the keyboard. */
  has(item: Item): boolean {
    return item.kind === 'run' ? this._runIds.has(item.run.run_id) : item.key === this._active && item.kind !== 'gap';
  }

  /** Choose this line alone. */
  pick(item: Item): void {
    this._active = item.key;
    this._anchor = item.key;
    this._runIds = new Set(item.kind === 'run' ? [item.run.run_id] : []);
  }

  /** Choose this run too, or no longer. */
  toggle(item: Item): void {
    this._active = item.key;
    this._anchor = item.key;
    if (item.kind !== 'run') {
      return;
    }
    const runIds = new Set(this._runIds);
    if (!runIds.delete(item.run.run_id)) {
      runIds.add(item.run.run_id);
    }
    this._runIds = runIds;
  }

  /** Choose all runs from the one that was picked or toggled last to this one. */
  extend(items: Items, index: number): void {
    const item = items.at(index);
    if (item === null) {
      return;
    }
    const anchor = this._anchor === null ? -1 : items.indexOf(this._anchor);
    if (anchor === -1) {
      this.pick(item);
      return;
    }
    this._active = item.key;
    const runIds = new Set<string>();
    for (let place = Math.min(anchor, index); place <= Math.max(anchor, index); place += 1) {
      const chosen = items.at(place);
      if (chosen?.kind === 'run') {
        runIds.add(chosen.run.run_id);
      }
    }
    this._runIds = runIds;
  }

  /** Give the keyboard to a line without choosing it. */
  activate(key: string | null): void {
    this._active = key;
  }

  choose(runIds: Iterable<string>): void {
    this._runIds = new Set(runIds);
  }

  clear(): void {
    this._runIds = new Set();
    this._anchor = null;
  }

  private _runIds: ReadonlySet<string> = new Set();
  private _active: string | null = null;
  private _anchor: string | null = null;
}
