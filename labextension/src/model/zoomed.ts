import { endOf, isExact, startOf, type Bucket } from './buckets';
import { isSeriesExact, type SeriesState } from './series';
import type { XPlaces } from './xAxes';

export type Window = readonly [number, number];

/** Reads an envelope between two steps. */
export type ReadRange = (firstStep: number, lastStep: number) => Promise<readonly Bucket[]>;

const MAX_STEP = 2 ** 53;
const NARROWING_COUNT = 4;
const MARGIN = 10;

/** The buckets that lie under a window, wholly or in part. */
export function inSight(rows: readonly Bucket[], axis: XPlaces, window: Window | null): readonly Bucket[] {
  if (window === null) {
    return rows;
  }
  return rows.filter(row => {
    const start = axis.of(startOf(row));
    const end = axis.of(endOf(row));
    return Math.max(start, end) >= window[0] && Math.min(start, end) <= window[1];
  });
}

/**
 * Read what lies under a window; null where the page holds no more than that, or no range of steps tells it. Up to about a
 * thousand numbers are exact, with some on both sides. Where x is a time, the steps logged in it are found in what was read,
 * and read again; where steps go to and fro those may be many, and what comes an envelope.
 */
export async function readDetail(
  series: SeriesState,
  axis: XPlaces,
  window: Window,
  read: ReadRange
): Promise<readonly Bucket[] | null> {
  if (isSeriesExact(series) || axis.kind === 'metric') {
    return null;
  }
  let steps = stepsUnder(series.table.rows, axis, window);
  if (steps === null) {
    return null;
  }
  let rows = await read(...steps);
  if (axis.kind !== 'step') {
    for (let round = 0; round < NARROWING_COUNT && !isExact(rows); round += 1) {
      const narrower = stepsUnder(rows, axis, window);
      if (narrower === null || (narrower[0] === steps[0] && narrower[1] === steps[1])) {
        break;
      }
      steps = narrower;
      rows = await read(...steps);
    }
  }
  if (!isExact(rows)) {
    return rows;
  }
  // Some more, so that lines go on to the edges, and there is something to see while it is moved.
  const margin = Math.max(1, Math.floor((steps[1] - steps[0]) / MARGIN));
  const [before, after] = await Promise.all([
    read(steps[0] - margin, steps[0] - 1),
    read(steps[1] + 1, steps[1] + margin)
  ]);
  return [...before, ...rows, ...after].sort((one, other) => one.firstSeq - other.firstSeq);
}

function stepsUnder(rows: readonly Bucket[], axis: XPlaces, window: Window): [number, number] | null {
  let low: number;
  let high: number;
  if (axis.kind === 'step') {
    low = Math.ceil(window[0]);
    high = Math.floor(window[1]);
    if (low > high) {
      [low, high] = [high, low]; // between two steps
    }
  } else {
    const inside = inSight(rows, axis, window);
    low = inside.reduce((least, row) => Math.min(least, row.lowStep), Infinity);
    high = inside.reduce((most, row) => Math.max(most, row.highStep), -Infinity);
  }
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    return null;
  }
  return [Math.max(low, -MAX_STEP), Math.min(high, MAX_STEP)];
}
