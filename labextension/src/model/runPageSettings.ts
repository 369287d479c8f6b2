import type { ChartSize, ViewSettings, XAxis } from './runPageTypes';
import { clampSmoothing } from './smoothing';

export const MAX_COLUMNS = 4;

export const DEFAULT_SETTINGS: ViewSettings = {
  tab: '',
  xAxis: 'step',
  xMetric: null,
  smoothing: 0,
  isLogX: false,
  isLogY: false,
  cutsOutliers: false,
  filter: '',
  isFilterPattern: false,
  columns: 0,
  size: 'medium',
  pinned: [],
  collapsed: [],
  logPath: null,
  filePath: null,
  isPaused: false
};

/** What the reset button of the charts sets back. */
export const LOOK_KEYS = [
  'xAxis',
  'xMetric',
  'smoothing',
  'isLogX',
  'isLogY',
  'cutsOutliers',
  'columns',
  'size'
] as const satisfies readonly (keyof ViewSettings)[];

const X_AXES: readonly XAxis[] = ['step', 'relative', 'wall', 'metric'];
const SIZES: readonly ChartSize[] = ['small', 'medium', 'large'];

/** The settings that differ from the default, for a link or a layout. */
export function changedSettings(settings: ViewSettings): Partial<ViewSettings> {
  const kept = Object.entries(settings).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(DEFAULT_SETTINGS[key as keyof ViewSettings])
  );
  return Object.fromEntries(kept);
}

/** Read settings that come from outside: what is none, or wrong, is left out. */
export function readSettings(value: unknown): Partial<ViewSettings> {
  if (typeof value !== 'object' || value === null) {
    return {};
  }
  const given = value as Record<string, unknown>;
  const read: Partial<ViewSettings> = {};
  for (const key of ['isLogX', 'isLogY', 'cutsOutliers', 'isFilterPattern', 'isPaused'] as const) {
    const one = given[key];
    if (typeof one === 'boolean') {
      read[key] = one;
    }
  }
  for (const key of ['tab', 'filter'] as const) {
    const one = given[key];
    if (typeof one === 'string') {
      read[key] = one;
    }
  }
  for (const key of ['xMetric', 'logPath', 'filePath'] as const) {
    const one = given[key];
    if (typeof one === 'string' || one === null) {
      read[key] = one;
    }
  }
  for (const key of ['pinned', 'collapsed'] as const) {
    const one = given[key];
    if (Array.isArray(one)) {
      read[key] = one.filter((name): name is string => typeof name === 'string');
    }
  }
  const xAxis = X_AXES.find(one => one === given['xAxis']);
  if (xAxis !== undefined) {
    read.xAxis = xAxis;
  }
  const size = SIZES.find(one => one === given['size']);
  if (size !== undefined) {
    read.size = size;
  }
  const { smoothing, columns } = given;
  if (typeof smoothing === 'number') {
    read.smoothing = clampSmoothing(smoothing);
  }
  if (typeof columns === 'number' && Number.isInteger(columns) && columns >= 0 && columns <= MAX_COLUMNS) {
    read.columns = columns;
  }
  return read;
}
