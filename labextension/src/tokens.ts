import { Token } from '@lumino/coreutils';

import type { ApiClient } from './api/client';

/** What the plugins of this extension share: one client. */
export interface IRunApi {
  readonly client: ApiClient;
}

export const IRunApi = new Token<IRunApi>('aml-widgets:IRunApi', 'Asks the server for runs.');

/** Names a run: the workspace's key and the run's id. */
export interface IRunReference {
  workspace: string;
  runId: string;
}

export namespace CommandIDs {
  /** Args: `{ workspace, runId, tab?, settings? }` */
  export const openRun = 'aml-widgets:open-run';
  /** Args: `{ workspace, runIds }` */
  export const compareRuns = 'aml-widgets:compare-runs';
  /** Looks again at runs whose pages are open. Args: `{ workspace, runIds }` */
  export const refreshRuns = 'aml-widgets:refresh-run-pages';
  export const showRunBrowser = 'aml-widgets:show-run-browser';
}

/** Id of the settings' schema. */
export const SETTINGS_ID = 'aml-widgets:run-browser';
