import type { XAxis } from './runPageTypes';
import { clampSmoothing } from './smoothing';

/** As many runs as the server puts side by side at once. */
export const MIN_RUNS = 2;
export const MAX_RUNS = 50;

/** The parameter that names a comparison: the workspace's key, a slash, and ids with commas between. */
export const COMPARE_PARAMETER = 'aml-compare';

/** Which values of a metric the table has. */
export type Aspect = 'last' | 'low' | 'high';

export const ASPECTS: readonly Aspect[] = ['last', 'low', 'high'];

/** How runs are compared; part of a link. */
export interface CompareSettings {
  readonly xAxis: XAxis;
  readonly xMetric: string | null;
  readonly smoothing: number;
  readonly isLogX: boolean;
  readonly isLogY: boolean;
  /** What the names of metrics, parameters and tags must hold. */
  readonly filter: string;
  /** Metrics that are drawn together in one more chart. */
  readonly together: readonly string[];
  /** Runs without lines. */
  readonly hidden: readonly string[];
  /** The run that the others are measured against. */
  readonly baseline: string | null;
  readonly onlyDifferences: boolean;
  readonly aspects: readonly Aspect[];
}

export const DEFAULT_COMPARE_SETTINGS: CompareSettings = {
  xAxis: 'step',
  xMetric: null,
  smoothing: 0,
  isLogX: false,
  isLogY: false,
  filter: '',
  together: [],
  hidden: [],
  baseline: null,
  onlyDifferences: false,
  aspects: ASPECTS
};

/** Runs side by side, and how. */
export interface CompareLink {
  readonly workspace: string;
  readonly runIds: readonly string[];
  readonly settings: Partial<CompareSettings>;
}

const X_AXES: readonly XAxis[] = ['step', 'relative', 'wall', 'metric'];
const SETTINGS_PARAMETER = 'aml-compare-view';

/** Take each run once. */
export function comparedIds(runIds: readonly string[]): string[] {
  return [...new Set(runIds)].filter(id => id !== '');
}

/** The settings that differ from the default. */
export function changedCompareSettings(settings: CompareSettings): Partial<CompareSettings> {
  return Object.fromEntries(
    Object.entries(settings).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(DEFAULT_COMPARE_SETTINGS[key as keyof CompareSettings])
    )
  );
}

/** Read settings that come from outside: what is none, or wrong, is left out. */
export function readCompareSettings(value: unknown): Partial<CompareSettings> {
  if (typeof value !== 'object' || value === null) {
    return {};
  }
  const given = value as Readonly<Record<string, unknown>>;
  const read: { -readonly [Key in keyof CompareSettings]?: CompareSettings[Key] } = {};
  for (const key of ['isLogX', 'isLogY', 'onlyDifferences'] as const) {
    const one = given[key];
    if (typeof one === 'boolean') {
      read[key] = one;
    }
  }
  for (const key of ['xMetric', 'baseline'] as const) {
    const one = given[key];
    if (typeof one === 'string') {
      read[key] = one;
    }
  }
  for (const key of ['together', 'hidden'] as const) {
    const one = given[key];
    if (Array.isArray(one)) {
      read[key] = one.filter((name): name is string => typeof name === 'string');
    }
  }
  const { filter, smoothing, aspects } = given;
  if (typeof filter === 'string') {
    read.filter = filter;
  }
  if (typeof smoothing === 'number') {
    read.smoothing = clampSmoothing(smoothing);
  }
  const xAxis = X_AXES.find(one => one === given['xAxis']);
  if (xAxis !== undefined) {
    read.xAxis = xAxis;
  }
  if (Array.isArray(aspects)) {
    const known = ASPECTS.filter(aspect => aspects.includes(aspect));
    if (known.length > 0) {
      read.aspects = known;
    }
  }
  return read;
}

/** Write a comparison as the query of a link. */
export function encodeCompareLink(link: {
  workspace: string;
  runIds: readonly string[];
  settings: CompareSettings;
}): URLSearchParams {
  const query = new URLSearchParams();
  query.set(COMPARE_PARAMETER, `${link.workspace}/${link.runIds.map(encodeURIComponent).join(',')}`);
  const changed = changedCompareSettings(link.settings);
  if (Object.keys(changed).length > 0) {
    query.set(SETTINGS_PARAMETER, JSON.stringify(changed));
  }
  return query;
}

/** Read the query of a link; null where it compares nothing. */
export function decodeCompareLink(query: URLSearchParams): CompareLink | null {
  const [workspace, ...rest] = (query.get(COMPARE_PARAMETER) ?? '').split('/');
  const runIds = comparedIds(rest.join('/').split(',').map(decodePart));
  if (!workspace || runIds.length === 0) {
    return null;
  }
  return { workspace, runIds, settings: readCompareSettings(parseJson(query.get(SETTINGS_PARAMETER))) };
}

/** Take what a link says out of a query, so that a page that is loaded again does not open it again. */
export function withoutCompareLink(search: string): string {
  const query = new URLSearchParams(search);
  query.delete(COMPARE_PARAMETER);
  query.delete(SETTINGS_PARAMETER);
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone percent sign stands for itself
  }
}

function parseJson(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null; // a link that was cut off still names its runs
  }
}
