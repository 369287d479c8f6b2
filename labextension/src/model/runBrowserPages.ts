import type { ApiClient, Schemas } from '../api/client';
import type { RunBrowserContents } from './runBrowserContents';
import type { RunBrowserList } from './runBrowserList';
import type { RunRow } from './runQuery';

/** Runs of the first page, which is shown soon, and of those after it. */
const FIRST_PAGE = 100;
const NEXT_PAGE = 500;

/** Reads lists of runs page by page, each page once. */
export class RunBrowserPages {
  constructor(options: RunBrowserPages.IOptions) {
    this._client = options.client;
    this._contents = options.contents;
  }

  /**
   * Read the next page of a list, or with `isAnew` again its first.
   *
   * @returns the runs read and the cursor of now; null where nothing was read: the list has no more pages, is being read,
   * or is wanted no longer.
   * @throws what kept the answer away.
   */
  async read(request: RunBrowserPages.IRequest): Promise<RunBrowserPages.IPage | null> {
    const { experimentId, signal } = request;
    const list = this._contents.listOf(experimentId);
    if (list === null || isOver(signal)) {
      return null;
    }
    const isFirst = request.isAnew === true || !list.isRead;
    const isBusy = this._reading.get(list)?.aborted === false;
    if (isBusy || (!isFirst && list.token === null)) {
      return null;
    }
    this._reading.set(list, signal);
    try {
      const asked: Schemas['ListRequest'] = isFirst
        ? { query: request.query, limit: FIRST_PAGE }
        : { query: request.query, limit: NEXT_PAGE, page_token: list.token };
      const page = await this._client.listRuns(request.workspace, asked, signal);
      if (isOver(signal)) {
        return null;
      }
      if (isFirst) {
        list.replace(page);
      } else {
        list.append(page);
      }
      this._contents.relist();
      return { runs: page.runs, cursor: page.cursor };
    } finally {
      if (this._reading.get(list) === signal) {
        this._reading.delete(list);
      }
    }
  }

  private readonly _client: ApiClient;
  private readonly _contents: RunBrowserContents;
  /** The lists that are being read, and what ends that. */
  private readonly _reading = new Map<RunBrowserList, AbortSignal>();
}

export namespace RunBrowserPages {
  export interface IOptions {
    client: ApiClient;
    contents: RunBrowserContents;
  }

  export interface IRequest {
    workspace: string;
    /** Whose runs; null for all that are listed. */
    experimentId: string | null;
    query: Schemas['Query'];
    signal: AbortSignal;
    isAnew?: boolean;
  }

  export interface IPage {
    readonly runs: readonly RunRow[];
    readonly cursor: string;
  }
}

/** Asked anew after each wait: what the signal was before says nothing. */
export function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}
