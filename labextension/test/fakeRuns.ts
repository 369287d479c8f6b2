import { ApiClient, ApiError, type Schemas } from '../src/api/client';
import type { RunRow } from '../src/model/runQuery';

/** A run of which nothing is special but what is said. */
export function makeRun(number: number, change: Partial<RunRow> = {}): RunRow {
  return {
    run_id: `run-${number}`,
    number,
    experiment_id: 'e1',
    experiment_name: 'first',
    status: 'Completed',
    created_at: 1_000 + number,
    started_at: 1_000 + number,
    ended_at: 2_000 + number,
    last_seen_at: null,
    display_name: `name ${number}`,
    run_type: null,
    parent_run_id: null,
    target: 'local',
    tags: {},
    user: null,
    notebook_path: null,
    error_message: null,
    archived_at: null,
    trashed_at: null,
    metrics: {},
    ...change
  };
}

/** A server with one workspace and the runs that a test gives it, newest first. It counts what is asked of it. */
export class FakeClient extends ApiClient {
  runs: RunRow[] = [];
  sparklines: Record<string, Schemas['Sparkline']> = {};
  metricNames: string[] = [];
  workspaces: Schemas['Workspace'][] = [makeWorkspace('w1')];
  isStale = false;
  /** What is thrown instead of an answer. */
  failure: Error | null = null;
  readonly asked: { what: string; body: unknown }[] = [];

  /** Change a run, or add one; the next poll tells it. */
  put(run: RunRow, fits = true): void {
    const place = this.runs.findIndex(own => own.run_id === run.run_id);
    if (place !== -1) {
      this.runs.splice(place, 1);
    }
    if (fits) {
      this.runs.splice(place === -1 ? 0 : place, 0, run);
    }
    this._news.push({ run, fits });
  }

  /** Delete a run for good; the next poll tells it. */
  purge(runId: string): void {
    this.runs = this.runs.filter(run => run.run_id !== runId);
    this._removed.push(runId);
    this._news.push(null);
  }

  /** How often something was asked. */
  count(what: string): number {
    return this.asked.filter(one => one.what === what).length;
  }

  /** What was asked last, as the server reads it. */
  lastList(): Schemas['ListRequest'] {
    return this._last('list') as Schemas['ListRequest'];
  }

  lastPoll(): Schemas['PollRequest'] {
    return this._last('poll') as Schemas['PollRequest'];
  }

  override getServer(): Promise<Schemas['Server']> {
    return this._answer('server', null, () => ({ version: '1', is_read_only: false, min_interval_seconds: 2 }));
  }

  override listWorkspaces(): Promise<Schemas['Workspaces']> {
    return this._answer('workspaces', null, () => ({ workspaces: this.workspaces }));
  }

  override listMetrics(): Promise<Schemas['MetricNames']> {
    return this._answer('metrics', null, () => ({ names: this.metricNames }));
  }

  override listExperiments(_: string, view?: ApiClient.ExperimentView): Promise<Schemas['Experiments']> {
    return this._answer('experiments', view, () => {
      const names = new Map(this.runs.map(run => [run.experiment_id, run.experiment_name]));
      const experiments = [...names].map(([id, name]) => ({
        experiment_id: id,
        name,
        created_at: 0,
        archived_at: null,
        tags: {},
        run_count: this.runs.filter(run => run.experiment_id === id).length,
        active_count: 0,
        last_run_at: null
      }));
      return { experiments };
    });
  }

  override listRuns(_: string, request: Schemas['ListRequest']): Promise<Schemas['RunList']> {
    return this._answer('list', request, () => {
      const { experiment_id: experimentId } = request.query;
      const all = this.runs.filter(run => experimentId === undefined || run.experiment_id === experimentId);
      const start = Number(request.page_token ?? 0);
      const end = start + (request.limit ?? 100);
      return {
        runs: all.slice(start, end),
        next_page_token: end < all.length ? String(end) : null,
        total: all.length,
        cursor: String(this._news.length)
      };
    });
  }

  override pollRuns(_: string, request: Schemas['PollRequest']): Promise<Schemas['PollReply']> {
    return this._answer('poll', request, () => ({
      cursor: String(this._news.length),
      changed: this._news.slice(Number(request.cursor)).filter(one => one !== null),
      removed: this._removed.splice(0),
      is_stale: this.isStale,
      total: this.runs.length,
      sparklines: Object.fromEntries(
        (request.sparkline_run_ids ?? []).flatMap(id => {
          const sparkline = this.sparklines[id];
          return sparkline === undefined ? [] : [[id, sparkline]];
        })
      )
    }));
  }

  override actOnRuns(_: string, request: Schemas['ActionRequest']): Promise<Schemas['ActionReply']> {
    return this._answer('act', request, () => ({
      results: request.run_ids.map(id => {
        const run = this.runs.find(own => own.run_id === id);
        if (run === undefined || (request.action === 'delete' && run.ended_at === null)) {
          return { run_id: id, run: null, error: { code: 'Conflict', message: `Run ${id} goes on.` } };
        }
        const done = { ...run, metrics: {}, trashed_at: request.action === 'delete' ? 5_000 : run.trashed_at };
        this.put(done, request.action !== 'delete');
        return { run_id: id, run: done, error: null };
      })
    }));
  }

  private _last(what: string): unknown {
    return this.asked.filter(one => one.what === what).at(-1)?.body;
  }

  private async _answer<T>(what: string, body: unknown, reply: () => T): Promise<T> {
    this.asked.push({ what, body });
    await Promise.resolve();
    if (this.failure !== null) {
      throw this.failure;
    }
    return JSON.parse(JSON.stringify(reply())) as T;
  }

  /** Null where a run went away. */
  private readonly _news: ({ run: RunRow; fits: boolean } | null)[] = [];
  private readonly _removed: string[] = [];
}

export function makeWorkspace(key: string, change: Partial<Schemas['Workspace']> = {}): Schemas['Workspace'] {
  return { key, name: `workspace ${key}`, location: `/home/${key}`, source: 'home', error: null, ...change };
}

export const noAnswer = new ApiError('The server cannot be reached.', 0, 'NoAnswer');
