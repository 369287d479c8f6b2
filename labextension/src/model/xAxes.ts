import type { Bucket, Point } from './buckets';
import { isSeriesExact, numberCount, type MetricState, type SeriesState } from './series';
import type { ViewSettings } from './runPageTypes';

/** One choice of x. */
export interface XPlaces {
  readonly kind: 'step' | 'relative' | 'wall' | 'metric';
  /** The name of the metric or column that is x. */
  readonly name: string;
  readonly isRows: boolean;
  /** Seconds since the epoch that are 0 on the axis. */
  readonly zero: number;
  /** Whether each place is where the point lies, and none between two that are known. */
  readonly isExact: boolean;
  /** The x of a point, NaN where it has none. */
  readonly of: (point: Point) => number;
}

/** The axis for what the user chose. Where the metric that is to be x has no numbers, it is the step. */
export function axisOf(
  metric: MetricState,
  metrics: ReadonlyMap<string, MetricState>,
  settings: Pick<ViewSettings, 'xAxis' | 'xMetric'>,
  startedAt: number | null
): XPlaces {
  const isRows = metric.kind === 'row';
  if (settings.xAxis === 'wall') {
    return { kind: 'wall', name: '', isRows, zero: 0, isExact: true, of: point => point.at };
  }
  if (settings.xAxis === 'relative') {
    const zero = startedAt ?? firstTime(metric);
    return { kind: 'relative', name: '', isRows, zero, isExact: true, of: point => point.at - zero };
  }
  if (settings.xAxis === 'metric' && settings.xMetric !== null && !isRows) {
    const other = metrics.get(settings.xMetric);
    const xs = other?.kind === 'scalar' ? other.columns.get(null) : undefined;
    if (xs !== undefined && numberCount(xs) > 0) {
      return valueAxis(settings.xMetric, xs, false);
    }
  }
  return { kind: 'step', name: '', isRows, zero: 0, isExact: true, of: point => point.step };
}

/** The axis on which another series is x: the other column of the same table, joined by row, or another metric. */
export function valueAxis(name: string, xs: SeriesState, isSameTable: boolean): XPlaces {
  const isExact = isSeriesExact(xs);
  return {
    kind: 'metric',
    name,
    isRows: isSameTable,
    zero: 0,
    isExact,
    of: isExact ? exactPlaces(xs, isSameTable) : interpolatedPlaces(xs)
  };
}

/** The value of the same row; or that logged at the same step, else the newest that was written before. */
function exactPlaces(xs: SeriesState, isSameTable: boolean): (point: Point) => number {
  const known = xs.table.rows.filter(row => Number.isFinite(row.first));
  const bySeq = new Map(known.map(row => [row.firstSeq, row.first]));
  if (isSameTable) {
    return point => bySeq.get(point.seq) ?? NaN;
  }
  const byStep = new Map(known.map(row => [row.firstStep, row.first]));
  return point => byStep.get(point.step) ?? known[countBefore(known, point.seq) - 1]?.first ?? NaN;
}

/** The value of a long series between places that are known, in the order of writing. */
function interpolatedPlaces(xs: SeriesState): (point: Point) => number {
  const known: [number, number][] = [];
  for (const row of xs.table.rows) {
    if (Number.isFinite(row.first)) {
      known.push([row.firstSeq, row.first]);
    }
    if (row.count > 1 && Number.isFinite(row.last)) {
      known.push([row.lastSeq, row.last]);
    }
  }
  return point => {
    let low = 0;
    let high = known.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((known[middle]?.[0] ?? Infinity) <= point.seq) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const before = known[low - 1] ?? known[0];
    const after = known[low] ?? known[known.length - 1];
    if (before === undefined || after === undefined) {
      return NaN;
    }
    const gap = after[0] - before[0];
    const part = gap > 0 ? Math.min(Math.max((point.seq - before[0]) / gap, 0), 1) : 0;
    return before[1] + (after[1] - before[1]) * part;
  };
}

function countBefore(rows: readonly Bucket[], seq: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.firstSeq ?? Infinity) <= seq) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

function firstTime(metric: MetricState): number {
  const times = [...metric.columns.values()].map(series => series.table.rows[0]?.firstAt ?? Infinity);
  const first = Math.min(...times);
  return Number.isFinite(first) ? first : 0;
}
