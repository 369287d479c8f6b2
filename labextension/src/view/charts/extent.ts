/** A range of numbers on an axis. */
export type Range = [number, number];

/** Of fewer numbers none is an outlier. */
const MIN_TO_CUT = 20;
const MARGIN = 0.05;
const MOST = 8e307; // the span of a range is a double

/** The range that holds all numbers that have a place on an axis; null where there is none. */
export function extentOf(values: Iterable<number | null>, isLog: boolean): Range | null {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value !== null && Number.isFinite(value) && (!isLog || value > 0)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low > high ? null : [low, high];
}

/** Make room around a range, so that its ends are not on the frame; a range of one number becomes wide. */
export function padded(range: Range, isLog: boolean): Range {
  const [low, high] = widened(range, isLog);
  if (isLog) {
    const room = Math.min((high / low) ** MARGIN, 1e20);
    return [Math.max(low / room, 5e-324), Math.min(high * room, Number.MAX_VALUE)];
  }
  const room = (high - low) * MARGIN;
  return [Math.max(low - room, -MOST), Math.min(high + room, MOST)];
}

/** Give a range that has a width. */
export function widened([low, high]: Range, isLog: boolean): Range {
  if (isLog) {
    return high > low * (1 + 1e-13) ? [low, high] : [low / 2, Math.min(high * 2, Number.MAX_VALUE)];
  }
  low = Math.max(low, -MOST);
  high = Math.min(high, MOST);
  const size = Math.max(Math.abs(low), Math.abs(high));
  return high - low > size * 1e-13 ? [low, high] : [low - (size / 2 || 0.5), high + (size / 2 || 0.5)];
}

/** A range as places on a drawn axis, which may be logarithmic. */
export function placesOf([low, high]: Range, isLog: boolean): Range {
  return isLog ? [Math.log10(low), Math.log10(high)] : [low, high];
}

/** The values at two places on a drawn axis. */
export function valuesAt([low, high]: Range, isLog: boolean): Range {
  return isLog ? [10 ** low, 10 ** high] : [low, high];
}

/**
 * The range that nearly all numbers need; null where there are few, or where nothing would be cut.
 * What lies farther from the middle nine tenths than these are wide is an outlier.
 */
export function cutExtent(values: Iterable<number | null>, isLog: boolean): Range | null {
  const known: number[] = [];
  for (const value of values) {
    if (value !== null && Number.isFinite(value) && (!isLog || value > 0)) {
      known.push(value);
    }
  }
  if (known.length < MIN_TO_CUT) {
    return null;
  }
  const places = known.map(value => (isLog ? Math.log10(value) : value / 4)).sort((one, other) => one - other);
  const low = percentile(places, 0.05);
  const high = percentile(places, 0.95);
  const first = low - (high - low);
  const last = high + (high - low);
  const inside = known.filter(value => {
    const place = isLog ? Math.log10(value) : value / 4;
    return place >= first && place <= last;
  });
  return inside.length === known.length ? null : extentOf(inside, isLog);
}

function percentile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part;
  const before = sorted[Math.floor(place)] ?? 0;
  const after = sorted[Math.ceil(place)] ?? before;
  return before + (after - before) * (place - Math.floor(place));
}
