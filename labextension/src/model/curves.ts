import type { Schemas } from '../api/client';
import { corners, middleOf, nonfiniteCount, putInto, type Bucket, type Point } from './buckets';
import type { ViewSettings } from './runPageTypes';
import { isSeriesExact, nonfiniteCountOf, numberCount, otherCount, type MetricState, type SeriesState } from './series';
import { clampSmoothing, smoothBuckets } from './smoothing';
import { axisOf, valueAxis, type XPlaces } from './xAxes';
import { inSight, type Window } from './zoomed';

/** A line; null is a gap in it. All columns are of one length. */
export interface Curve {
  readonly column: string | null;
  readonly xs: number[];
  readonly ys: (number | null)[];
  readonly steps: number[];
  readonly times: number[];
  readonly last: Schemas['Value'];
}

/** Where something was logged that is not finite. */
export interface Mark {
  readonly x: number;
  readonly kind: 'nan' | 'plus' | 'minus';
}

/** What to draw of a metric, and what is not drawn as it was logged. */
export interface DrawnMetric {
  readonly axis: XPlaces;
  readonly isLogX: boolean;
  readonly isLogY: boolean;
  /** The column that is y, where the other is x. */
  readonly yName: string;
  readonly lines: readonly Curve[];
  /** As logged, behind smoothed lines. */
  readonly raw: readonly Curve[];
  readonly marks: readonly Mark[];
  /** Of the longest line in sight: how many numbers there are, and how many are drawn. */
  readonly numberCount: number;
  readonly drawnCount: number;
  readonly isExact: boolean;
  /** Whether a smoothed line was made of less than all numbers. */
  readonly isSmoothingRough: boolean;
  readonly nonfiniteCount: number;
  readonly otherCount: number;
  readonly undrawnCount: number;
  /** At least so many points have no place on a logarithmic axis, or no x. */
  readonly hiddenCount: number;
}

type Look = Pick<ViewSettings, 'xAxis' | 'xMetric' | 'isLogX' | 'isLogY' | 'smoothing'>;

export interface IDrawOptions {
  look: Look;
  metrics: ReadonlyMap<string, MetricState>;
  /** When the run started, in seconds since the epoch. */
  startedAt: number | null;
  window?: Window | null;
  /** What was read for the window, by column. */
  details?: ReadonlyMap<string | null, readonly Bucket[]>;
}

/**
 * Say what to draw for a metric. Rows with two numeric columns are the second over the first, without smoothing; with another
 * number of them each is a line over the row, or the time. Other metrics are one line, over what the look says.
 */
export function drawMetric(metric: MetricState, options: IDrawOptions): DrawnMetric {
  const { look, details } = options;
  const window = options.window ?? null;
  const numeric = [...metric.columns.values()].filter(series => numberCount(series) > 0);
  const [xs, ys] = numeric;
  const isYOverX = metric.kind === 'row' && numeric.length === 2 && xs !== undefined && ys !== undefined;
  const axis = isYOverX
    ? valueAxis(xs.column ?? '', xs, true)
    : axisOf(metric, options.metrics, look, options.startedAt);
  const drawnSeries = isYOverX ? [ys] : numeric;
  const isLogX = look.isLogX && axis.kind !== 'wall'; // all times of day lie within one millionth of a decade
  const smoothing = isYOverX ? 0 : clampSmoothing(look.smoothing);
  const parts = drawnSeries.map(series => {
    const detail = details?.get(series.column);
    const rows = detail === undefined ? series.table.rows : putInto(series.table.rows, detail);
    return new Part(series, rows, axis, isLogX, look.isLogY);
  });
  const seen = parts.map(part => inSight(part.rows, axis, window));
  const counts = seen.map(rows => rows.reduce((sum, row) => sum + row.count, 0));
  const drawn = seen.map(drawnCount);
  const longest = counts.reduce((best, count, place) => (count > (counts[best] ?? 0) ? place : best), 0);
  return {
    axis,
    isLogX,
    isLogY: look.isLogY,
    yName: isYOverX ? (ys.column ?? '') : metric.kind === 'row' && numeric.length === 1 ? (xs?.column ?? '') : '',
    lines: smoothing > 0 ? parts.map(part => part.smoothed(smoothing)) : parts.map(part => part.curve()),
    raw: smoothing > 0 ? parts.map(part => part.curve()) : [],
    marks: parts.flatMap(part => part.marks()),
    numberCount: counts[longest] ?? 0,
    drawnCount: drawn[longest] ?? 0,
    isExact: drawn.every((count, place) => count === counts[place]) && axis.isExact,
    isSmoothingRough: smoothing > 0 && drawnSeries.some(series => !isSeriesExact(series)),
    nonfiniteCount: sumOf(metric, nonfiniteCountOf),
    otherCount: sumOf(metric, series => (numberCount(series) > 0 ? otherCount(series) : 0)),
    undrawnCount: sumOf(metric, series => series.undrawnCount),
    hiddenCount: parts.reduce((sum, part) => sum + part.hiddenCount(), 0)
  };
}

/** One series on the axes. */
class Part {
  constructor(
    readonly series: SeriesState,
    readonly rows: readonly Bucket[],
    private readonly _axis: XPlaces,
    private readonly _isLogX: boolean,
    private readonly _isLogY: boolean
  ) {}

  curve(): Curve {
    return this._curveOf(corners(this._lifted(this.rows)));
  }

  smoothed(smoothing: number): Curve {
    return this._curveOf(corners(this._lifted(smoothBuckets(this.rows, smoothing))));
  }

  marks(): Mark[] {
    const marks: Mark[] = [];
    for (const row of this.rows) {
      if (nonfiniteCount(row) > 0) {
        const x = this._place(middleOf(row));
        if (Number.isFinite(x)) {
          for (const [kind, count] of [
            ['nan', row.nanCount],
            ['plus', row.plusCount],
            ['minus', row.minusCount]
          ] as const) {
            if (count > 0) {
              marks.push({ x, kind });
            }
          }
        }
      }
    }
    return marks;
  }

  hiddenCount(): number {
    let count = 0;
    for (const row of this.rows) {
      if (this._isLogY && row.low <= 0) {
        count += row.count > 1 && row.high > 0 ? 1 : row.count - nonfiniteCount(row);
      } else if (row.count > nonfiniteCount(row) && !Number.isFinite(this._place(middleOf(row)))) {
        count += row.count === 1 ? 1 : 0;
      }
    }
    return count;
  }

  private _curveOf(points: readonly Point[]): Curve {
    const curve = {
      column: this.series.column,
      xs: [] as number[],
      ys: [] as (number | null)[],
      steps: [] as number[],
      times: [] as number[],
      last: this.series.last
    };
    let before = NaN;
    for (const point of points) {
      const x = this._place(point);
      const hasPlace = Number.isFinite(x);
      if (!hasPlace && Number.isNaN(before)) {
        continue; // there is nothing yet that it could break
      }
      before = hasPlace ? x : before;
      curve.xs.push(before);
      curve.ys.push(hasPlace && Number.isFinite(point.value) ? point.value : null);
      curve.steps.push(point.step);
      curve.times.push(point.at);
    }
    return curve;
  }

  /** The x of a point, NaN where the axis has no place for it. */
  private _place(point: Point): number {
    const x = this._axis.of(point);
    return this._isLogX && !(x > 0) ? NaN : x;
  }

  /** Leave out of buckets what has no place on a logarithmic y axis. */
  private _lifted(rows: readonly Bucket[]): readonly Bucket[] {
    if (!this._isLogY) {
      return rows;
    }
    const positive = (value: number): number => (value > 0 ? value : NaN);
    return rows.map(row => {
      if (!(row.low <= 0)) {
        return row;
      }
      const [first, last, high] = [positive(row.first), positive(row.last), positive(row.high)];
      const known = [first, last, high].filter(value => !Number.isNaN(value));
      return { ...row, first, last, high, low: known.length > 0 ? Math.min(...known) : NaN };
    });
  }
}

/** How many of the numbers in some buckets are drawn: of many, the lowest and the highest. */
function drawnCount(rows: readonly Bucket[]): number {
  return rows.reduce((sum, row) => {
    if (row.count <= 1) {
      return sum + row.count;
    }
    if (row.count === 2 && nonfiniteCount(row) === 0) {
      return sum + 2; // they are the two corners
    }
    return sum + Math.min(row.count - nonfiniteCount(row), 2);
  }, 0);
}

function sumOf(metric: MetricState, count: (series: SeriesState) => number): number {
  let sum = 0;
  for (const series of metric.columns.values()) {
    sum += count(series);
  }
  return sum;
}
