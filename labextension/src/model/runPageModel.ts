import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';

import { ApiError, type ApiClient, type Schemas } from '../api/client';
import { onReturn, setPace } from './asking';
import { fromServer, type Bucket } from './buckets';
import { hasEnded } from './runQuery';
import { DEFAULT_SETTINGS } from './runPageSettings';
import type { IRunPageModel, ViewSettings } from './runPageTypes';
import { advanceSeries, seriesKey, type MetricState, type SeriesState } from './series';

const DEFAULT_INTERVAL_MS = 3_000;
const MAX_BUCKETS_OF_RANGE = 1_000;

/** Follows one run by the changes since a cursor. Memory follows what fits on a screen, not the length of the history. */
export class RunPageModel implements IRunPageModel {
  constructor(options: RunPageModel.IOptions) {
    this.client = options.client;
    this.workspace = options.workspace;
    this.runId = options.runId;
    this.intervalMs = Math.max(options.intervalMs ?? DEFAULT_INTERVAL_MS, options.minIntervalMs ?? 0);
    this._settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this._poll = new Poll({
      auto: false,
      name: `aml-widgets:run-page ${options.runId}`,
      standby: () => !this._isFollowing,
      factory: () => this._look()
    });
    setPace(this._poll, this.intervalMs);
    this._return = onReturn(() => this._go());
  }

  readonly client: ApiClient;
  readonly workspace: string;
  readonly runId: string;
  readonly intervalMs: number;

  get reply(): Schemas['RunReply'] | null {
    return this._reply;
  }

  get series(): ReadonlyMap<string, SeriesState> {
    return this._series;
  }

  get metrics(): ReadonlyMap<string, MetricState> {
    return this._metrics;
  }

  get artifacts(): ReadonlyMap<string, Schemas['Artifact']> {
    return this._artifacts;
  }

  get children(): ReadonlyMap<string, Schemas['RunRow']> {
    return this._children;
  }

  get error(): string | null {
    return this._error;
  }

  get isMissing(): boolean {
    return this._isMissing;
  }

  get heardAtMs(): number | null {
    return this._heardAtMs;
  }

  get hasMore(): boolean {
    return this._hasMore;
  }

  get settings(): ViewSettings {
    return this._settings;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Whether the page is seen: while it is not, nothing is asked. */
  get isVisible(): boolean {
    return this._isVisible;
  }

  set isVisible(isVisible: boolean) {
    if (isVisible === this._isVisible || this._isDisposed) {
      return;
    }
    this._isVisible = isVisible;
    if (isVisible) {
      this._go();
    } else {
      void this._poll.stop();
    }
  }

  setSettings(change: Partial<ViewSettings>): void {
    const wasPaused = this._settings.isPaused;
    this._settings = { ...this._settings, ...change };
    this._changed.emit();
    if (wasPaused && !this._settings.isPaused) {
      this._go();
    }
  }

  async refresh(): Promise<void> {
    this._isMissing = false;
    this._hasSettled = false;
    try {
      await this._look();
    } catch {
      // It is shown as `error`.
    }
    this._go();
  }

  async cancel(): Promise<void> {
    const reply = await this.client.actOnRuns(this.workspace, { action: 'cancel', run_ids: [this.runId] });
    const error = reply.results[0]?.error;
    if (error) {
      throw new ApiError(error.message, 409, error.code);
    }
    await this.refresh();
  }

  async change(change: Schemas['RunChange']): Promise<void> {
    this._reply = await this.client.changeRun(this.workspace, this.runId, change);
    this._emit();
  }

  async readRange(
    name: string,
    column: string | null,
    firstStep: number,
    lastStep: number
  ): Promise<readonly Bucket[]> {
    const { envelopes } = await this.client.readEnvelopes(this.workspace, [
      {
        run_id: this.runId,
        name,
        column,
        first_step: firstStep,
        last_step: lastStep,
        max_buckets: MAX_BUCKETS_OF_RANGE
      }
    ]);
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
    this._asked?.abort();
    this._return.dispose();
    this._poll.dispose();
    Signal.clearData(this);
  }

  /** Whether there is reason to ask by itself. */
  private get _isFollowing(): boolean {
    const isSeen = this._isVisible && !document.hidden;
    return isSeen && !this._settings.isPaused && !this._hasSettled && !this._isMissing && !this._isDisposed;
  }

  /** Ask soon, and then at the interval. */
  private _go(): void {
    if (this._isFollowing) {
      void this._poll.start().then(() => this._poll.refresh());
    }
  }

  /** Ask once. Two who want to know share one question. */
  private _look(): Promise<void> {
    this._looking ??= this._ask().finally(() => {
      this._looking = null;
    });
    return this._looking;
  }

  private async _ask(): Promise<void> {
    const hadEnded = this._reply !== null && hasEnded(this._reply.run.status);
    try {
      this._asked = new AbortController();
      const [reply, changes] = await Promise.all([
        this._reply ?? this.client.getRun(this.workspace, this.runId),
        this.client.getChanges(this.workspace, this.runId, this._cursor, this._asked.signal)
      ]);
      if (this._isDisposed) {
        return;
      }
      this._take(this._reply ?? reply, changes);
      this._heardAtMs = Date.now();
      this._error = null;
      this._isMissing = false;
      // What was written between the last points and the end comes with the look after it.
      this._hasSettled = hadEnded && !changes.has_more;
      this._emit();
      if (this._hasSettled) {
        void this._poll.stop();
      } else if (this._hasMore) {
        setTimeout(() => this._go(), 0); // when the poll is done with this question
      }
    } catch (reason) {
      if (this._isDisposed) {
        return;
      }
      this._error = reason instanceof Error ? reason.message : String(reason);
      if (reason instanceof ApiError) {
        // A workspace that is not there may come back, with its disk.
        this._isMissing = reason.code === 'RunNotFound';
        if (reason.status === 400) {
          this._cursor = null; // the store no longer knows it: begin again
        }
      }
      this._emit();
      throw reason; // so that the next question waits longer
    }
  }

  private _take(reply: Schemas['RunReply'], changes: Schemas['Changes']): void {
    this._cursor = changes.cursor;
    this._hasMore = changes.has_more;
    this._reply = { ...reply, run: changes.run ?? reply.run, can_cancel: changes.can_cancel };
    if (changes.metrics.length > 0) {
      const series = new Map(this._series);
      const metrics = new Map(this._metrics);
      for (const news of changes.metrics) {
        const key = seriesKey(news.name, news.column);
        const advanced = advanceSeries(series.get(key), news);
        series.set(key, advanced);
        const columns = new Map(metrics.get(news.name)?.columns);
        columns.set(news.column, advanced);
        metrics.set(news.name, { name: news.name, kind: news.kind, columns });
      }
      this._series = series;
      this._metrics = metrics;
    }
    if (changes.artifacts.length > 0) {
      this._artifacts = new Map([
        ...this._artifacts,
        ...changes.artifacts.map(artifact => [artifact.path, artifact] as const)
      ]);
    }
    if (changes.children.length > 0) {
      this._children = new Map([...this._children, ...changes.children.map(child => [child.run_id, child] as const)]);
    }
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _poll: Poll;
  private readonly _return: IDisposable;
  private _asked: AbortController | null = null;
  private _looking: Promise<void> | null = null;
  private _cursor: string | null = null;
  private _reply: Schemas['RunReply'] | null = null;
  private _series: ReadonlyMap<string, SeriesState> = new Map();
  private _metrics: ReadonlyMap<string, MetricState> = new Map();
  private _artifacts: ReadonlyMap<string, Schemas['Artifact']> = new Map();
  private _children: ReadonlyMap<string, Schemas['RunRow']> = new Map();
  private _settings: ViewSettings;
  private _error: string | null = null;
  private _heardAtMs: number | null = null;
  private _hasMore = false;
  private _isMissing = false;
  private _hasSettled = false;
  private _isVisible = false;
  private _isDisposed = false;
}

export namespace RunPageModel {
  export interface IOptions {
    client: ApiClient;
    workspace: string;
    runId: string;
    settings?: Partial<ViewSettings>;
    /** So often the server is asked while the run goes on. */
    intervalMs?: number;
    /** No page asks more often, says the server. */
    minIntervalMs?: number;
  }
}
