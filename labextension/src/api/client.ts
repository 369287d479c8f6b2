import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { components } from './schema';

export type Schemas = components['schemas'];

/** Where the server extension answers, below the server's base URL. */
const ROOT = 'aml-widgets/api';

/** What the server answered when it refused or failed, or why it could not be asked. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; 0 where no answer came. */
    readonly status: number,
    /** The kind of error, such as `RunNotFound`. */
    readonly code: string
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** Asks the server extension. One method an endpoint; `aml_widgets/server/api.schema.json` describes each. */
export class ApiClient {
  constructor(options: ApiClient.IOptions = {}) {
    this._settings = options.serverSettings ?? ServerConnection.makeSettings();
  }

  /** What the server is set to. */
  getServer(): Promise<Schemas['Server']> {
    return this._ask('GET', ['server']);
  }

  listWorkspaces(): Promise<Schemas['Workspaces']> {
    return this._ask('GET', ['workspaces']);
  }

  listExperiments(workspace: string, view: ApiClient.ExperimentView = 'ActiveOnly'): Promise<Schemas['Experiments']> {
    return this._ask('GET', ['workspaces', workspace, 'experiments'], { query: { view } });
  }

  archiveExperiment(workspace: string, experimentId: string, isArchived: boolean): Promise<Schemas['Experiment']> {
    return this._ask('PATCH', ['workspaces', workspace, 'experiments', experimentId], {
      body: { is_archived: isArchived }
    });
  }

  listMetrics(workspace: string): Promise<Schemas['MetricNames']> {
    return this._ask('GET', ['workspaces', workspace, 'metrics']);
  }

  listRuns(workspace: string, request: Schemas['ListRequest'], signal?: AbortSignal): Promise<Schemas['RunList']> {
    return this._ask('POST', ['workspaces', workspace, 'runs', 'list'], { body: request, signal });
  }

  pollRuns(workspace: string, request: Schemas['PollRequest'], signal?: AbortSignal): Promise<Schemas['PollReply']> {
    return this._ask('POST', ['workspaces', workspace, 'runs', 'poll'], { body: request, signal });
  }

  actOnRuns(workspace: string, request: Schemas['ActionRequest']): Promise<Schemas['ActionReply']> {
    return this._ask('POST', ['workspaces', workspace, 'runs', 'actions'], { body: request });
  }

  compareRuns(workspace: string, runIds: readonly string[], signal?: AbortSignal): Promise<Schemas['Comparison']> {
    return this._ask('POST', ['workspaces', workspace, 'runs', 'compare'], { body: { run_ids: runIds }, signal });
  }

  readEnvelopes(
    workspace: string,
    requests: readonly Schemas['EnvelopeRequest'][],
    signal?: AbortSignal
  ): Promise<Schemas['Envelopes']> {
    return this._ask('POST', ['workspaces', workspace, 'envelopes'], { body: { requests }, signal });
  }

  getRun(workspace: string, runId: string): Promise<Schemas['RunReply']> {
    return this._ask('GET', ['workspaces', workspace, 'runs', runId]);
  }

  changeRun(workspace: string, runId: string, change: Schemas['RunChange']): Promise<Schemas['RunReply']> {
    return this._ask('PATCH', ['workspaces', workspace, 'runs', runId], { body: change });
  }

  getChanges(
    workspace: string,
    runId: string,
    cursor: string | null,
    signal?: AbortSignal
  ): Promise<Schemas['Changes']> {
    return this._ask('GET', ['workspaces', workspace, 'runs', runId, 'changes'], {
      query: cursor === null ? {} : { cursor },
      signal
    });
  }

  getRows(workspace: string, runId: string, name: string, start: number, limit: number): Promise<Schemas['Rows']> {
    return this._ask('GET', ['workspaces', workspace, 'runs', runId, 'rows'], { query: { name, start, limit } });
  }

  getDetails(workspace: string, runId: string): Promise<Schemas['Details']> {
    return this._ask('GET', ['workspaces', workspace, 'runs', runId, 'details']);
  }

  /** A part of a log; a negative start counts from the end. */
  getLog(
    workspace: string,
    runId: string,
    path: string,
    start: number,
    maxBytes: number,
    signal?: AbortSignal
  ): Promise<Schemas['LogRange']> {
    return this._ask('GET', ['workspaces', workspace, 'runs', runId, 'log'], {
      query: { path, start, max_bytes: maxBytes },
      signal
    });
  }

  getSnapshot(workspace: string, runId: string): Promise<Schemas['Snapshot']> {
    return this._ask('GET', ['workspaces', workspace, 'runs', runId, 'snapshot']);
  }

  /** The first bytes of a file of a run, or of its snapshot, as text. */
  async readText(url: string, maxBytes: number): Promise<string> {
    const response = await this._request(url, { headers: { Range: `bytes=0-${maxBytes - 1}` } });
    return response.text();
  }

  /** Where a file of a run is, for pictures and links. With `download` the browser saves it. */
  fileUrl(workspace: string, runId: string, path: string, options: { download?: boolean } = {}): string {
    const url = this._url(['workspaces', workspace, 'runs', runId, 'files', ...path.split('/')]);
    return options.download ? `${url}?download=1` : url;
  }

  /** Where a file of the source snapshot is. */
  snapshotFileUrl(workspace: string, runId: string, path: string): string {
    return this._url(['workspaces', workspace, 'runs', runId, 'snapshot', ...path.split('/')]);
  }

  /** Where the zip of a run's files is. */
  zipUrl(workspace: string, runId: string, what: ApiClient.ZipContent): string {
    return `${this._url(['workspaces', workspace, 'runs', runId, 'zip'])}?what=${what}`;
  }

  private _url(parts: readonly string[]): string {
    return URLExt.join(this._settings.baseUrl, ROOT, ...parts.map(quotePart));
  }

  private async _ask<T>(method: string, parts: readonly string[], options: IAskOptions = {}): Promise<T> {
    const query = options.query === undefined ? '' : URLExt.objectToQueryString(options.query);
    const init: RequestInit = { method };
    if (options.body !== undefined) {
      init.body = JSON.stringify(options.body);
    }
    if (options.signal !== undefined) {
      init.signal = options.signal;
    }
    const response = await this._request(this._url(parts) + query, init);
    // The server tests each of its replies against the schema that these types are made from.
    return (await response.json()) as T;
  }

  private async _request(url: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this._settings);
    } catch (reason) {
      if (init.signal?.aborted) {
        throw reason;
      }
      throw new ApiError(reason instanceof Error ? reason.message : String(reason), 0, 'NoAnswer');
    }
    if (!response.ok) {
      throw await readError(response);
    }
    return response;
  }

  private readonly _settings: ServerConnection.ISettings;
}

export namespace ApiClient {
  export interface IOptions {
    serverSettings?: ServerConnection.ISettings;
  }

  export type ExperimentView = 'ActiveOnly' | 'ArchivedOnly' | 'All';

  export type ZipContent = 'logs' | 'outputs' | 'files' | 'snapshot';
}

interface IAskOptions {
  query?: Record<string, string | number>;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/**
 * Quote one part of a path. Dots alone, which would lead to another path even when they are quoted, are quoted twice: the
 * server knows no such file. Half a surrogate pair, which cannot be quoted, becomes the replacement character.
 */
function quotePart(part: string): string {
  if (part === '.' || part === '..') {
    return part.replaceAll('.', '%252E');
  }
  return encodeURIComponent(part.replace(/\p{Surrogate}/gu, '\uFFFD'));
}

/** Make an error of an answer; one that is not ours, such as a proxy's page, is told by its status. */
async function readError(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const error = isRecord(body) && isRecord(body['error']) ? body['error'] : {};
  const message = error['message'];
  const code = error['code'];
  return new ApiError(
    typeof message === 'string' ? message : `The server answered ${response.status} ${response.statusText}.`,
    response.status,
    typeof code === 'string' ? code : 'Unknown'
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
