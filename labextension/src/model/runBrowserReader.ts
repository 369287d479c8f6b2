import { Signal, type ISignal } from '@lumino/signaling';

import { ApiError, type ApiClient, type Schemas } from '../api/client';
import type { RunBrowserContents } from './runBrowserContents';
import { isOver, RunBrowserPages } from './runBrowserPages';
import type { RunBrowserSparklines } from './runBrowserSparklines';
import { RunningRuns } from './runningRuns';
import { chosenMetric, toQuery, type ListSettings, type RunRow } from './runQuery';

/** How often a poll asks for the workspaces in the place of the runs. */
const WORKSPACES_MS = 60_000;

/** Asks the server for what is listed, and puts the answers into the contents. */
export class RunBrowserReader {
  constructor(options: RunBrowserReader.IOptions) {
    this._options = options;
    this._pages = new RunBrowserPages({ client: options.client, contents: options.contents });
  }

  /** What the server is set to; null before its first answer. */
  get server(): Schemas['Server'] | null {
    return this._server;
  }

  get workspaces(): readonly Schemas['Workspace'][] {
    return this._workspaces;
  }

  /** The workspace whose runs are listed. */
  get workspace(): Schemas['Workspace'] | null {
    return this._workspaces.find(workspace => workspace.key === this._settings.workspace) ?? null;
  }

  /** Names of metrics, most common first. */
  get metricNames(): readonly string[] {
    return this._metricNames;
  }

  /** Name of the metric with the sparkline, if there is one. */
  get metric(): string | null {
    return chosenMetric(this._settings, this._metricNames);
  }

  /** Whether a list is being read. */
  get isLoading(): boolean {
    return this._loading > 0;
  }

  /** Whether the first answer is here. */
  get isRead(): boolean {
    return this._isRead;
  }

  /** Why there was no answer; null when there was one. */
  get error(): RunBrowserReader.IError | null {
    return this._error;
  }

  /** Whether some run goes on that was seen here. */
  get hasRunning(): boolean {
    return this._running.count > 0;
  }

  /** Anything that is shown. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Runs that went on when they were last seen, and have ended. */
  get runsEnded(): ISignal<this, readonly RunRow[]> {
    return this._runsEnded;
  }

  /** Something is on show that the next poll brings. */
  get pollWanted(): ISignal<this, void> {
    return this._pollWanted;
  }

  dispose(): void {
    this._isDisposed = true;
    this._listing.abort();
    Signal.clearData(this);
  }

  /** Start from nothing: what was asked for is of another workspace. */
  forgetWorkspace(): void {
    this._options.contents.clear();
    this._options.sparklines.clear();
    this._metricNames = [];
    this._running.clear();
    this._cursor = null;
    this._isRead = false;
  }

  /** What is listed is no longer what is wanted: the next poll reads the list. */
  outdate(): void {
    this._listing.abort();
    this._cursor = null;
    this._pollWanted.emit();
  }

  /** The experiments' counts may have changed: a poll asks for them soon. */
  outdateExperiments(): void {
    this._areExperimentsOld = true;
    this._pollWanted.emit();
  }

  /** The list may be read again without moving it under the pointer. */
  letGo(): void {
    if (this._isOverrun) {
      this._pollWanted.emit();
    }
  }

  /**
   * Read the list, and where they are wanted or not known the workspaces and the names of metrics.
   *
   * A failure is shown, and what was known stays.
   */
  async list(isWhole: boolean): Promise<void> {
    this._listing.abort();
    const listing = new AbortController();
    this._listing = listing;
    const { signal } = listing;
    const isUnknown = isWhole || !this._isRead || this._error?.isRefusal === false;
    this._loading += 1;
    this._changed.emit();
    try {
      if (isUnknown) {
        await this._readWorkspaces();
      }
      await this._readLists(signal, isUnknown);
      if (!isOver(signal)) {
        if (this._error !== null) {
          // The poll, whose pauses have grown, is quick again.
          this._pollWanted.emit();
        }
        this._error = null;
        this._isRead = true;
        this._isOverrun = false;
      }
    } catch (reason) {
      if (!isOver(signal)) {
        this._error = toError(reason);
      }
    }
    this._loading -= 1;
    if (isOver(signal) && this._listing === listing) {
      // It was given up for a list that nobody has asked for yet.
      this._pollWanted.emit();
    }
    this._tell();
  }

  /** Read what these lines lack. */
  readGaps(first: number, last: number): void {
    for (const experimentId of this._options.contents.withGaps(first, last)) {
      void this.readPage(experimentId);
    }
  }

  /** Read the next page of a list, or again its first. A failure is shown. */
  async readPage(experimentId: string | null, isAnew = false): Promise<void> {
    const { workspace } = this._settings;
    const { signal } = this._listing;
    if (workspace === null) {
      return;
    }
    try {
      const query = this._query(experimentId);
      const page = await this._pages.read({ workspace, experimentId, query, signal, isAnew });
      if (page === null) {
        return;
      }
      this._notice(page.runs);
    } catch (reason) {
      if (isOver(signal)) {
        return;
      }
      this._error = toError(reason);
    }
    this._tell();
  }

  /** Read the names of metrics, for who chooses one. A failure is shown. */
  async readMetrics(): Promise<void> {
    try {
      await this._readMetrics();
    } catch (reason) {
      this._error = toError(reason);
    }
    this._tell();
  }

  /**
   * Ask what is new: one request.
   *
   * @throws what kept the answer away; it is shown, too. A list that was refused is not asked for again.
   */
  async poll(): Promise<void> {
    if (this._error?.isRefusal || this.isLoading) {
      return;
    }
    if (!this._isRead || this._cursor === null || (this._isOverrun && !this._options.contents.isHeld)) {
      await this._pollAnew();
      return;
    }
    const listing = this._listing.signal;
    try {
      await this._ask(listing, this._cursor);
      this._error = null;
    } catch (reason) {
      if (isOver(listing) || this._isDisposed) {
        return;
      }
      this._error = toError(reason);
      if (this._error.isRefusal) {
        // It may be the cursor that is not known any more: the list, read again, says whether it is the query.
        this._cursor = null;
        this._error = { ...this._error, isRefusal: false };
      }
      throw reason;
    } finally {
      this._tell();
    }
  }

  /** Whoever polls before there is a list, or where it is of another time, reads the list. */
  private async _pollAnew(): Promise<void> {
    if (this._isNotebookMissing() && this._isRead) {
      return;
    }
    await this.list(!this._isRead || this.workspace === null);
    const { error } = this;
    if (error !== null) {
      throw new ApiError(error.message, 0, 'NoAnswer');
    }
  }

  /** One request of a poll: what is most needed. */
  private async _ask(listing: AbortSignal, cursor: string): Promise<void> {
    const { contents, sparklines, client, nowMs } = this._options;
    const { workspace } = this._settings;
    if (nowMs() - this._workspacesReadMs >= WORKSPACES_MS) {
      await this._readWorkspaces();
      return;
    }
    if (workspace === null) {
      return;
    }
    if (this._areMetricsOld && this._settings.metric.kind === 'auto') {
      await this._readMetrics();
      return;
    }
    if (this._areExperimentsOld && contents.isTree && !contents.isHeld) {
      const experiments = await this._readExperiments(workspace);
      if (!isOver(listing)) {
        contents.takeExperiments(experiments);
        this._areExperimentsOld = false;
      }
      return;
    }
    const { metric } = this;
    const request: Schemas['PollRequest'] = { query: this._query(null), cursor };
    const wanted = sparklines.wanted(metric);
    if (metric !== null && wanted.length > 0) {
      request.sparkline_metric = metric;
      request.sparkline_run_ids = wanted;
    }
    const reply = await client.pollRuns(workspace, request, listing);
    if (isOver(listing)) {
      return;
    }
    this._cursor = reply.cursor;
    sparklines.take(reply.sparklines, metric, wanted);
    if (!reply.is_stale) {
      this._take(reply);
      return;
    }
    this._isOverrun = true;
    if (!contents.isHeld) {
      await this.list(true);
    }
  }

  private _take(reply: Schemas['PollReply']): void {
    if (reply.changed.length === 0 && reply.removed.length === 0) {
      return;
    }
    this._areExperimentsOld = true;
    this._areMetricsOld = this._metricNames.length === 0;
    this._options.contents.take(
      reply.changed.map(({ run, fits }) => ({ run, fits })),
      reply.removed
    );
    this._notice(reply.changed.map(({ run }) => run));
  }

  private async _readWorkspaces(): Promise<void> {
    const { client, nowMs, choose } = this._options;
    this._server ??= await client.getServer();
    const { workspaces } = await client.listWorkspaces();
    this._workspaces = workspaces;
    this._workspacesReadMs = nowMs();
    if (this.workspace === null) {
      const first = workspaces.find(workspace => workspace.error === null) ?? workspaces[0];
      if (this._settings.workspace !== null) {
        this.forgetWorkspace();
      }
      choose(first?.key ?? null);
    }
  }

  private async _readMetrics(): Promise<void> {
    const { workspace } = this._settings;
    if (workspace !== null) {
      const { names } = await this._options.client.listMetrics(workspace);
      if (workspace === this._settings.workspace) {
        this._metricNames = names;
        this._areMetricsOld = false;
      }
    }
  }

  private async _readExperiments(workspace: string): Promise<readonly Schemas['Experiment'][]> {
    const view = this._settings.archivedExperiments ? 'All' : 'ActiveOnly';
    return (await this._options.client.listExperiments(workspace, view)).experiments;
  }

  private async _readLists(signal: AbortSignal, areMetricsWanted: boolean): Promise<void> {
    const { contents } = this._options;
    const { workspace } = this;
    if (workspace === null || isOver(signal)) {
      return;
    }
    if (workspace.error !== null) {
      throw new ApiError(workspace.error, 503, 'StoreUnavailable');
    }
    if (areMetricsWanted) {
      await this._readMetrics();
    }
    if (isOver(signal)) {
      return;
    }
    contents.forgetWaiting();
    if (contents.isTree) {
      await this._readTree(workspace.key, signal);
    } else if (this._isNotebookMissing()) {
      contents.clearFlat();
      this._cursor = null;
    } else {
      const request = { workspace: workspace.key, experimentId: null, query: this._query(null), signal, isAnew: true };
      const page = await this._pages.read(request);
      if (page !== null) {
        this._cursor = page.cursor;
        this._notice(page.runs);
      }
    }
  }

  private async _readTree(workspace: string, signal: AbortSignal): Promise<void> {
    const { client, contents } = this._options;
    const [experiments, start] = await Promise.all([
      this._readExperiments(workspace),
      client.listRuns(workspace, { query: this._query(null), limit: 1 }, signal)
    ]);
    if (isOver(signal)) {
      return;
    }
    contents.takeExperiments(experiments);
    this._areExperimentsOld = false;
    this._cursor = start.cursor;
    await Promise.all(contents.openExperiments.map(id => this.readPage(id, true)));
  }

  private _notice(runs: readonly RunRow[]): void {
    const ended = this._running.notice(runs);
    if (ended.length > 0) {
      this._runsEnded.emit(ended);
    }
  }

  private _query(experimentId: string | null): Schemas['Query'] {
    return toQuery(this._settings, { metric: this.metric, notebook: this._options.notebook(), experimentId });
  }

  private _isNotebookMissing(): boolean {
    return this._settings.scope === 'notebook' && this._options.notebook() === null;
  }

  private _tell(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private get _settings(): ListSettings {
    return this._options.settings();
  }

  private readonly _options: RunBrowserReader.IOptions;
  private readonly _pages: RunBrowserPages;
  private _server: Schemas['Server'] | null = null;
  private _workspaces: readonly Schemas['Workspace'][] = [];
  private _workspacesReadMs = 0;
  private _metricNames: readonly string[] = [];
  private _cursor: string | null = null;
  private _error: RunBrowserReader.IError | null = null;
  private _listing = new AbortController();
  private _loading = 0;
  private _isRead = false;
  /** Whether so much has changed that the list has to be read again. */
  private _isOverrun = false;
  private _isDisposed = false;
  private _areExperimentsOld = false;
  private _areMetricsOld = false;
  private readonly _running = new RunningRuns();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _runsEnded = new Signal<this, readonly RunRow[]>(this);
  private readonly _pollWanted = new Signal<this, void>(this);
}

export namespace RunBrowserReader {
  export interface IOptions {
    client: ApiClient;
    contents: RunBrowserContents;
    sparklines: RunBrowserSparklines;
    /** How runs are listed now. */
    settings: () => ListSettings;
    /** Path of the notebook in front. */
    notebook: () => string | null;
    /** Look into a workspace: the one that was looked into is not there. */
    choose: (workspace: string | null) => void;
    /** Milliseconds since the epoch. */
    nowMs: () => number;
  }

  /** Why there was no answer. */
  export interface IError {
    readonly message: string;
    /** Whether the same question would be refused again. */
    readonly isRefusal: boolean;
    /** Whether the server could not be reached at all. */
    readonly isLost: boolean;
  }
}

function toError(reason: unknown): RunBrowserReader.IError {
  const message = reason instanceof Error ? reason.message : String(reason);
  const status = reason instanceof ApiError ? reason.status : null;
  return { message, isRefusal: status === 400, isLost: status === 0 };
}
