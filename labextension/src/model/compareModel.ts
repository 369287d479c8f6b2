import { Poll } from '@lumino/polling';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import { ApiError } from '../api/client';
import type { ApiClient, Schemas } from '../api/client';
import { onReturn, setPace } from './asking';
import { fromServer } from './buckets';
import type { Bucket } from './buckets';
import { comparedIds, DEFAULT_COMPARE_SETTINGS, MAX_RUNS } from './compareSettings';
import type { CompareSettings } from './compareSettings';
import type { ComparedRun } from './compareTable';
import { isScalar, metricOf } from './envelopes';
import { hasEnded } from './runQuery';
import type { MetricState } from './series';

const DEFAULT_INTERVAL_MS = 5_000;

/** As many series as the server reads at once. */
const MAX_REQUESTS = 100;

/** So many pieces all lines of a chart together are drawn from, about. */
const BUCKETS_OF_CHART = 12_000;
const MAX_BUCKETS = 1_000;

/** Puts runs side by side. It asks while it is visible and one of the runs goes on, and reads the series that are drawn. */
export class CompareModel implements IDisposable {
  constructor(options: CompareModel.IOptions) {
    this.client = options.client;
    this.workspace = options.workspace;
    const asked = comparedIds(options.runIds);
    this.runIds = asked.slice(0, MAX_RUNS);
    this.leftOutCount = asked.length - this.runIds.length;
    this._settings = { ...DEFAULT_COMPARE_SETTINGS, ...options.settings };
    const interval = Math.max(options.intervalMs ?? DEFAULT_INTERVAL_MS, options.minIntervalMs ?? 0);
    this._poll = new Poll({
      auto: false,
      name: `aml-widgets:compare ${this.runIds.join(' ')}`,
      standby: () => !this._isFollowing,
      factory: () => this.refresh()
    });
    setPace(this._poll, interval);
    this._return = onReturn(() => {
      if (this._isFollowing) {
        void this._poll.refresh();
      }
    });
  }

  readonly client: ApiClient;
  readonly workspace: string;
  readonly runIds: readonly string[];
  /** How many runs were asked for that are too many to be compared at once. */
  readonly leftOutCount: number;

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get changed(): ISignal<CompareModel, void> {
    return this._changed;
  }

  get settings(): CompareSettings {
    return this._settings;
  }

  /** The runs that there are, in the order asked; null before the first answer. */
  get runs(): readonly ComparedRun[] | null {
    return this._runs;
  }

  /** Runs that are not there. */
  get missing(): readonly string[] {
    return this._missing;
  }

  /** Why the last question got no answer; what was known stays. */
  get error(): string | null {
    return this._error;
  }

  /** Why lines could not be read; those that were read stay. */
  get seriesError(): string | null {
    return this._seriesError;
  }

  /** Whether nothing more can come. */
  get hasSettled(): boolean {
    return this._runs !== null && this._runs.every(({ run }) => hasEnded(run.status)) && this._wasSettled;
  }

  /** Metrics with a course in some run, in the order in which they were first logged. */
  get metricNames(): readonly string[] {
    const names = (this._runs ?? []).flatMap(({ summaries }) => summaries.filter(isCharted).map(one => one.name));
    return [...new Set(names)];
  }

  /** What is known of the series of a run, by the name of the metric. */
  metricsOf(runId: string): ReadonlyMap<string, MetricState> {
    return this._metrics.get(runId) ?? NONE;
  }

  /** Whether the lines of a metric are still awaited. */
  isAwaited(name: string): boolean {
    return this._wanted.has(name) && (this._runs ?? []).some(run => this._isStale(run, name));
  }

  setSettings(change: Partial<CompareSettings>): void {
    this._settings = { ...this._settings, ...change };
    if (change.xMetric != null) {
      this.want(change.xMetric);
    }
    this._emit();
  }

  /** Read the series of a metric now, and as they grow. */
  want(name: string): void {
    if (!this._wanted.has(name)) {
      this._wanted.add(name);
      void this._readSeries();
    }
  }

  /** Read no more of a metric. */
  forget(name: string): void {
    this._wanted.delete(name);
  }

  setVisible(isVisible: boolean): void {
    this._isVisible = isVisible;
    if (isVisible && !this._isDisposed) {
      void this._poll.start();
      void this._poll.refresh();
    }
  }

  /** Ask now. Rejects where there is no answer; that is shown, too, and what was known stays. */
  refresh(): Promise<void> {
    this._looking ??= this._look().finally(() => {
      this._looking = null;
    });
    return this._looking;
  }

  /** Sum up the numbers of a series of a run between two steps. */
  async readRange(runId: string, name: string, firstStep: number, lastStep: number): Promise<readonly Bucket[]> {
    const { envelopes } = await this.client.readEnvelopes(
      this.workspace,
      [{ run_id: runId, name, first_step: firstStep, last_step: lastStep, max_buckets: this._maxBuckets }],
      this._abort.signal
    );
    const envelope = envelopes[0];
    if (envelope?.error) {
      throw new ApiError(envelope.error, 409, 'Unreadable');
    }
    return envelope?.buckets ? fromServer(envelope.buckets).rows : [];
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._abort.abort();
    this._return.dispose();
    this._poll.dispose();
    Signal.clearData(this);
  }

  /** Whether there is reason to ask by itself. */
  private get _isFollowing(): boolean {
    const isComplete = this.hasSettled && !this._areSeriesLost;
    return this._isVisible && !document.hidden && !isComplete && !this._isDisposed;
  }

  private get _maxBuckets(): number {
    return Math.min(MAX_BUCKETS, Math.ceil(BUCKETS_OF_CHART / Math.max(1, this.runIds.length)));
  }

  private async _look(): Promise<void> {
    const hadEnded = this._runs?.every(({ run }) => hasEnded(run.status)) ?? false;
    try {
      const reply = await this.client.compareRuns(this.workspace, this.runIds, this._abort.signal);
      this._runs = reply.runs;
      this._missing = reply.missing;
      this._error = null;
      // What was written between the last values and the end comes with the look after it.
      this._wasSettled = hadEnded;
    } catch (reason) {
      if (this._isDisposed) {
        return;
      }
      this._error = reason instanceof Error ? reason.message : String(reason);
      this._emit();
      throw reason; // so that the next question waits longer
    }
    this._emit();
    await this._readSeries();
  }

  /** Read the series that are drawn and of which there is more than is known. */
  private async _readSeries(): Promise<void> {
    if (this._isReading || this._runs === null || this._isDisposed) {
      return;
    }
    this._isReading = true;
    // Asked for together by all charts that are drawn at once.
    await Promise.resolve();
    let problem: string | null = null;
    try {
      for (let requests = this._nextRequests(); requests.length > 0; requests = this._nextRequests()) {
        const { envelopes } = await this.client.readEnvelopes(this.workspace, requests, this._abort.signal);
        envelopes.forEach(envelope => {
          this._take(envelope);
        });
        this._emit();
      }
      this._areSeriesLost = false;
      problem = this._unreadable();
    } catch (reason) {
      this._areSeriesLost = true;
      problem = reason instanceof Error ? reason.message : String(reason);
    } finally {
      this._isReading = false;
    }
    if (problem !== this._seriesError) {
      this._seriesError = problem;
      this._emit();
    }
  }

  private _nextRequests(): Schemas['EnvelopeRequest'][] {
    if (this._isDisposed) {
      return [];
    }
    const requests: Schemas['EnvelopeRequest'][] = [];
    for (const name of this._wanted) {
      for (const run of this._runs ?? []) {
        if (requests.length < MAX_REQUESTS && this._isStale(run, name)) {
          requests.push({ run_id: run.run.run_id, name, column: null, max_buckets: this._maxBuckets });
        }
      }
    }
    return requests;
  }

  private _isStale({ run, summaries }: ComparedRun, name: string): boolean {
    const count = summaries.find(one => one.name === name && isCharted(one))?.count ?? 0;
    return count > (this._readCounts.get(seriesName(run.run_id, name)) ?? 0);
  }

  private _take(envelope: Schemas['Envelope']): void {
    const run = this._runs?.find(one => one.run.run_id === envelope.run_id);
    const summary = run?.summaries.find(one => one.name === envelope.name && isCharted(one));
    if (summary === undefined) {
      return;
    }
    // Also of one that could not be read: it is asked for again when there is more of it.
    const key = seriesName(envelope.run_id, envelope.name);
    this._readCounts.set(key, summary.count);
    if (envelope.buckets === null) {
      this._problems.set(key, envelope.error ?? '');
      return;
    }
    this._problems.delete(key);
    const metric = metricOf(envelope.name, envelope.buckets, summary);
    this._metrics.set(envelope.run_id, new Map(this._metrics.get(envelope.run_id)).set(envelope.name, metric));
  }

  /** Why the first of the wanted series that the server could not read was not read. */
  private _unreadable(): string | null {
    for (const name of this._wanted) {
      for (const runId of this.runIds) {
        const problem = this._problems.get(seriesName(runId, name));
        if (problem !== undefined) {
          return problem;
        }
      }
    }
    return null;
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _abort = new AbortController();
  private readonly _poll: Poll;
  private readonly _return: IDisposable;
  private readonly _wanted = new Set<string>();
  private readonly _metrics = new Map<string, ReadonlyMap<string, MetricState>>();
  private readonly _readCounts = new Map<string, number>();
  private _settings: CompareSettings;
  private _looking: Promise<void> | null = null;
  private _runs: readonly ComparedRun[] | null = null;
  private _missing: readonly string[] = [];
  private _error: string | null = null;
  private _seriesError: string | null = null;
  /** Why series could not be read that were asked for. */
  private readonly _problems = new Map<string, string>();
  /** Whether there was no answer about series, so that they are to be asked for again. */
  private _areSeriesLost = false;
  private _wasSettled = false;
  private _isReading = false;
  private _isVisible = false;
  private _isDisposed = false;
}

export namespace CompareModel {
  export interface IOptions {
    client: ApiClient;
    workspace: string;
    runIds: readonly string[];
    settings?: Partial<CompareSettings>;
    /** So often the server is asked while a run goes on. */
    intervalMs?: number;
    /** No page asks more often, says the server. */
    minIntervalMs?: number;
  }
}

const NONE: ReadonlyMap<string, MetricState> = new Map();

function seriesName(runId: string, name: string): string {
  return JSON.stringify([runId, name]);
}

/** Whether a series is a line: numbers, logged one after another. */
function isCharted(summary: Schemas['Summary']): boolean {
  return isScalar(summary) && summary.count > 1;
}
