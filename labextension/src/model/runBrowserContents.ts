import type { Schemas } from '../api/client';
import { flatItems, treeItems } from './runBrowserItems';
import { RunBrowserList, type RunNews } from './runBrowserList';
import type { Items } from './runBrowserSelection';
import { compareRuns, isTree, type ListSettings, type RunRow } from './runQuery';

/**
 * What is listed, as far as it is read: all runs that fit, or experiments with the runs of those that are open.
 *
 * No requests are made here. While the contents are held, what would move a run or take it away waits.
 */
export class RunBrowserContents {
  constructor(options: RunBrowserContents.IOptions) {
    this._settings = options.settings;
    this._nowMs = options.nowMs;
  }

  get items(): Items {
    return this._items;
  }

  /** How many runs are listed; of experiments, how many there are. */
  get total(): number {
    return this.isTree ? this._experiments.length : this._flat.total;
  }

  get isTree(): boolean {
    return isTree(this._settings());
  }

  /** Ids of the experiments whose runs are shown. */
  get openExperiments(): readonly string[] {
    return [...this._open.keys()];
  }

  get isHeld(): boolean {
    return this._isHeld;
  }

  set isHeld(isHeld: boolean) {
    this._isHeld = isHeld;
  }

  /** How many changes wait. */
  get waiting(): number {
    return this._waiting.size;
  }

  /** Forget all that was read. */
  clear(): void {
    this._flat = new RunBrowserList();
    this._open.clear();
    this._experiments = [];
    this._waiting.clear();
    this.relist();
  }

  /** The list of an experiment that is open, or of all runs; null where there is none. */
  listOf(experimentId: string | null): RunBrowserList | null {
    return experimentId === null ? this._flat : (this._open.get(experimentId) ?? null);
  }

  /** All lists that are shown, in their order. */
  lists(): RunBrowserList[] {
    return this._named().map(([, list]) => list);
  }

  /** Have no run where all runs are listed. */
  clearFlat(): void {
    this._flat = new RunBrowserList();
    this.relist();
  }

  /** Show the runs of an experiment, or no longer; return whether that is a change. */
  setOpen(experimentId: string, isOpen: boolean): boolean {
    if (isOpen === this._open.has(experimentId)) {
      return false;
    }
    if (isOpen) {
      this._open.set(experimentId, new RunBrowserList());
    } else {
      this._open.delete(experimentId);
    }
    this.relist();
    return true;
  }

  /** Take in which experiments there are. */
  takeExperiments(experiments: readonly Schemas['Experiment'][]): void {
    this._experiments = experiments;
    const ids = new Set(experiments.map(experiment => experiment.experiment_id));
    for (const id of this._open.keys()) {
      if (!ids.has(id)) {
        this._open.delete(id);
      }
    }
    this.relist();
  }

  /** What waits is in what is read anew. */
  forgetWaiting(): void {
    this._waiting.clear();
  }

  /** The run, as far as it is listed. */
  find(runId: string): RunRow | null {
    for (const list of this.lists()) {
      const run = list.find(runId);
      if (run !== null) {
        return run;
      }
    }
    return null;
  }

  /** The lists that have a gap between these lines, by their experiments; null is the list of all runs. */
  withGaps(first: number, last: number): (string | null)[] {
    const { items } = this;
    const found = new Set<string | null>();
    for (let index = first; index <= last; index += 1) {
      if (items.at(index)?.kind === 'gap') {
        found.add(this.isTree ? this._experimentAbove(index) : null);
      }
    }
    return [...found];
  }

  /** Take in what became of runs; what would move one waits while the list is held. */
  take(news: readonly RunNews[], removed: readonly string[]): void {
    if (!this._isHeld) {
      this.apply(news, removed);
      return;
    }
    for (const one of news) {
      if (this._wouldMove(one)) {
        this._waiting.set(one.run.run_id, one);
      } else {
        this._waiting.delete(one.run.run_id);
      }
      this.update(one.run);
    }
    for (const id of removed) {
      if (this.find(id) !== null || this._waiting.has(id)) {
        this._waiting.set(id, null);
      }
    }
  }

  /** Do what waits; return whether anything did. */
  takeWaiting(): boolean {
    if (this._waiting.size === 0) {
      return false;
    }
    const waiting = [...this._waiting];
    this._waiting.clear();
    this.apply(
      waiting.map(([, news]) => news).filter(news => news !== null),
      waiting.filter(([, news]) => news === null).map(([id]) => id)
    );
    return true;
  }

  /** Take in what became of runs, at once. */
  apply(news: readonly RunNews[], removed: readonly string[]): void {
    const compare = this._comparison();
    for (const [experimentId, list] of this._named()) {
      const own = experimentId === null ? news : news.filter(({ run }) => run.experiment_id === experimentId);
      list.apply(own, removed, compare);
    }
    for (const id of [...removed, ...news.map(({ run }) => run.run_id)]) {
      this._waiting.delete(id);
    }
    this.relist();
  }

  /** Show the newest of a run where it stands. */
  update(run: RunRow): void {
    for (const list of this.lists()) {
      list.update(run);
    }
  }

  /** To be called when a list was changed from outside. */
  relist(): void {
    this._items = this.isTree ? treeItems(this._experiments, this._open) : flatItems(this._flat);
  }

  private _named(): [string | null, RunBrowserList][] {
    return this.isTree ? [...this._open.entries()] : [[null, this._flat]];
  }

  private _experimentAbove(line: number): string | null {
    for (let index = line; index >= 0; index -= 1) {
      const item = this._items.at(index);
      if (item?.kind === 'experiment') {
        return item.experiment.experiment_id;
      }
      if (item?.kind === 'run') {
        return item.run.experiment_id;
      }
    }
    return null;
  }

  private _wouldMove(news: RunNews): boolean {
    const compare = this._comparison();
    for (const [experimentId, list] of this._named()) {
      if ((experimentId === null || experimentId === news.run.experiment_id) && list.isRead) {
        // Compared as it is now, not as it was.
        const before = list.find(news.run.run_id);
        list.update(news.run);
        const moves = list.wouldMove(news, compare);
        if (before !== null) {
          list.update(before);
        }
        if (moves) {
          return true;
        }
      }
    }
    return false;
  }

  private _comparison(): RunBrowserList.Compare {
    const now = this._nowMs() / 1000;
    const settings = this._settings();
    return (first, second) => compareRuns(first, second, settings, now);
  }

  private readonly _settings: () => ListSettings;
  private readonly _nowMs: () => number;
  private _flat = new RunBrowserList();
  private readonly _open = new Map<string, RunBrowserList>();
  private _experiments: readonly Schemas['Experiment'][] = [];
  private _items: Items = flatItems(this._flat);
  private _isHeld = false;
  /** By the run's id; null for a run that is gone. */
  private readonly _waiting = new Map<string, RunNews | null>();
}

export namespace RunBrowserContents {
  export interface IOptions {
    /** How runs are listed now. */
    settings: () => ListSettings;
    nowMs: () => number;
  }
}
