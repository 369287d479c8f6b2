import type { IRunReference } from '../tokens';
import { changedSettings, readSettings } from './runPageSettings';
import type { ViewSettings } from './runPageTypes';

/** The parameter that names a run: the workspace's key, a slash, and the run's id. */
export const RUN_PARAMETER = 'aml-run';

const METRIC = 'metric:';

/** A run, and how it is looked at. */
export interface RunLink extends IRunReference {
  settings: Partial<ViewSettings>;
}

/** Write a run and how it is looked at as the query of a link. */
export function encodeLink({ workspace, runId }: IRunReference, settings: ViewSettings): URLSearchParams {
  const query = new URLSearchParams();
  query.set(RUN_PARAMETER, `${workspace}/${runId}`);
  const changed = changedSettings(settings);
  const setText = (name: string, value: string | null | undefined): void => {
    if (value) {
      query.set(name, value);
    }
  };
  setText('aml-tab', changed.tab);
  setText('aml-x', changed.xAxis === 'metric' ? `${METRIC}${changed.xMetric ?? ''}` : changed.xAxis);
  setText('aml-smoothing', changed.smoothing?.toString());
  setText('aml-log', `${changed.isLogX ? 'x' : ''}${changed.isLogY ? 'y' : ''}`);
  setText('aml-outliers', changed.cutsOutliers ? 'cut' : undefined);
  setText(changed.isFilterPattern ? 'aml-pattern' : 'aml-filter', changed.filter);
  setText('aml-columns', changed.columns?.toString());
  setText('aml-size', changed.size);
  setText('aml-log-file', changed.logPath);
  setText('aml-file', changed.filePath);
  setText('aml-paused', changed.isPaused ? 'yes' : undefined);
  changed.pinned?.forEach(name => query.append('aml-pin', name));
  changed.collapsed?.forEach(key => query.append('aml-folded', key));
  return query;
}

/** Read the query of a link; null where it names no run. */
export function decodeLink(query: URLSearchParams): RunLink | null {
  const [workspace, ...rest] = (query.get(RUN_PARAMETER) ?? '').split('/');
  const runId = rest.join('/');
  if (!workspace || !runId) {
    return null;
  }
  const x = query.get('aml-x');
  const log = query.get('aml-log') ?? '';
  const pattern = query.get('aml-pattern');
  const number = (name: string): number | undefined => {
    const text = query.get(name);
    return text === null || text.trim() === '' ? undefined : Number(text);
  };
  const given = {
    tab: query.get('aml-tab') ?? undefined,
    xAxis: x?.startsWith(METRIC) ? 'metric' : x,
    xMetric: x?.startsWith(METRIC) ? x.slice(METRIC.length) : undefined,
    smoothing: number('aml-smoothing'),
    isLogX: log.includes('x') || undefined,
    isLogY: log.includes('y') || undefined,
    cutsOutliers: query.get('aml-outliers') === 'cut' || undefined,
    filter: pattern ?? query.get('aml-filter') ?? undefined,
    isFilterPattern: pattern !== null || undefined,
    columns: number('aml-columns'),
    size: query.get('aml-size') ?? undefined,
    logPath: query.get('aml-log-file') ?? undefined,
    filePath: query.get('aml-file') ?? undefined,
    isPaused: query.get('aml-paused') === 'yes' || undefined,
    pinned: query.has('aml-pin') ? query.getAll('aml-pin') : undefined,
    collapsed: query.has('aml-folded') ? query.getAll('aml-folded') : undefined
  };
  return { workspace, runId, settings: readSettings(given) };
}

/** Take all that a link says out of a query, so that a page that is loaded again does not open it again. */
export function withoutLink(search: string): string {
  const query = new URLSearchParams(search);
  for (const name of [...query.keys()]) {
    if (name.startsWith('aml-')) {
      query.delete(name);
    }
  }
  const text = query.toString();
  return text ? `?${text}` : '';
}
