import type { Schemas } from '../api/client';
import type { RunRow } from './runQuery';

/** What became of a run since a list was read. */
export interface RunNews {
  readonly run: RunRow;
  readonly fits: boolean;
}

/** The runs of one list as far as they are read: from the top down to some run. No requests are made here. */
export class RunBrowserList {
  /** The runs that are read, in order. */
  get rows(): readonly RunRow[] {
    return this._rows;
  }

  /** How many runs there are, read or not. */
  get total(): number {
    return this._token === null ? this._rows.length : Math.max(this._total, this._rows.length);
  }

  /** Gives the next page; null when all runs are read. */
  get token(): string | null {
    return this._token;
  }

  /** Whether anything was read at all. */
  get isRead(): boolean {
    return this._isRead;
  }

  /** Start anew with a first page. */
  replace(page: Schemas['RunList']): void {
    this._rows = [...page.runs];
    this._total = page.total;
    this._token = page.next_page_token;
    this._isRead = true;
    this._reindex();
  }

  /** Add the page after the last run. A run that moved between pages is shown once. */
  append(page: Schemas['RunList']): void {
    this._rows.push(...page.runs.filter(run => !this._places.has(run.run_id)));
    this._total = page.total;
    this._token = page.next_page_token;
    this._reindex();
  }

  find(runId: string): RunRow | null {
    const place = this._places.get(runId);
    return place === undefined ? null : (this._rows[place] ?? null);
  }

  /** Where a run stands; -1 where it is not. */
  indexOf(runId: string): number {
    return this._places.get(runId) ?? -1;
  }

  /** Show the newest of a run where it stands; return whether it is here. */
  update(run: RunRow): boolean {
    const place = this._places.get(run.run_id);
    if (place === undefined) {
      return false;
    }
    this._rows[place] = run;
    return true;
  }

  /**
   * Take in what became of runs: those that fit are put where they belong, the others are taken out.
   *
   * One that belongs below what is read is only counted: it comes with its page. A run stays where it stands while that
   * is right.
   */
  apply(news: readonly RunNews[], removed: readonly string[], compare: RunBrowserList.Compare): void {
    const leaving = new Set(removed.filter(id => this._places.has(id)));
    const arriving: RunRow[] = [];
    for (const { run, fits } of news) {
      if (fits && !this.update(run)) {
        arriving.push(run);
        this._total += 1;
      } else if (!fits && this._places.has(run.run_id)) {
        leaving.add(run.run_id);
      }
    }
    this._total -= leaving.size;
    for (const { run } of news) {
      if (!leaving.has(run.run_id) && this._isMisplaced(run.run_id, compare)) {
        leaving.add(run.run_id);
        arriving.push(run);
      }
    }
    if (leaving.size === 0 && arriving.length === 0) {
      return;
    }
    const staying = this._rows.filter(run => !leaving.has(run.run_id));
    this._rows = merge(staying, arriving.sort(compare), compare, this._token !== null);
    this._reindex();
  }

  /** Whether `apply` would do more than show the newest where a run stands. */
  wouldMove(news: RunNews, compare: RunBrowserList.Compare): boolean {
    const place = this._places.get(news.run.run_id);
    if (place === undefined) {
      return news.fits;
    }
    return !news.fits || this._isMisplaced(news.run.run_id, compare);
  }

  private _isMisplaced(runId: string, compare: RunBrowserList.Compare): boolean {
    const place = this._places.get(runId);
    const run = place === undefined ? undefined : this._rows[place];
    if (place === undefined || run === undefined) {
      return false;
    }
    const above = this._rows[place - 1];
    const below = this._rows[place + 1];
    return (above !== undefined && compare(above, run) > 0) || (below !== undefined && compare(run, below) > 0);
  }

  private _reindex(): void {
    this._places = new Map(this._rows.map((run, place) => [run.run_id, place]));
  }

  private _rows: RunRow[] = [];
  private _places = new Map<string, number>();
  private _total = 0;
  private _token: string | null = null;
  private _isRead = false;
}

export namespace RunBrowserList {
  /** Negative where the first run stands above the second. */
  export type Compare = (first: RunRow, second: RunRow) => number;
}

/** Put ordered runs among others; with `isOpen`, what belongs below the last of the others is left out. */
function merge(
  staying: readonly RunRow[],
  arriving: readonly RunRow[],
  compare: RunBrowserList.Compare,
  isOpen: boolean
): RunRow[] {
  const merged: RunRow[] = [];
  let next = 0;
  for (const run of staying) {
    for (let other = arriving[next]; other !== undefined && compare(other, run) < 0; other = arriving[next]) {
      merged.push(other);
      next += 1;
    }
    merged.push(run);
  }
  return isOpen ? merged : [...merged, ...arriving.slice(next)];
}
