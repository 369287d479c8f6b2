import { bucketOf, type Bucket, type Point } from './buckets';

export const MAX_SMOOTHING = 0.9999;
/** So many first points say what distance of steps counts as one. */
const UNIT_POINTS = 1_000;
const SLIDER_STEPS = 100;
const MAX_ON_SLIDER = 0.99;

/**
 * A debiased exponential mean. A point that lies `n` units of steps back weighs `smoothing ** n` as much as the newest one, and
 * the mean is divided by the sum of the weights, so that it does not start at zero. NaN and infinities are passed over.
 */
export class RunningMean {
  constructor(
    readonly smoothing: number,
    readonly unit: number
  ) {}

  /** Take in a number that follows; gives the mean there. */
  next(step: number, value: number): number {
    if (!Number.isFinite(value)) {
      return value;
    }
    const distance = Math.abs(step - this._lastStep) / this.unit;
    return this._take(this.smoothing ** (distance > 0 ? distance : 1), 1, value, step);
  }

  /** Take in many numbers about a value, spread over a stretch of steps. */
  nextMany(count: number, lastStep: number, value: number): number {
    const distance = Math.abs(lastStep - this._lastStep) / this.unit;
    const faded = this.smoothing ** (distance > 0 ? distance : count);
    const each = faded ** (1 / count);
    const weight = each < 1 ? (1 - faded) / (1 - each) : count;
    return this._take(faded, weight, value, lastStep);
  }

  private _take(fading: number, added: number, value: number, step: number): number {
    const weight = fading * this._weight + added;
    const part = added / weight;
    const mean = (1 - part) * this._mean + part * value;
    // A mean lies between its numbers; at the end of doubles, rounding takes it beyond.
    const [low, high] =
      this._weight === 0 ? [value, value] : [Math.min(this._mean, value), Math.max(this._mean, value)];
    this._mean = Math.min(Math.max(mean, low), high);
    this._weight = weight;
    this._lastStep = step;
    return this._mean;
  }

  private _weight = 0;
  private _mean = 0;
  private _lastStep = NaN;
}

/** The smoothing that is meant: what lies beyond 0 and `MAX_SMOOTHING` is set to that. */
export function clampSmoothing(smoothing: number): number {
  return Math.min(Math.max(Number.isFinite(smoothing) ? smoothing : 0, 0), MAX_SMOOTHING);
}

/** Begin a mean. The unit is the median distance of the first steps, so that later points do not change what is drawn. */
export function startMean(smoothing: number, firstSteps: readonly number[]): RunningMean {
  const steps = firstSteps.slice(0, UNIT_POINTS);
  const distances = steps
    .slice(1)
    .map((step, place) => Math.abs(step - (steps[place] ?? step)))
    .filter(distance => distance > 0)
    .sort((one, other) => one - other);
  const middle = distances.length / 2;
  const unit =
    distances.length === 0 ? 1 : ((distances[Math.ceil(middle) - 1] ?? 1) + (distances[Math.floor(middle)] ?? 1)) / 2;
  return new RunningMean(clampSmoothing(smoothing), unit);
}

/** Smooth points as they were logged. */
export function smoothPoints(points: readonly Point[], smoothing: number): Point[] {
  const mean = startMean(
    smoothing,
    points.map(point => point.step)
  );
  return points.map(point => ({ ...point, value: mean.next(point.step, point.value) }));
}

/**
 * Smooth buckets. Those of one number are smoothed exactly; of others only the ends are known, and their middle stands for
 * all of them.
 */
export function smoothBuckets(rows: readonly Bucket[], smoothing: number): Bucket[] {
  const mean = startMean(smoothing, stepsOf(rows));
  return rows.map(row => {
    if (row.count <= 1) {
      const raw = row.plusCount ? Infinity : row.minusCount ? -Infinity : row.first;
      return bucketOf({
        seq: row.firstSeq,
        step: row.firstStep,
        at: row.firstAt,
        value: mean.next(row.firstStep, raw)
      });
    }
    const known = [row.first, row.last].filter(value => Number.isFinite(value));
    const about =
      known.length > 0 ? known.reduce((sum, value) => sum + value / known.length, 0) : row.low / 2 + row.high / 2;
    const value = Number.isFinite(about) ? mean.nextMany(row.count, row.lastStep, about) : NaN;
    return bucketOf({ seq: row.lastSeq, step: row.lastStep, at: row.lastAt, value });
  });
}

/** The slider's place for a weight, 0 to 100: steps are finer the nearer it is to one. */
export function sliderPlace(smoothing: number): number {
  const weight = Math.min(Math.max(smoothing, 0), MAX_ON_SLIDER);
  return Math.round((Math.abs(Math.log10(1 - weight)) * SLIDER_STEPS) / 2);
}

/** The weight of the past at a place of the slider, 0 to 100. */
export function smoothingAt(place: number): number {
  if (!Number.isFinite(place)) {
    return 0;
  }
  const part = Math.min(Math.max(place, 0), SLIDER_STEPS) / SLIDER_STEPS;
  return Number((1 - 10 ** (-2 * part)).toFixed(4));
}

function stepsOf(rows: readonly Bucket[]): number[] {
  const steps: number[] = [];
  for (const row of rows) {
    if (steps.length >= UNIT_POINTS) {
      break;
    }
    if (row.count <= 1) {
      steps.push(row.firstStep);
    } else {
      // Within a bucket steps are taken to be even.
      const gap = (row.lastStep - row.firstStep) / (row.count - 1);
      steps.push(row.firstStep, row.firstStep + gap);
    }
  }
  return steps;
}
