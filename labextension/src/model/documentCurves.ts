import { sum, type ThresholdTables } from './documents';

/** One class, or an average of all, as a curve with the area below it; NaN where nothing is known of the class. */
export interface ClassCurve {
  /** Null for an average. */
  readonly place: number | null;
  readonly average: 'micro' | 'macro' | null;
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  readonly area: number;
}

type MakeCurve = (counts: readonly (readonly number[])[], place: number | null) => ClassCurve;

const GRID_COUNT = 201;

/**
 * The true positive rate over the false positive rate: averages first, then each class. Thresholds beyond the first and the
 * last one would accept all or nothing, so each curve goes from (0, 0) to (1, 1).
 */
export function rocCurves(tables: ThresholdTables): ClassCurve[] {
  const curves = tables.map((counts, place) => rocCurve(counts, place));
  return [...micro(tables, rocCurve), ...macro(curves, true), ...curves];
}

/** The precision over the recall: averages first, then each class. The area is the average precision. */
export function precisionRecallCurves(tables: ThresholdTables): ClassCurve[] {
  const curves = tables.map((counts, place) => precisionCurve(counts, place));
  return [...micro(tables, precisionCurve), ...macro(curves, false), ...curves];
}

function rocCurve(counts: readonly (readonly number[])[], place: number | null): ClassCurve {
  const points = counts
    .map(([tp = NaN, fp = NaN, tn = NaN, fn = NaN]) => ({ x: divide(fp, fp + tn), y: divide(tp, tp + fn) }))
    .filter(isKnown);
  if (points.length === 0) {
    return { place, average: null, xs: [], ys: [], area: NaN };
  }
  const sorted = [{ x: 0, y: 0 }, ...points, { x: 1, y: 1 }].sort((one, other) => one.x - other.x || one.y - other.y);
  return { place, average: null, ...columns(sorted), area: trapezoids(sorted) };
}

function precisionCurve(counts: readonly (readonly number[])[], place: number | null): ClassCurve {
  const points = counts
    .map(([tp = NaN, fp = NaN, , fn = NaN]) => ({ x: divide(tp, tp + fn), y: divide(tp, tp + fp) }))
    .filter(isKnown)
    .sort((one, other) => one.x - other.x || other.y - one.y);
  if (points.length === 0) {
    return { place, average: null, xs: [], ys: [], area: NaN };
  }
  // Each precision weighs as much as the recall grows there.
  const area = sum(points.map((point, at) => (point.x - (points[at - 1]?.x ?? 0)) * point.y));
  return { place, average: null, ...columns(points), area };
}

/** All classes as one; only where there are several, over the same thresholds. */
function micro(tables: ThresholdTables, make: MakeCurve): ClassCurve[] {
  const first = tables[0];
  if (first === undefined || tables.length < 2 || tables.some(counts => counts.length !== first.length)) {
    return [];
  }
  const total = first.map((row, at) => row.map((_, column) => sum(tables.map(counts => counts[at]?.[column] ?? NaN))));
  return [{ ...make(total, null), average: 'micro' }];
}

/** The mean of all classes of which something is known. */
function macro(curves: readonly ClassCurve[], isRoc: boolean): ClassCurve[] {
  const known = curves.filter(curve => curve.xs.length > 0);
  if (known.length < 2) {
    return [];
  }
  const xs = Array.from({ length: GRID_COUNT }, (_, place) => place / (GRID_COUNT - 1));
  const ys = xs.map(x => {
    const inside = known.filter(curve => isRoc || x <= (curve.xs[curve.xs.length - 1] ?? 0));
    return inside.length > 0 ? sum(inside.map(curve => interpolate(curve, x))) / inside.length : NaN;
  });
  const area = sum(known.map(curve => curve.area)) / known.length;
  const until = ys.findIndex(Number.isNaN);
  const end = until < 0 ? xs.length : until;
  // At its left edge a ROC curve rises straight up, and interpolation gives the top of that.
  const start = isRoc ? [0] : [];
  return [
    { place: null, average: 'macro', xs: [...start, ...xs.slice(0, end)], ys: [...start, ...ys.slice(0, end)], area }
  ];
}

/** The y of a curve at x; where it stands straight up, the top. */
function interpolate({ xs, ys }: ClassCurve, x: number): number {
  let after = xs.findIndex(one => one > x);
  after = after < 0 ? xs.length : after;
  const before = Math.max(0, after - 1);
  const [x0 = 0, y0 = 0] = [xs[before], ys[before]];
  const [x1 = x0, y1 = y0] = [xs[after], ys[after]];
  return x1 > x0 && x > x0 ? y0 + ((y1 - y0) * (x - x0)) / (x1 - x0) : y0;
}

function columns(points: readonly { x: number; y: number }[]): { xs: number[]; ys: number[] } {
  const kept = points.filter((point, at) => at === 0 || point.x !== points[at - 1]?.x || point.y !== points[at - 1]?.y);
  return { xs: kept.map(point => point.x), ys: kept.map(point => point.y) };
}

function trapezoids(points: readonly { x: number; y: number }[]): number {
  return sum(
    points.slice(1).map((point, at) => ((point.x - (points[at]?.x ?? 0)) * (point.y + (points[at]?.y ?? 0))) / 2)
  );
}

function divide(numerator: number, denominator: number): number {
  return denominator !== 0 ? numerator / denominator : NaN;
}

function isKnown({ x, y }: { x: number; y: number }): boolean {
  return Number.isFinite(x) && Number.isFinite(y);
}
