import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { ApiClient, Schemas } from '../api/client';
import type { Bucket } from './buckets';
import type { MetricState, SeriesState } from './series';

/** One run as its page knows it. It asks the server while it is visible and the run goes on. */
export interface IRunPageModel extends IDisposable {
  readonly workspace: string;
  readonly runId: string;
  readonly client: ApiClient;
  /** Null until the first answer. */
  readonly reply: Schemas['RunReply'] | null;
  /** Keyed by `seriesKey(name, column)`, in the order of logging. */
  readonly series: ReadonlyMap<string, SeriesState>;
  /** The same by name; a metric that did not change is the same object. */
  readonly metrics: ReadonlyMap<string, MetricState>;
  /** Files by path. */
  readonly artifacts: ReadonlyMap<string, Schemas['Artifact']>;
  /** Children by run id. */
  readonly children: ReadonlyMap<string, Schemas['RunRow']>;
  /** Why the last question got no answer; what was known stays. */
  readonly error: string | null;
  /** Whether the store answered that it has no such run. */
  readonly isMissing: boolean;
  /** When the store was last heard from, by the browser's clock. */
  readonly heardAtMs: number | null;
  /** Whether the store has more already, which is still being read. */
  readonly hasMore: boolean;
  /** So often the server is asked while the run goes on. */
  readonly intervalMs: number;
  readonly settings: ViewSettings;
  readonly changed: ISignal<IRunPageModel, void>;
  setSettings(change: Partial<ViewSettings>): void;
  /** Ask now. A failure is shown, and what was known stays. */
  refresh(): Promise<void>;
  /** Ask for the run to be cancelled. Rejects with the reason why not. */
  cancel(): Promise<void>;
  /** Change name, description or tags. Rejects with the reason why not. */
  change(change: Schemas['RunChange']): Promise<void>;
  /** Sum up the numbers of a series between two steps; up to about a thousand come one by one. */
  readRange(name: string, column: string | null, firstStep: number, lastStep: number): Promise<readonly Bucket[]>;
}

export type XAxis = 'step' | 'relative' | 'wall' | 'metric';

export type ChartSize = 'small' | 'medium' | 'large';

/** How a run is looked at; part of a deep link. */
export interface ViewSettings {
  tab: string;
  xAxis: XAxis;
  xMetric: string | null;
  smoothing: number;
  isLogX: boolean;
  isLogY: boolean;
  cutsOutliers: boolean;
  filter: string;
  isFilterPattern: boolean;
  /** 0: as many as there is room for. */
  columns: number;
  size: ChartSize;
  pinned: readonly string[];
  /** Keys of the sections of which only the heading is shown. */
  collapsed: readonly string[];
  logPath: string | null;
  filePath: string | null;
  isPaused: boolean;
}

/** What every panel of a run page is given. */
export interface IPanelProps {
  model: IRunPageModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}
