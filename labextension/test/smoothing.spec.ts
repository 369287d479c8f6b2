import { appendPoints, NO_BUCKETS, type Point } from '../src/model/buckets';
import { sliderPlace, smoothBuckets, smoothingAt, smoothPoints } from '../src/model/smoothing';

function points(values: readonly number[], steps: readonly number[] = values.map((_, place) => place)): Point[] {
  return values.map((value, place) => ({ seq: place, step: steps[place] ?? place, at: 0, value }));
}

/** The mean as its definition says: each point weighs `smoothing ** distance`. */
function defined(values: readonly number[], steps: readonly number[], smoothing: number): number[] {
  return values.map((_, end) => {
    let weights = 0;
    let sum = 0;
    for (let place = 0; place <= end; place += 1) {
      const weight = smoothing ** ((steps[end] ?? 0) - (steps[place] ?? 0));
      weights += weight;
      sum += weight * (values[place] ?? 0);
    }
    return sum / weights;
  });
}

describe('smoothPoints', () => {
  it('is the weighted mean of all points so far', () => {
    const values = [5, 1, 4, 4, -3, 8, 0.5];
    const steps = [0, 1, 2, 3, 4, 5, 6];
    const smoothed = smoothPoints(points(values, steps), 0.8).map(point => point.value);
    defined(values, steps, 0.8).forEach((value, place) => expect(smoothed[place]).toBeCloseTo(value, 12));
  });

  it('respects uneven steps', () => {
    const values = [1, 2, 3, 10, 20];
    const steps = [0, 1, 2, 10, 11];
    const smoothed = smoothPoints(points(values, steps), 0.7).map(point => point.value);
    defined(values, steps, 0.7).forEach((value, place) => expect(smoothed[place]).toBeCloseTo(value, 12));
  });

  it('does not start at zero, and passes over what is not finite', () => {
    const smoothed = smoothPoints(points([7, NaN, Infinity, 7]), 0.99).map(point => point.value);
    expect(smoothed).toEqual([7, NaN, Infinity, 7]);
  });

  it('stays among its numbers at the end of doubles', () => {
    const smoothed = smoothPoints(points([1.7e308, 1.7e308, 1.6e308]), 0.9999).map(point => point.value);
    expect(smoothed.every(value => value >= 1.6e308 && value <= 1.7e308)).toBe(true);
  });
});

describe('smoothBuckets', () => {
  it('is the same as that of points while each bucket is one', () => {
    const logged = points(Array.from({ length: 300 }, (_, place) => Math.sin(place)));
    const rows = appendPoints(NO_BUCKETS, logged).rows;
    expect(smoothBuckets(rows, 0.9).map(row => row.first)).toEqual(smoothPoints(logged, 0.9).map(one => one.value));
  });

  it('follows a long course', () => {
    const logged = points(Array.from({ length: 100_000 }, (_, place) => place / 1_000));
    const rows = appendPoints(NO_BUCKETS, logged).rows;
    const rough = smoothBuckets(rows, 0.9999);
    const exact = smoothPoints(logged, 0.9999);
    for (const row of rough) {
      expect(Math.abs(row.first - (exact[row.firstSeq]?.value ?? NaN))).toBeLessThan(0.2);
    }
  });
});

describe('the slider', () => {
  it('gives back where it was', () => {
    for (let place = 0; place <= 100; place += 1) {
      expect(sliderPlace(smoothingAt(place))).toBe(place);
    }
    expect(smoothingAt(0)).toBe(0);
    expect(smoothingAt(100)).toBe(0.99);
    expect(smoothingAt(NaN)).toBe(0);
  });
});
