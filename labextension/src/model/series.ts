import type { Schemas } from '../api/client';
import { numberOf, toDouble } from '../api/values';
import {
  appendPoints,
  fromServer,
  isExact,
  NO_BUCKETS,
  nonfiniteCount,
  type Bucket,
  type BucketTable,
  type Point
} from './buckets';

/** What is known of one series: buckets for all of its numbers. Its size does not grow beyond a bound. */
export interface SeriesState {
  readonly name: string;
  readonly column: string | null;
  readonly kind: Schemas['Kind'];
  readonly description: string;
  /** How many points were logged, whatever they are. */
  readonly count: number;
  /** What was written last, whatever it is. */
  readonly last: Schemas['Value'];
  readonly lastStep: number | null;
  readonly table: BucketTable;
  /** How many numbers are in no bucket: integers beyond 64 bits, which the store of a long series does not sum up. */
  readonly undrawnCount: number;
}

/** All series under one name: one without a column, or the columns of rows and tables in their order. */
export interface MetricState {
  readonly name: string;
  readonly kind: Schemas['Kind'];
  readonly columns: ReadonlyMap<string | null, SeriesState>;
}

export type CardKind = 'line' | 'table' | 'document' | 'image' | 'value';

export function seriesKey(name: string, column: string | null): string {
  return JSON.stringify([name, column]);
}

/** How many numbers were logged, drawn or not. */
export function numberCount(series: SeriesState): number {
  return series.table.rows.reduce((sum, row) => sum + row.count, series.undrawnCount);
}

/** How many of the points are no number: text, None and truth values. */
export function otherCount(series: SeriesState): number {
  return series.count - numberCount(series);
}

export function nonfiniteCountOf(series: SeriesState): number {
  return series.table.rows.reduce((sum, row) => sum + nonfiniteCount(row), 0);
}

export function isSeriesExact(series: SeriesState): boolean {
  return isExact(series.table.rows);
}

/** The seq of the number written last, -1 where there is none. */
export function lastSeqOf(series: SeriesState): number {
  return lastRow(series.table.rows)?.lastSeq ?? -1;
}

/** How many values, or rows, were logged under one name. */
export function pointCount(metric: MetricState): number {
  return Math.max(0, ...[...metric.columns.values()].map(series => series.count));
}

/** Take in what is new in one series; the cost follows the news, not the history. */
export function advanceSeries(before: SeriesState | undefined, news: Schemas['MetricNews']): SeriesState {
  const known = news.is_opening ? undefined : before;
  let table = known?.table ?? NO_BUCKETS;
  let undrawnCount = known?.undrawnCount ?? 0;
  let points = numbersOf(news.points);
  if (news.buckets !== null && news.buckets.count.length > 0) {
    table = fromServer(news.buckets);
    const summedUpTo = lastRow(table.rows)?.lastSeq ?? -1;
    // Beside buckets come the newest values that are in none, among them integers beyond 64 bits: they lie among them.
    undrawnCount = points.filter(point => point.seq <= summedUpTo).length;
    points = points.filter(point => point.seq > summedUpTo);
  }
  table = appendPoints(table, points);
  const newValues = news.points.values;
  const count = news.summary?.count ?? (known?.count ?? 0) + newValues.length;
  const last = news.summary?.last ?? (newValues.length > 0 ? newValues[newValues.length - 1] : known?.last) ?? null;
  const newSteps = news.points.steps;
  // The newest of the points beside buckets need not be the newest of all.
  const newestStep = news.summary === null ? newSteps[newSteps.length - 1] : news.summary.last_step;
  const lastStep = newestStep === undefined || newestStep === null ? (known?.lastStep ?? null) : toDouble(newestStep);
  return {
    name: news.name,
    column: news.column,
    kind: news.kind,
    description: news.summary?.description ?? known?.description ?? '',
    count,
    last,
    lastStep,
    table,
    undrawnCount
  };
}

/** Whether a metric is drawn as a chart: more than one number in a column, and no column of nothing but texts. */
export function isCharted(metric: MetricState): boolean {
  const columns = [...metric.columns.values()];
  if (metric.kind === 'row' && columns.some(one => typeof one.last === 'string' && numberCount(one) === 0)) {
    return false; // a table shows what belongs to which text
  }
  return (metric.kind === 'scalar' || metric.kind === 'row') && columns.some(one => numberCount(one) > 1);
}

/** What shows a metric. A scalar that was logged once is a value; texts that were logged often are tables. */
export function cardKind(metric: MetricState): CardKind {
  if (metric.kind === 'image') {
    return 'image';
  }
  if (metric.kind !== 'scalar' && metric.kind !== 'row') {
    return 'document';
  }
  if (isCharted(metric)) {
    return 'line';
  }
  return metric.kind === 'scalar' && pointCount(metric) <= 1 ? 'value' : 'table';
}

function numbersOf(points: Schemas['Points']): Point[] {
  const numbers: Point[] = [];
  points.values.forEach((value, place) => {
    const number = numberOf(value);
    if (number !== null) {
      numbers.push({
        seq: points.seqs[place] ?? NaN,
        step: toDouble(points.steps[place] ?? { float: 'NaN' }),
        at: points.times[place] ?? NaN,
        value: number
      });
    }
  });
  return numbers;
}

function lastRow(rows: readonly Bucket[]): Bucket | undefined {
  return rows[rows.length - 1];
}
