import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { ApiClient, Schemas } from '../api/client';
import { RunBrowserContents } from './runBrowserContents';
import type { RunNews } from './runBrowserList';
import { RunBrowserReader } from './runBrowserReader';
import { RunBrowserSelection, type Items } from './runBrowserSelection';
import { RunBrowserSparklines } from './runBrowserSparklines';
import { DEFAULT_SETTINGS, isInView, type ListSettings, type RunRow } from './runQuery';

/** As many runs as the server acts on in one request. */
const MAX_ACTED = 500;

/** What the sidebar knows. It asks when it is told to, and keeps what it knew where there is no answer. */
export class RunBrowserModel implements IDisposable {
  constructor(options: RunBrowserModel.IOptions) {
    const nowMs = options.nowMs ?? ((): number => Date.now());
    const settings = (): ListSettings => this._settings;
    this._client = options.client;
    this._settings = options.settings ?? DEFAULT_SETTINGS;
    this._contents = new RunBrowserContents({ settings, nowMs });
    this._reader = new RunBrowserReader({
      client: options.client,
      contents: this._contents,
      sparklines: this._sparklines,
      settings,
      notebook: () => this._notebook,
      choose: workspace => {
        this._settings = { ...this._settings, workspace };
        this._settingsChanged.emit(this._settings);
      },
      nowMs
    });
    this._reader.changed.connect(this._tell, this);
    this._reader.pollWanted.connect(this._wantPoll, this);
    this._reader.runsEnded.connect((_, runs) => this._runsEnded.emit(runs), this);
  }

  /** What the server is set to; null before its first answer. */
  get server(): Schemas['Server'] | null {
    return this._reader.server;
  }

  get workspaces(): readonly Schemas['Workspace'][] {
    return this._reader.workspaces;
  }

  /** The workspace whose runs are listed. */
  get workspace(): Schemas['Workspace'] | null {
    return this._reader.workspace;
  }

  /** Names of metrics, most common first. */
  get metricNames(): readonly string[] {
    return this._reader.metricNames;
  }

  /** Name of the metric with the sparkline, if there is one. */
  get metric(): string | null {
    return this._reader.metric;
  }

  get sparklines(): RunBrowserSparklines {
    return this._sparklines;
  }

  get settings(): ListSettings {
    return this._settings;
  }

  get items(): Items {
    return this._contents.items;
  }

  /** How many runs are listed; of experiments, how many there are. */
  get total(): number {
    return this._contents.total;
  }

  get isTree(): boolean {
    return this._contents.isTree;
  }

  /** Ids of the experiments whose runs are shown. */
  get openExperiments(): readonly string[] {
    return this._contents.openExperiments;
  }

  /** Path of the notebook in front, below the server's root. */
  get notebook(): string | null {
    return this._notebook;
  }

  get selection(): RunBrowserSelection {
    return this._selection;
  }

  /** Whether a list is being read. */
  get isLoading(): boolean {
    return this._reader.isLoading;
  }

  /** Whether the first answer is here. */
  get isRead(): boolean {
    return this._reader.isRead;
  }

  /** Why there was no answer; null when there was one. */
  get error(): RunBrowserReader.IError | null {
    return this._reader.error;
  }

  /** How many changes wait until the pointer leaves the list. */
  get waiting(): number {
    return this._contents.waiting;
  }

  /** Whether some run goes on that was seen here. */
  get hasRunning(): boolean {
    return this._reader.hasRunning;
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
    this._reader.dispose();
    Signal.clearData(this);
  }

  /** List as at another time. To be called before anything is asked for. */
  restore(settings: ListSettings, openExperiments: readonly string[]): void {
    this._settings = settings;
    for (const id of openExperiments) {
      this._contents.setOpen(id, true);
    }
    this._contents.relist();
    this._changed.emit();
  }

  /** List otherwise. */
  setSettings(change: Partial<ListSettings>): void {
    const before = this._settings;
    this._settings = { ...before, ...change };
    this._settingsChanged.emit(this._settings);
    if (this._settings.workspace !== before.workspace) {
      this._reader.forgetWorkspace();
    }
    this._selection.clear();
    this._changed.emit();
    void this._reader.list(false);
  }

  /** Say which notebook is in front. Its runs are read by the next poll: perhaps nobody looks. */
  setNotebook(path: string | null): void {
    if (path === this._notebook) {
      return;
    }
    this._notebook = path;
    if (this._settings.scope === 'notebook') {
      if (path === null) {
        this._contents.clearFlat();
      }
      this._reader.outdate();
      this._tell();
    }
  }

  /** While the list is held, runs stay where they are: changes that would move one wait. */
  hold(isHeld: boolean): void {
    this._contents.isHeld = isHeld;
    if (!isHeld) {
      this.showWaiting();
      this._reader.letGo();
    }
  }

  /** Do what waits. */
  showWaiting(): void {
    if (this._contents.takeWaiting()) {
      this._tell();
    }
  }

  /** Say which lines are in sight: what they lack is asked for. */
  setWindow(first: number, last: number): void {
    const shown: RunRow[] = [];
    for (let index = first; index <= last; index += 1) {
      const item = this.items.at(index);
      if (item?.kind === 'run') {
        shown.push(item.run);
      }
    }
    const isMissing = this._sparklines.show(shown, this.metric);
    // While there are no answers, only the poll asks, with its growing pauses.
    if (this.error !== null) {
      return;
    }
    this._reader.readGaps(first, last);
    if (isMissing) {
      this._wantPoll();
    }
  }

  /** Ask for all that is shown, again. A failure is shown, and what was known stays. */
  async refresh(): Promise<void> {
    await this._reader.list(true);
  }

  /**
   * Ask what is new: one request.
   *
   * @throws what kept the answer away; it is shown, too. A list that was refused is not asked for again.
   */
  async poll(): Promise<void> {
    await this._reader.poll();
  }

  /** Read the names of metrics, for who chooses one. A failure is shown. */
  async readMetrics(): Promise<void> {
    await this._reader.readMetrics();
  }

  /** Show the runs of an experiment, or no longer. */
  async setOpen(experimentId: string, isOpen: boolean): Promise<void> {
    if (!this._contents.setOpen(experimentId, isOpen)) {
      return;
    }
    this._settingsChanged.emit(this._settings);
    this._tell();
    if (isOpen) {
      await this._reader.readPage(experimentId);
    }
  }

  /** The run, as far as it is listed. */
  findRun(runId: string): RunRow | null {
    return this._contents.find(runId);
  }

  /** The runs that are chosen, in the order shown. */
  selectedRuns(): RunRow[] {
    const { runIds } = this._selection;
    if (runIds.size <= 1) {
      return [...runIds].map(id => this.findRun(id)).filter(run => run !== null);
    }
    return this._contents.lists().flatMap(list => list.rows.filter(run => runIds.has(run.run_id)));
  }

  /** The experiment with the keyboard, where no run is chosen. */
  selectedExperiment(): Schemas['Experiment'] | null {
    const { active } = this._selection;
    const item = active === null ? null : this.items.at(this.items.indexOf(active));
    return item?.kind === 'experiment' && this._selection.runIds.size === 0 ? item.experiment : null;
  }

  /** Change what is chosen, by the given function. */
  select(change: (selection: RunBrowserSelection) => void): void {
    change(this._selection);
    this._changed.emit();
  }

  /** Choose all runs that are read. */
  selectAll(): void {
    this._selection.choose(this._contents.lists().flatMap(list => list.rows.map(run => run.run_id)));
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
      this._showDone(action, results);
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
      this._contents.update({ ...known, display_name: run.display_name, tags: run.tags });
      this._tell();
      this._wantPoll();
    }
  }

  /** Put an experiment aside, or bring it back. */
  async archiveExperiment(
    experimentId: string,
    isArchived: boolean,
    workspace = this._settings.workspace
  ): Promise<void> {
    if (workspace === null) {
      return;
    }
    await this._client.archiveExperiment(workspace, experimentId, isArchived);
    if (workspace === this._settings.workspace) {
      await this.refresh();
    }
  }

  /** Show at once what the user did. */
  private _showDone(action: Schemas['ActionRequest']['action'], results: Schemas['ActionReply']['results']): void {
    const done = results.filter(result => result.error === null);
    const news: RunNews[] = [];
    for (const { run } of done) {
      if (run !== null) {
        // The answer has no metrics; whether the run fits where it was not is for the next poll to say.
        const known = this.findRun(run.run_id);
        const fits = known !== null && isInView(run, this._settings.view);
        news.push({ run: { ...run, metrics: known?.metrics ?? {} }, fits });
      }
    }
    this._contents.apply(news, action === 'purge' ? done.map(result => result.run_id) : []);
    this._tell();
    this._reader.outdateExperiments();
  }

  private _tell(): void {
    this._chooseListed();
    this._changed.emit();
  }

  /** A run that is listed no longer is chosen no longer. */
  private _chooseListed(): void {
    const chosen = [...this._selection.runIds].filter(id => this.findRun(id) !== null);
    if (chosen.length < this._selection.runIds.size) {
      this._selection.choose(chosen);
    }
  }

  private _wantPoll(): void {
    this._pollWanted.emit();
  }

  private readonly _client: ApiClient;
  private readonly _contents: RunBrowserContents;
  private readonly _reader: RunBrowserReader;
  private readonly _sparklines = new RunBrowserSparklines();
  private readonly _selection = new RunBrowserSelection();
  private _settings: ListSettings;
  private _notebook: string | null = null;
  private _isDisposed = false;
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
}
