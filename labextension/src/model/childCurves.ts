import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import type { Schemas } from '../api/client';
import type { Child } from './childTable';
import { metricOf } from './envelopes';
import type { IRunPageModel } from './runPageTypes';
import type { MetricState } from './series';

/** So many lines can be told apart in one chart. */
export const MAX_CURVES = 24;

/** So many pieces a line is drawn from, about. */
const MAX_BUCKETS = 400;

/** Reads one metric of some children, so that their lines can be laid over each other. */
export class ChildCurves implements IDisposable {
  constructor(private readonly _page: Pick<IRunPageModel, 'client' | 'workspace'>) {}

  get changed(): ISignal<ChildCurves, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Why lines could not be read; those that were read stay. */
  get error(): string | null {
    return this._error;
  }

  /** What is known of a child, by the name of the metric. */
  metricsOf(runId: string): ReadonlyMap<string, MetricState> {
    return this._metrics.get(runId) ?? NONE;
  }

  /** Read a metric of these children, where there is more of it than is known. */
  async show(children: readonly Child[], name: string): Promise<void> {
    this._wanted = { children, name };
    if (this._isReading) {
      return; // what is wanted now comes after what is being read
    }
    this._isReading = true;
    try {
      for (let requests = this._nextRequests(); requests.length > 0; requests = this._nextRequests()) {
        const { envelopes } = await this._page.client.readEnvelopes(this._page.workspace, requests, this._abort.signal);
        this._error = envelopes.find(({ error }) => error !== null)?.error ?? null;
        envelopes.forEach(envelope => this._take(envelope));
        this._emit();
      }
    } catch (reason) {
      this._error = reason instanceof Error ? reason.message : String(reason);
      this._emit();
    } finally {
      this._isReading = false;
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

  private _nextRequests(): Schemas['EnvelopeRequest'][] {
    const { children, name } = this._wanted;
    return this._isDisposed
      ? []
      : children
          .filter(child => countOf(child, name) > this.countRead(child.run_id, name))
          .map(child => ({ run_id: child.run_id, name, column: null, max_buckets: MAX_BUCKETS }));
  }

  /** How many values of a child there were when they were read last. */
  private countRead(runId: string, name: string): number {
    return this._readCounts.get(JSON.stringify([runId, name])) ?? 0;
  }

  private _take({ run_id: runId, name, buckets }: Schemas['Envelope']): void {
    const cell = this._wanted.children.find(child => child.run_id === runId)?.metrics[name];
    if (cell === undefined) {
      return; // it is not wanted any more
    }
    // Also of one that could not be read: it is asked for again when there is more of it.
    this._readCounts.set(JSON.stringify([runId, name]), cell.count);
    if (buckets !== null) {
      const metric = metricOf(name, buckets, { count: cell.count, last: cell.last, description: '' });
      this._metrics.set(runId, new Map(this._metrics.get(runId)).set(name, metric));
    }
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _abort = new AbortController();
  private readonly _metrics = new Map<string, ReadonlyMap<string, MetricState>>();
  private readonly _readCounts = new Map<string, number>();
  private _wanted: { children: readonly Child[]; name: string } = { children: [], name: '' };
  private _error: string | null = null;
  private _isReading = false;
  private _isDisposed = false;
}

const NONE: ReadonlyMap<string, MetricState> = new Map();

function countOf(child: Child, name: string): number {
  return child.metrics[name]?.count ?? 0;
}
