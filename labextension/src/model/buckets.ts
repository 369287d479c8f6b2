import type { Schemas } from '../api/client';
import { toDouble } from '../api/values';

/** How many buckets a picture of a series has at most: about one a pixel. */
export const MAX_BUCKETS = 1_000;

/** A number as it was logged. */
export interface Point {
  readonly seq: number;
  readonly step: number;
  /** Seconds since the epoch, UTC. */
  readonly at: number;
  readonly value: number;
}

/** Consecutive numbers of a series, summed up. That of one number is that number exactly. */
export interface Bucket {
  readonly count: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly firstStep: number;
  readonly lastStep: number;
  readonly lowStep: number;
  readonly highStep: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** The numbers written first and last, NaN where that one is not finite. */
  readonly first: number;
  readonly last: number;
  /** The extremes of the finite ones, NaN where there is none. */
  readonly low: number;
  readonly high: number;
  readonly nanCount: number;
  readonly plusCount: number;
  readonly minusCount: number;
}

/** Buckets in the order of writing; never changed in place. A full one holds `width` numbers. */
export interface BucketTable {
  readonly rows: readonly Bucket[];
  readonly width: number;
}

export const NO_BUCKETS: BucketTable = { rows: [], width: 1 };

/** Whether each bucket is one number, so that what is drawn is what was logged. */
export function isExact(rows: readonly Bucket[]): boolean {
  return rows.every(row => row.count <= 1);
}

/** Make the table of what the server gives. */
export function fromServer(buckets: Schemas['Buckets']): BucketTable {
  const rows = buckets.count.map((count, place): Bucket => {
    const seq = (column: readonly number[]): number => column[place] ?? NaN;
    const number = (column: readonly Schemas['Number'][]): number => toDouble(column[place] ?? { float: 'NaN' });
    const finite = (column: readonly Schemas['Number'][]): number => finiteOrNaN(number(column));
    return {
      count,
      firstSeq: seq(buckets.first_seq),
      lastSeq: seq(buckets.last_seq),
      firstStep: number(buckets.first_step),
      lastStep: number(buckets.last_step),
      lowStep: number(buckets.low_step),
      highStep: number(buckets.high_step),
      firstAt: seq(buckets.first_logged_at),
      lastAt: seq(buckets.last_logged_at),
      first: finite(buckets.first),
      last: finite(buckets.last),
      low: finite(buckets.low),
      high: finite(buckets.high),
      nanCount: seq(buckets.nan_count),
      plusCount: seq(buckets.plus_count),
      minusCount: seq(buckets.minus_count)
    };
  });
  const counts = rows.map(row => row.count).sort((one, other) => one - other);
  return { rows, width: Math.max(1, counts[Math.floor(counts.length / 2)] ?? 1) };
}

/** Append numbers, and double the width of all buckets as often as there would be too many. */
export function appendPoints(table: BucketTable, points: readonly Point[], maxBuckets = MAX_BUCKETS): BucketTable {
  if (points.length === 0) {
    return table;
  }
  let rows = table.rows;
  let width = table.width;
  while (rows.length + Math.ceil(points.length / width) > maxBuckets) {
    width *= 2;
    rows = mergePairs(rows);
  }
  const grown = [...rows];
  let place = 0;
  const last = grown[grown.length - 1];
  if (last !== undefined && last.count < width) {
    place = Math.min(points.length, width - last.count);
    grown[grown.length - 1] = merge(last, sumUp(points.slice(0, place)));
  }
  for (; place < points.length; place += width) {
    grown.push(sumUp(points.slice(place, place + width)));
  }
  return { rows: grown, width };
}

/** A number as a bucket of its own. */
export function bucketOf(point: Point): Bucket {
  const { seq, step, at, value } = point;
  const finite = finiteOrNaN(value);
  return {
    count: 1,
    firstSeq: seq,
    lastSeq: seq,
    firstStep: step,
    lastStep: step,
    lowStep: step,
    highStep: step,
    firstAt: at,
    lastAt: at,
    first: finite,
    last: finite,
    low: finite,
    high: finite,
    nanCount: Number.isNaN(value) ? 1 : 0,
    plusCount: value === Infinity ? 1 : 0,
    minusCount: value === -Infinity ? 1 : 0
  };
}

/** How many of the numbers are NaN or infinite. */
export function nonfiniteCount(row: Bucket): number {
  return row.nanCount + row.plusCount + row.minusCount;
}

/**
 * The points of the line that shows some buckets: the lowest and the highest number of each, so that one spike in a million
 * is seen. The first and the last number are always on the line; NaN breaks it.
 */
export function corners(rows: readonly Bucket[]): Point[] {
  const drawn: Point[] = [];
  rows.forEach((row, place) => {
    if (row.count <= 1) {
      drawn.push(startOf(row));
      return;
    }
    // Low first where the bucket rises, high first where it falls: the line then crosses itself least.
    const rises = !(row.first > row.last);
    if (place === 0) {
      drawn.push(startOf(row));
    }
    drawn.push({ ...startOf(row), value: rises ? row.low : row.high });
    drawn.push({ ...endOf(row), value: rises ? row.high : row.low });
    if (place === rows.length - 1) {
      drawn.push(endOf(row));
    }
  });
  return drawn;
}

/** The first number of a bucket, as a point. */
export function startOf(row: Bucket): Point {
  return { seq: row.firstSeq, step: row.firstStep, at: row.firstAt, value: row.first };
}

/** The last number of a bucket, as a point. */
export function endOf(row: Bucket): Point {
  return { seq: row.lastSeq, step: row.lastStep, at: row.lastAt, value: row.last };
}

/** The place of a bucket without a value; of a single number its own. */
export function middleOf(row: Bucket): Point {
  return {
    seq: (row.firstSeq + row.lastSeq) / 2,
    step: (row.firstStep + row.lastStep) / 2,
    at: (row.firstAt + row.lastAt) / 2,
    value: NaN
  };
}

/** Replace the buckets of an overview by finer ones where there are some. Of one that is replaced in part, its ends stay. */
export function putInto(overview: readonly Bucket[], detail: readonly Bucket[]): readonly Bucket[] {
  if (detail.length === 0 || overview.length === 0) {
    return detail.length > 0 ? detail : overview;
  }
  const sorted = [...detail].sort((one, other) => one.firstSeq - other.firstSeq);
  const isTouched = (row: Bucket): boolean => {
    const place = countUpTo(sorted, row.lastSeq) - 1;
    return place >= 0 && (sorted[place]?.lastSeq ?? -1) >= row.firstSeq;
  };
  const merged = [...sorted];
  for (const row of overview) {
    if (!isTouched(row)) {
      merged.push(row);
      continue;
    }
    const ends = row.count > 1 ? [startOf(row), endOf(row)] : [startOf(row)];
    merged.push(...ends.map(bucketOf).filter(end => !isTouched(end)));
  }
  return merged.sort((one, other) => one.firstSeq - other.firstSeq);
}

/** How many buckets begin at a seq or before it. */
export function countUpTo(rows: readonly Bucket[], seq: number): number {
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

function mergePairs(rows: readonly Bucket[]): Bucket[] {
  const merged: Bucket[] = [];
  for (let place = 0; place < rows.length; place += 2) {
    const one = rows[place];
    const other = rows[place + 1];
    if (one !== undefined) {
      merged.push(other === undefined ? one : merge(one, other));
    }
  }
  return merged;
}

function sumUp(points: readonly Point[]): Bucket {
  return points.map(bucketOf).reduce(merge);
}

function merge(one: Bucket, other: Bucket): Bucket {
  return {
    count: one.count + other.count,
    firstSeq: one.firstSeq,
    lastSeq: other.lastSeq,
    firstStep: one.firstStep,
    lastStep: other.lastStep,
    lowStep: Math.min(one.lowStep, other.lowStep),
    highStep: Math.max(one.highStep, other.highStep),
    firstAt: one.firstAt,
    lastAt: other.lastAt,
    first: one.first,
    last: other.last,
    low: lowest(one.low, other.low),
    high: -lowest(-one.high, -other.high),
    nanCount: one.nanCount + other.nanCount,
    plusCount: one.plusCount + other.plusCount,
    minusCount: one.minusCount + other.minusCount
  };
}

function lowest(one: number, other: number): number {
  return Number.isNaN(one) ? other : Number.isNaN(other) ? one : Math.min(one, other);
}

function finiteOrNaN(value: number): number {
  return Number.isFinite(value) ? value : NaN;
}
