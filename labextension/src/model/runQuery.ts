import type { Schemas } from '../api/client';
import { numberOf } from '../api/values';

export type RunRow = Schemas['RunRow'];
export type Status = Schemas['Status'];
export type Order = Schemas['Order'];

/** What the sidebar lists: experiments with their runs, all runs, or runs of the notebook in front. */
export type Scope = 'experiments' | 'all' | 'notebook';

/** The active runs, the archived ones, or those in the trash. */
export type ListedView = 'active' | 'archived' | 'trash';

/** Statuses that a user thinks of as one. */
export type StatusGroup = 'waiting' | 'running' | 'completed' | 'failed' | 'canceled';

/** What a column shows of a run. */
export type FieldKey = 'number' | 'experiment' | 'status' | 'duration' | 'created' | 'user' | 'target' | 'tags';

export type MetricAspect = 'last' | 'low' | 'high';

/** One column beside the name and the time. */
export type Column =
  | { readonly kind: 'field'; readonly key: FieldKey }
  | { readonly kind: 'metric'; readonly name: string; readonly of: MetricAspect };

/** Which metric has the sparkline: the most common one, none, or this one. */
export type MetricChoice =
  { readonly kind: 'auto' } | { readonly kind: 'none' } | { readonly kind: 'named'; readonly name: string };

/** How runs are listed. It is kept with JupyterLab's layout. */
export interface ListSettings {
  /** Key of the workspace; null before there is one. */
  readonly workspace: string | null;
  readonly scope: Scope;
  readonly search: string;
  /** None of them means all. */
  readonly groups: readonly StatusGroup[];
  readonly view: ListedView;
  readonly includeChildren: boolean;
  /** Whether archived experiments are among the experiments. */
  readonly archivedExperiments: boolean;
  readonly runningFirst: boolean;
  readonly order: Required<Order>;
  readonly columns: readonly Column[];
  readonly metric: MetricChoice;
}

export const SCOPES: readonly Scope[] = ['experiments', 'all', 'notebook'];
export const VIEWS: readonly ListedView[] = ['active', 'archived', 'trash'];
export const STATUS_GROUPS: readonly StatusGroup[] = ['waiting', 'running', 'completed', 'failed', 'canceled'];
export const FIELDS: readonly FieldKey[] = [
  'number',
  'experiment',
  'status',
  'duration',
  'created',
  'user',
  'target',
  'tags'
];
export const ASPECTS: readonly MetricAspect[] = ['last', 'low', 'high'];
export const ORDERS: readonly Order['by'][] = ['created', 'name', 'status', 'duration', 'metric'];

/** As many metrics as the server answers for in one list. */
export const MAX_METRICS = 20;

export const DEFAULT_SETTINGS: ListSettings = {
  workspace: null,
  scope: 'all',
  search: '',
  groups: [],
  view: 'active',
  includeChildren: false,
  archivedExperiments: false,
  runningFirst: false,
  order: { by: 'created', metric: null, of: 'last', is_descending: true },
  columns: [],
  metric: { kind: 'auto' }
};

const GROUP_OF: Readonly<Record<Status, StatusGroup>> = {
  NotStarted: 'waiting',
  Starting: 'waiting',
  Provisioning: 'waiting',
  Preparing: 'waiting',
  Queued: 'waiting',
  Running: 'running',
  Finalizing: 'running',
  CancelRequested: 'running',
  NotResponding: 'failed',
  Completed: 'completed',
  Failed: 'failed',
  Canceled: 'canceled'
};

const STATUSES = Object.keys(GROUP_OF) as Status[];

export function groupOf(status: Status): StatusGroup {
  return GROUP_OF[status];
}

/** Whether a run with this status can change no more. */
export function hasEnded(status: Status): boolean {
  return status === 'Completed' || status === 'Failed' || status === 'Canceled';
}

/** What a user calls a run. */
export function nameOf(run: Pick<RunRow, 'display_name' | 'run_id'>): string {
  return run.display_name === null || run.display_name.trim() === '' ? run.run_id : run.display_name;
}

/** The number of a run in its experiment; empty for one without, as those of plain MLflow are. */
export function numberText(run: Pick<RunRow, 'number'>): string {
  return run.number === 0 ? '' : String(run.number);
}

/** Seconds that a run took, or has taken until now. */
export function durationSeconds(run: RunRow, nowSeconds: number): number | null {
  if (run.started_at === null) {
    return null;
  }
  return Math.max(0, (run.ended_at ?? nowSeconds) - run.started_at);
}

/** Whether runs are shown below their experiments: only where what is counted there is what is shown. */
export function isTree(settings: ListSettings): boolean {
  return (
    settings.scope === 'experiments' &&
    settings.view === 'active' &&
    settings.search.trim() === '' &&
    settings.groups.length === 0
  );
}

/** Whether a run is among those that are listed in a view. */
export function isInView(run: RunRow, view: ListedView): boolean {
  if (run.trashed_at !== null) {
    return view === 'trash';
  }
  return view === (run.archived_at === null ? 'active' : 'archived');
}

/** Name the metric with the sparkline, if there is one. */
export function chosenMetric(settings: ListSettings, names: readonly string[]): string | null {
  switch (settings.metric.kind) {
    case 'auto':
      return names[0] ?? null;
    case 'none':
      return null;
    case 'named':
      return settings.metric.name;
  }
}

/** Put into the server's words what is listed. */
export function toQuery(
  settings: ListSettings,
  options: { metric: string | null; notebook?: string | null; experimentId?: string | null }
): Schemas['Query'] {
  const query: Schemas['Query'] = { view: settings.view, order: toOrder(settings.order) };
  if (settings.search.trim() !== '') {
    query.search = settings.search.trim();
  }
  if (settings.groups.length > 0) {
    query.statuses = STATUSES.filter(status => settings.groups.includes(GROUP_OF[status]));
  }
  if (settings.includeChildren) {
    query.include_children = true;
  }
  if (settings.runningFirst) {
    query.running_first = true;
  }
  if (settings.scope === 'notebook' && options.notebook != null) {
    query.notebook = options.notebook;
  }
  if (options.experimentId != null) {
    query.experiment_id = options.experimentId;
  }
  const metrics = metricsOf(settings, options.metric);
  if (metrics.length > 0) {
    query.metrics = metrics;
  }
  return query;
}

/** Compare two runs as the server orders them: negative where the first one stands above. */
export function compareRuns(first: RunRow, second: RunRow, settings: ListSettings, nowSeconds: number): number {
  if (settings.runningFirst) {
    const difference = Number(hasEnded(first.status)) - Number(hasEnded(second.status));
    if (difference !== 0) {
      return difference;
    }
  }
  const { order } = settings;
  const one = orderKey(first, order, nowSeconds);
  const other = orderKey(second, order, nowSeconds);
  if (one !== other) {
    // A run without the value stands at the end, in either direction.
    if (one === null || other === null) {
      return one === null ? 1 : -1;
    }
    return (one < other ? -1 : 1) * (order.is_descending ? -1 : 1);
  }
  return second.created_at - first.created_at || second.number - first.number;
}

/** Read settings that were kept; what is not understood is as by default. */
export function readSettings(value: unknown): ListSettings {
  if (!isRecord(value)) {
    return DEFAULT_SETTINGS;
  }
  const kept = value;
  const flag = (key: 'includeChildren' | 'archivedExperiments' | 'runningFirst'): boolean => kept[key] === true;
  return {
    workspace: typeof kept['workspace'] === 'string' ? kept['workspace'] : null,
    scope: oneOf(SCOPES, kept['scope']) ?? DEFAULT_SETTINGS.scope,
    search: typeof kept['search'] === 'string' ? kept['search'] : '',
    groups: listOf(kept['groups'], group => oneOf(STATUS_GROUPS, group)),
    view: oneOf(VIEWS, kept['view']) ?? DEFAULT_SETTINGS.view,
    includeChildren: flag('includeChildren'),
    archivedExperiments: flag('archivedExperiments'),
    runningFirst: flag('runningFirst'),
    order: readOrder(kept['order']),
    columns: listOf(kept['columns'], readColumn),
    metric: readMetric(kept['metric'])
  };
}

/** A text that is the same for the same column only. */
export function columnId(column: Column): string {
  return column.kind === 'field' ? column.key : JSON.stringify([column.of, column.name]);
}

function metricsOf(settings: ListSettings, metric: string | null): string[] {
  const names = new Set<string>(metric === null ? [] : [metric]);
  if (settings.order.by === 'metric' && settings.order.metric !== null) {
    names.add(settings.order.metric);
  }
  for (const column of settings.columns) {
    if (column.kind === 'metric') {
      names.add(column.name);
    }
  }
  return [...names].slice(0, MAX_METRICS);
}

function toOrder(order: Required<Order>): Order {
  if (order.by !== 'metric') {
    return { by: order.by, is_descending: order.is_descending };
  }
  // Until a metric is chosen there is nothing to order by.
  return order.metric === null ? { by: 'created', is_descending: true } : order;
}

function orderKey(run: RunRow, order: Required<Order>, nowSeconds: number): number | string | null {
  switch (order.by) {
    case 'created':
      return run.created_at;
    case 'name':
      return nameOf(run).toLowerCase();
    case 'status':
      return run.status;
    case 'duration':
      return durationSeconds(run, nowSeconds);
    case 'metric': {
      if (order.metric === null) {
        return order.is_descending ? run.created_at : -run.created_at;
      }
      const value = run.metrics[order.metric]?.[order.of] ?? null;
      const number = numberOf(value);
      return number === null || Number.isNaN(number) ? null : number;
    }
  }
}

function readOrder(value: unknown): Required<Order> {
  if (!isRecord(value)) {
    return DEFAULT_SETTINGS.order;
  }
  return {
    by: oneOf(ORDERS, value['by']) ?? DEFAULT_SETTINGS.order.by,
    metric: typeof value['metric'] === 'string' ? value['metric'] : null,
    of: oneOf(ASPECTS, value['of']) ?? 'last',
    is_descending: value['is_descending'] !== false
  };
}

function readColumn(value: unknown): Column | null {
  if (!isRecord(value)) {
    return null;
  }
  if (value['kind'] === 'field') {
    const key = oneOf(FIELDS, value['key']);
    return key === null ? null : { kind: 'field', key };
  }
  const of = oneOf(ASPECTS, value['of']);
  return typeof value['name'] === 'string' && of !== null ? { kind: 'metric', name: value['name'], of } : null;
}

function readMetric(value: unknown): MetricChoice {
  if (isRecord(value)) {
    if (value['kind'] === 'none') {
      return { kind: 'none' };
    }
    if (value['kind'] === 'named' && typeof value['name'] === 'string') {
      return { kind: 'named', name: value['name'] };
    }
  }
  return { kind: 'auto' };
}

function oneOf<T extends string>(words: readonly T[], value: unknown): T | null {
  return words.find(word => word === value) ?? null;
}

function listOf<T>(value: unknown, read: (item: unknown) => T | null): T[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  return items.map(read).filter(item => item !== null);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
