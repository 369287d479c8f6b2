import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import type { ApiClient, Schemas } from '../api/client';
import { commonMetrics } from './childTable';
import type { Child } from './childTable';
import type { IRunPageModel } from './runPageTypes';
import { hasEnded } from './runQuery';

/** As many rows as the server gives at once. */
const PAGE = 500;

/** Of so many children the names of metrics are looked up. */
const SAMPLE = 20;

/** More columns of metrics are not offered. */
export const MAX_METRICS = 20;

/** How many columns of metrics are shown before the user chooses. */
const FIRST_METRICS = 2;

/** Values of children that go on are asked for again after so long. */
const AGAIN_MS = 5_000;

/** The children of a run: what the run's page knows of them, and the metrics that are compared. */
export class ChildrenModel implements IDisposable {
  constructor(private readonly _page: IRunPageModel) {
    this._page.changed.connect(this._onPageChanged, this);
    this._onPageChanged();
  }

  get changed(): ISignal<ChildrenModel, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The children with the values that are known of them. */
  get children(): readonly Child[] {
    if (this._joined === null) {
      this._joined = [...this._page.children.values()].map(child => ({
        ...child,
        metrics: this._values.get(child.run_id) ?? child.metrics
      }));
    }
    return this._joined;
  }

  /** Names to choose from. */
  get metricNames(): readonly string[] {
    return this._names;
  }

  /** Metrics with a column each. */
  get metrics(): readonly string[] {
    return this._metrics ?? this._names.slice(0, FIRST_METRICS);
  }

  /** Why values could not be read; those that were read stay. */
  get error(): string | null {
    return this._error;
  }

  /** Choose the metrics with a column. */
  choose(metrics: readonly string[]): void {
    this._metrics = metrics.slice(0, MAX_METRICS);
    this._changed.emit();
    void this.refresh();
  }

  /** Ask for values. A failure is told, and what was known stays. */
  async refresh(): Promise<void> {
    if (this._isReading) {
      this._isAskedAgain = true;
      return;
    }
    this._isReading = true;
    try {
      do {
        await this._read();
      } while (this._takeAskedAgain() && !this._isDisposed);
      this._error = null;
    } catch (reason) {
      this._error = reason instanceof Error ? reason.message : String(reason);
    } finally {
      this._isReading = false;
      this._readAtMs = Date.now();
    }
    this._joined = null;
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._abort.abort();
    Signal.clearData(this);
  }

  private _takeAskedAgain(): boolean {
    const isAskedAgain = this._isAskedAgain;
    this._isAskedAgain = false;
    return isAskedAgain;
  }

  private async _read(): Promise<void> {
    const { client, workspace, runId } = this._page;
    const ids = [...this._page.children.keys()];
    if (ids.length > 0 && (this._names.length === 0 || this._sampled !== Math.min(ids.length, SAMPLE))) {
      const { runs } = await client.compareRuns(workspace, ids.slice(0, SAMPLE), this._abort.signal);
      this._sampled = Math.min(ids.length, SAMPLE);
      this._names = commonMetrics(runs);
    }
    if (this.metrics.length > 0) {
      await this._readValues(client, {
        parent_run_id: runId,
        include_children: true,
        view: 'all',
        metrics: [...this.metrics]
      });
    }
  }

  private async _readValues(client: ApiClient, query: Schemas['Query']): Promise<void> {
    const values = new Map<string, Child['metrics']>();
    let token: string | null = null;
    do {
      const page: Schemas['RunList'] = await client.listRuns(
        this._page.workspace,
        { query, limit: PAGE, page_token: token },
        this._abort.signal
      );
      page.runs.forEach(row => values.set(row.run_id, row.metrics));
      token = page.next_page_token;
    } while (token !== null && !this._isDisposed);
    this._values = values;
  }

  private _onPageChanged(): void {
    const { children } = this._page;
    const isNew = children !== this._seen;
    if (isNew) {
      this._seen = children;
      this._joined = null;
      this._changed.emit();
    }
    const goesOn = [...children.values()].some(child => !hasEnded(child.status));
    if (children.size > 0 && (isNew || (goesOn && Date.now() - this._readAtMs > AGAIN_MS))) {
      void this.refresh();
    }
  }

  private readonly _abort = new AbortController();
  private readonly _changed = new Signal<this, void>(this);
  private _seen: ReadonlyMap<string, Child> | null = null;
  private _values: ReadonlyMap<string, Child['metrics']> = new Map();
  private _joined: readonly Child[] | null = null;
  private _names: readonly string[] = [];
  private _metrics: readonly string[] | null = null;
  private _sampled = 0;
  private _readAtMs = 0;
  private _error: string | null = null;
  private _isReading = false;
  private _isAskedAgain = false;
  private _isDisposed = false;
}
