import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import { ApiError, type ApiClient, type Schemas } from '../api/client';
import { flatItems, treeItems } from './runBrowserItems';
import { RunBrowserList, type RunNews } from './runBrowserList';
import { RunBrowserSelection, type Items } from './runBrowserSelection';
import { RunBrowserSparklines } from './runBrowserSparklines';
import {
  chosenMetric,
  compareRuns,
  DEFAULT_SETTINGS,
  hasEnded,
  isTree,
  toQuery,
  type ListSettings,
  type RunRow
} from './runQuery';

/** Runs of the first page, which is shown soon, and of those after it. */
const FIRST_PAGE = 100;
const NEXT_PAGE = 500;
/** As many runs as the server acts on in one request. */
const MAX_ACTED = 500;

/** What the sidebar knows. It asks when it is told to, and keeps what it knew where there is no answer. */
export class RunBrowserModel implements IDisposable {
  constructor(options: RunBrowserModel.IOptions) {
    this._client = options.client;
    this._nowMs = options.nowMs ?? Date.now;
    this._settings = options.settings ?? DEFAULT_SETTINGS;
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

  get sparklines(): RunBrowserSparklines {
    return this._sparklines;
  }

  get settings(): ListSettings {
    return this._settings;
  }

  get items(): Items {
    return this._items;
  }

  /** How many runs are listed; of experiments, how many there are. */
  get total(): number {
    return this.isTree ? this._experiments.length : this._flat.total;
  }

  get isTree(): boolean {
    return isTree(this._settings);
  }

  /** Path of the notebook in front, below the server's root. */
  get notebook(): string | null {
    return this._notebook;
  }

  get selection(): RunBrowserSelection {
    return this._selection;
  }

  /** Whether nothing can be shown yet. */
  get isLoading(): boolean {
    return this._loading > 0;
  }

  /** Whether the first answer is here. */
  get isRead(): boolean {
    return this._isRead;
  }

  /** Why there was no answer; null when there was one. */
  get error(): RunBrowserModel.IError | null {
    return this._error;
  }

  /** How many changes wait until the pointer leaves the list. */
  get waiting(): number {
    return this._waiting.size;
  }

  /** Whether some run goes on that was seen here. */
  get hasRunning(): boolean {
    return this._running.size > 0;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Anything that is shown. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** How runs are listed, or which experiments are open. */
  get settingsChanged(): ISignal<this, ListSettings> {
    return this._settingsChanged;
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
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._listing.abort();
    Signal.clearData(this);
  }

  /** List otherwise. */
  setSettings(change: Partial<ListSettings>): void {
    const before = this._settings;
    this._settings = { ...before, ...change };
    this._settingsChanged.emit(this._settings);
    if (change.workspace !== undefined && change.workspace !== before.workspace) {
      this._forgetWorkspace();
    }
    this._selection.clear();
    this._changed.emit();
    void this.refresh();
  }

  /** Say which notebook is in front. */
  setNotebook(path: string | null): void {
    if (path === this._notebook) {
      return;
    }
    this._notebook = path;
    if (this._settings.scope === 'notebook' && this._isRead) {
      void this.refresh();
    }
  }

  /** While the list is held, runs stay where they are: changes that would move one wait. */
  hold(isHeld: boolean): void {
    this._isHeld = isHeld;
    if (!isHeld) {
      this.showWaiting();
    }
  }

  /** Do what waits. */
  showWaiting(): void {
    if (this._waiting.size > 0) {
      const news = [...this._waiting.values()];
      this._waiting.clear();
      this._apply(news, []);
      this._changed.emit();
    }
  }

  /** Say which lines are in sight: what they lack is asked for. */
  setWindow(first: number, last: number): void {
    const shown: RunRow[] = [];
    let needsPage = false;
    for (let index = first; index <= last; index += 1) {
      const item = this._items.at(index);
      if (item?.kind === 'run') {
        shown.push(item.run);
      } else if (item?.kind === 'gap') {
        needsPage = true;
      }
    }
    const isMissing = this._sparklines.show(shown, this.metric);
    // While there are no answers, only the poll asks, with its growing pauses.
    if (this._error !== null) {
      return;
    }
    if (needsPage) {
      void this._readMore(first, last);
    }
    if (isMissing) {
      this._pollWanted.emit();
    }
  }

  /** Ask for all that is shown, again. A failure is shown, and what was known stays. */
  async refresh(): Promise<void> {
    this._listing.abort();
    const listing = new AbortController();
    this._listing = listing;
    this._loading += 1;
    this._changed.emit();
    try {
      await this._readWorkspaces();
      await this._readLists(listing.signal);
      if (!isOver(listing.signal)) {
        if (this._error !== null) {
          // The poll, whose pauses have grown, is quick again.
          this._pollWanted.emit();
        }
        this._error = null;
        this._isRead = true;
      }
    } catch (reason) {
      if (!isOver(listing.signal)) {
        this._error = toError(reason);
      }
    }
    this._loading -= 1;
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  /**
   * Ask what is new: one request.
   *
   * @throws what kept the answer away; it is shown, too. A request that was refused is not made again.
   */
  async poll(): Promise<void> {
    if (this._error?.isRefusal || this._loading > 0) {
      return;
    }
    if (!this._isRead || this._cursor === null) {
      await this._pollFailed();
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
      throw reason;
    } finally {
      if (!this._isDisposed) {
        this._changed.emit();
      }
    }
  }

  /** Read the names of metrics, for who chooses one. */
  async readMetrics(): Promise<void> {
    const workspace = this._settings.workspace;
    if (workspace !== null) {
      const { names } = await this._client.listMetrics(workspace);
      if (workspace === this._settings.workspace) {
        this._metricNames = names;
        this._changed.emit();
      }
    }
  }

  isOpen(experimentId: string): boolean {
    return this._open.has(experimentId);
  }

  /** Show the runs of an experiment, or no longer. */
  async setOpen(experimentId: string, isOpen: boolean): Promise<void> {
    if (isOpen === this._open.has(experimentId)) {
      return;
    }
    if (isOpen) {
      this._open.set(experimentId, new RunBrowserList());
    } else {
      this._open.delete(experimentId);
    }
    this._relist();
    this._settingsChanged.emit(this._settings);
    this._changed.emit();
    if (isOpen) {
      await this._readPage(experimentId, this._listing.signal);
    }
  }

  /** Ids of the experiments whose runs are shown. */
  get openExperiments(): readonly string[] {
    return [...this._open.keys()];
  }

  /** List as at another time. To be called before anything is asked for. */
  restore(settings: ListSettings, openExperiments: readonly string[]): void {
    this._settings = settings;
    for (const id of openExperiments) {
      this._open.set(id, new RunBrowserList());
    }
    this._relist();
    this._changed.emit();
  }

  /** The run, as far as it is listed. */
  findRun(runId: string): RunRow | null {
    for (const list of this._lists()) {
      const run = list.find(runId);
      if (run !== null) {
        return run;
      }
    }
    return null;
  }

  /** The runs that are chosen, in the order shown. */
  selectedRuns(): RunRow[] {
    const { runIds } = this._selection;
    if (runIds.size <= 1) {
      return [...runIds].map(id => this.findRun(id)).filter(run => run !== null);
    }
    return this._lists().flatMap(list => list.rows.filter(run => runIds.has(run.run_id)));
  }

  /** The experiment with the keyboard, where no run is chosen. */
  selectedExperiment(): Schemas['Experiment'] | null {
    const { active } = this._selection;
    const item = active === null ? null : this._items.at(this._items.indexOf(active));
    return item?.kind === 'experiment' && this._selection.runIds.size === 0 ? item.experiment : null;
  }

  /** Change what is chosen, by the given function. */
  select(change: (selection: RunBrowserSelection) => void): void {
    change(this._selection);
    this._changed.emit();
  }

  /** Choose all runs that are read. */
  selectAll(): void {
    this._selection.choose(this._lists().flatMap(list => list.rows.map(run => run.run_id)));
    this._changed.emit();
  }

  /**
   * Do something with runs of the listed workspace, or of another one.
   *
   * @returns what came of it, run by run.
   */
  async act(
    action: Schemas['ActionRequest']['action'],
    runIds: readonly string[],
    workspace = this._settings.workspace
  ): Promise<Schemas['ActionReply']['results']> {
    const results: Schemas['ActionReply']['results'] = [];
    if (workspace === null) {
      return results;
    }
    for (let start = 0; start < runIds.length; start += MAX_ACTED) {
      const request = { action, run_ids: runIds.slice(start, start + MAX_ACTED) };
      results.push(...(await this._client.actOnRuns(workspace, request)).results);
    }
    if (workspace === this._settings.workspace) {
      const done = results.filter(result => result.error === null);
      const news: RunNews[] = [];
      for (const { run } of done) {
        if (run !== null) {
          // The answer has no metrics; whether the run fits where it was not is for the next poll to say.
          const known = this.findRun(run.run_id);
          news.push({ run: { ...run, metrics: known?.metrics ?? {} }, fits: known !== null && this._isInView(run) });
        }
      }
      const gone = action === 'purge' ? done.map(result => result.run_id) : [];
      this._apply(news, gone);
      this._areExperimentsOld = true;
      this._changed.emit();
      this._pollWanted.emit();
    }
    return results;
  }

  /** Change the name, the description or the tags of a run. */
  async change(runId: string, change: Schemas['RunChange'], workspace = this._settings.workspace): Promise<void> {
    if (workspace === null) {
      return;
    }
    const { run } = await this._client.changeRun(workspace, runId, change);
    const known = workspace === this._settings.workspace ? this.findRun(runId) : null;
    if (known !== null) {
      this._update({ ...known, display_name: run.display_name, tags: run.tags });
      this._changed.emit();
      this._pollWanted.emit();
    }
  }

  /** Put an experiment aside, or bring it back. */
  async archiveExperiment(experimentId: string, isArchived: boolean): Promise<void> {
    const { workspace } = this._settings;
    if (workspace === null) {
      return;
    }
    await this._client.archiveExperiment(workspace, experimentId, isArchived);
    await this.refresh();
  }

  /** Start from nothing: what was asked for is of another workspace. */
  private _forgetWorkspace(): void {
    this._flat = new RunBrowserList();
    this._open.clear();
    this._experiments = [];
    this._metricNames = [];
    this._running.clear();
    this._waiting.clear();
    this._sparklines.clear();
    this._cursor = null;
    this._isRead = false;
    this._relist();
  }

  private async _readWorkspaces(): Promise<void> {
    const [server, { workspaces }] = await Promise.all([this._client.getServer(), this._client.listWorkspaces()]);
    this._server = server;
    this._workspaces = workspaces;
    if (this.workspace === null) {
      const first = workspaces.find(workspace => workspace.error === null) ?? workspaces[0];
      if (this._settings.workspace !== null) {
        this._forgetWorkspace();
      }
      this._settings = { ...this._settings, workspace: first?.key ?? null };
      this._settingsChanged.emit(this._settings);
    }
  }

  private async _readLists(signal: AbortSignal): Promise<void> {
    const { workspace } = this._settings;
    if (workspace === null || isOver(signal)) {
      return;
    }
    const { names } = await this._client.listMetrics(workspace);
    if (isOver(signal)) {
      return;
    }
    this._metricNames = names;
    this._areMetricsOld = false;
    this._waiting.clear();
    if (this.isTree) {
      await this._readTree(workspace, signal);
    } else if (this._isNotebookMissing()) {
      this._flat = new RunBrowserList();
      this._cursor = null;
    } else {
      const page = await this._client.listRuns(workspace, { query: this._query(null), limit: FIRST_PAGE }, signal);
      if (isOver(signal)) {
        return;
      }
      this._flat.replace(page);
      this._cursor = page.cursor;
      this._notice(page.runs);
    }
    this._relist();
  }

  private async _readTree(workspace: string, signal: AbortSignal): Promise<void> {
    const [{ experiments }, start] = await Promise.all([
      this._client.listExperiments(workspace),
      this._client.listRuns(workspace, { query: this._query(null), limit: 1 }, signal)
    ]);
    if (isOver(signal)) {
      return;
    }
    this._takeExperiments(experiments);
    this._cursor = start.cursor;
    await Promise.all([...this._open.keys()].map(id => this._readPage(id, signal, true)));
  }

  private _takeExperiments(experiments: readonly Schemas['Experiment'][]): void {
    this._experiments = experiments;
    this._areExperimentsOld = false;
    const ids = new Set(experiments.map(experiment => experiment.experiment_id));
    for (const id of this._open.keys()) {
      if (!ids.has(id)) {
        this._open.delete(id);
      }
    }
  }

  /** Read on in those lists that have a gap between these lines. */
  private async _readMore(first: number, last: number): Promise<void> {
    const signal = this._listing.signal;
    if (this.isTree) {
      const { items } = this;
      let experimentId: string | null = null;
      for (let index = last; index >= 0; index -= 1) {
        const item = items.at(index);
        if (item?.kind === 'experiment') {
          experimentId = item.experiment.experiment_id;
          break;
        }
      }
      const wanted = new Set<string>(experimentId === null ? [] : [experimentId]);
      for (let index = first; index <= last; index += 1) {
        const item = items.at(index);
        if (item?.kind === 'run') {
          wanted.add(item.run.experiment_id);
        }
      }
      await Promise.all([...wanted].filter(id => this._open.has(id)).map(id => this._readPage(id, signal)));
      return;
    }
    await this._readPage(null, signal);
  }

  /** Read the next page of a list, or again its first. A failure is shown. */
  private async _readPage(experimentId: string | null, signal: AbortSignal, isAnew = false): Promise<void> {
    const { workspace } = this._settings;
    const list = experimentId === null ? this._flat : this._open.get(experimentId);
    if (workspace === null || list === undefined || isOver(signal) || this._reading.has(list)) {
      return;
    }
    const isFirst = isAnew || !list.isRead;
    if (!isFirst && list.token === null) {
      return;
    }
    this._reading.add(list);
    try {
      const request: Schemas['ListRequest'] = { query: this._query(experimentId), limit: FIRST_PAGE };
      if (!isFirst) {
        request.limit = NEXT_PAGE;
        request.page_token = list.token;
      }
      const page = await this._client.listRuns(workspace, request, signal);
      if (isOver(signal)) {
        return;
      }
      if (isFirst) {
        list.replace(page);
      } else {
        list.append(page);
      }
      this._notice(page.runs);
      this._relist();
    } catch (reason) {
      if (!isOver(signal)) {
        this._error = toError(reason);
      }
    } finally {
      this._reading.delete(list);
      if (!this._isDisposed) {
        this._changed.emit();
      }
    }
  }

  /** One request of a poll: what is most needed. */
  private async _ask(listing: AbortSignal, cursor: string): Promise<void> {
    const { workspace } = this._settings;
    if (workspace === null) {
      return;
    }
    if (this._areMetricsOld && this._settings.metric.kind === 'auto') {
      await this.readMetrics();
      this._areMetricsOld = false;
      return;
    }
    if (this._areExperimentsOld && this.isTree && !this._isHeld) {
      const { experiments } = await this._client.listExperiments(workspace);
      if (!isOver(listing)) {
        this._takeExperiments(experiments);
        this._relist();
      }
      return;
    }
    const { metric } = this;
    const request: Schemas['PollRequest'] = { query: this._query(null), cursor };
    const wanted = this._sparklines.wanted(metric);
    if (metric !== null && wanted.length > 0) {
      request.sparkline_metric = metric;
      request.sparkline_run_ids = wanted;
    }
    const reply = await this._client.pollRuns(workspace, request, listing);
    if (isOver(listing)) {
      return;
    }
    this._cursor = reply.cursor;
    this._sparklines.take(reply.sparklines, metric, wanted);
    if (reply.is_stale) {
      await this.refresh();
      return;
    }
    this._take(reply);
  }

  private _take(reply: Schemas['PollReply']): void {
    if (reply.changed.length === 0 && reply.removed.length === 0) {
      return;
    }
    this._areExperimentsOld = true;
    this._areMetricsOld = this._metricNames.length === 0;
    const news = reply.changed.map(({ run, fits }) => ({ run, fits }));
    if (this._isHeld) {
      for (const one of news) {
        if (this._wouldMove(one)) {
          this._waiting.set(one.run.run_id, one);
        }
        this._update(one.run);
      }
    } else {
      this._apply(news, []);
    }
    this._apply([], reply.removed);
    this._notice(news.map(({ run }) => run));
  }

  /** Whoever polls before there is a list reads the list. */
  private async _pollFailed(): Promise<void> {
    if (this._isNotebookMissing() && this._isRead) {
      return;
    }
    await this.refresh();
    const { error } = this;
    if (error !== null) {
      throw new ApiError(error.message, 0, 'NoAnswer');
    }
  }

  private _apply(news: readonly RunNews[], removed: readonly string[]): void {
    const compare = this._comparison();
    for (const [experimentId, list] of this._listsByExperiment()) {
      const own = experimentId === null ? news : news.filter(({ run }) => run.experiment_id === experimentId);
      list.apply(own, removed, compare);
    }
    for (const id of [...removed, ...news.map(({ run }) => run.run_id)]) {
      this._waiting.delete(id);
    }
    const chosen = [...this._selection.runIds].filter(id => this.findRun(id) !== null);
    if (chosen.length < this._selection.runIds.size) {
      this._selection.choose(chosen);
    }
    this._relist();
  }

  private _update(run: RunRow): void {
    for (const list of this._lists()) {
      list.update(run);
    }
  }

  private _wouldMove(news: RunNews): boolean {
    const compare = this._comparison();
    for (const [experimentId, list] of this._listsByExperiment()) {
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

  /** Remember runs that go on, and tell which of them have ended. Children are their parent's affair. */
  private _notice(runs: readonly RunRow[]): void {
    const ended: RunRow[] = [];
    for (const run of runs) {
      if (!hasEnded(run.status)) {
        if (run.parent_run_id === null && run.trashed_at === null) {
          this._running.add(run.run_id);
        }
      } else if (this._running.delete(run.run_id)) {
        ended.push(run);
      }
    }
    if (ended.length > 0) {
      this._runsEnded.emit(ended);
    }
  }

  private _relist(): void {
    this._items = this.isTree ? treeItems(this._experiments, this._open) : flatItems(this._flat);
  }

  private _lists(): RunBrowserList[] {
    return this.isTree ? [...this._open.values()] : [this._flat];
  }

  private _listsByExperiment(): [string | null, RunBrowserList][] {
    return this.isTree ? [...this._open.entries()] : [[null, this._flat]];
  }

  private _query(experimentId: string | null): Schemas['Query'] {
    return toQuery(this._settings, { metric: this.metric, notebook: this._notebook, experimentId });
  }

  private _isNotebookMissing(): boolean {
    return this._settings.scope === 'notebook' && this._notebook === null;
  }

  private _isInView(run: RunRow): boolean {
    if (run.trashed_at !== null) {
      return this._settings.view === 'trash';
    }
    return this._settings.view === (run.archived_at === null ? 'active' : 'archived');
  }

  private _comparison(): RunBrowserList.Compare {
    const now = this._nowMs() / 1000;
    return (first, second) => compareRuns(first, second, this._settings, now);
  }

  private readonly _client: ApiClient;
  private readonly _nowMs: () => number;
  private _settings: ListSettings;
  private _server: Schemas['Server'] | null = null;
  private _workspaces: readonly Schemas['Workspace'][] = [];
  private _experiments: readonly Schemas['Experiment'][] = [];
  private _metricNames: readonly string[] = [];
  private _notebook: string | null = null;
  private _flat = new RunBrowserList();
  private _items: Items = flatItems(this._flat);
  private _cursor: string | null = null;
  private _error: RunBrowserModel.IError | null = null;
  private _listing = new AbortController();
  private _loading = 0;
  private _isRead = false;
  private _isHeld = false;
  private _isDisposed = false;
  private _areExperimentsOld = false;
  private _areMetricsOld = false;
  private readonly _open = new Map<string, RunBrowserList>();
  private readonly _reading = new Set<RunBrowserList>();
  private readonly _waiting = new Map<string, RunNews>();
  private readonly _running = new Set<string>();
  private readonly _sparklines = new RunBrowserSparklines();
  private readonly _selection = new RunBrowserSelection();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _settingsChanged = new Signal<this, ListSettings>(this);
  private readonly _runsEnded = new Signal<this, readonly RunRow[]>(this);
  private readonly _pollWanted = new Signal<this, void>(this);
}

export namespace RunBrowserModel {
  export interface IOptions {
    client: ApiClient;
    settings?: ListSettings;
    /** Milliseconds since the epoch. */
    nowMs?: () => number;
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

/** Asked anew after each wait: what the signal was before says nothing. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

function toError(reason: unknown): RunBrowserModel.IError {
  const message = reason instanceof Error ? reason.message : String(reason);
  const status = reason instanceof ApiError ? reason.status : null;
  return { message, isRefusal: status === 400, isLost: status === 0 };
}
