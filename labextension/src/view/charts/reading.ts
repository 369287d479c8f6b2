import type { Range } from './extent';
import type { NearPoint } from './readout';
import { compact, placeText, type XKind } from './ticks';
import type { ChartSeries } from './types';

/** The point that is read with the keyboard: of the line of a key, the one at a place. */
export interface Reading {
  readonly key: string;
  readonly place: number;
}

/** Go on to the next point of a line, or to the same place of the next line. The first one read is the first in sight. */
export function stepTo(
  series: readonly ChartSeries[],
  from: Reading | null,
  by: { points: number; lines: number },
  [low, high]: Range
): Reading | null {
  const lines = series.filter(one => !one.isFaint && one.ys.some(isKnown));
  const current = lines.findIndex(one => one.key === from?.key);
  const line = lines[current < 0 ? 0 : (current + by.lines + lines.length) % lines.length];
  if (line === undefined) {
    return null;
  }
  if (from === null || current < 0) {
    const inside = placesOf(line).filter(place => isWithin(line.xs[place], low, high));
    const place = by.points < 0 ? inside[inside.length - 1] : inside[0];
    return place === undefined ? null : { key: line.key, place };
  }
  if (by.lines !== 0) {
    return { key: line.key, place: nearestPlace(line, lines[current]?.xs[from.place] ?? NaN) };
  }
  const step = Math.sign(by.points);
  let place = from.place + step;
  while (place >= 0 && place < line.ys.length && !isKnown(line.ys[place])) {
    place += step; // gaps are passed over
  }
  return { key: line.key, place: place >= 0 && place < line.ys.length ? place : from.place };
}

/** The point that is read; null where it is not there any more. */
export function pointOf(series: readonly ChartSeries[], reading: Reading | null): NearPoint | null {
  const line = series.find(one => one.key === reading?.key && !one.isFaint);
  const y = line?.ys[reading?.place ?? -1];
  return line === undefined || reading === null || y === null || y === undefined
    ? null
    : { series: line, place: reading.place, y };
}

/** A point, for who listens. */
export function spokenPoint({ series, place, y }: NearPoint, x: { label: string; kind: XKind }): string {
  const step = series.steps?.[place];
  const at = `${x.label} ${placeText(series.xs[place] ?? NaN, x.kind)}`.trim();
  const more = step !== undefined && x.label !== 'step' ? `, step ${step.toLocaleString('en-US')}` : '';
  return `${at}${more}: ${series.label} ${compact(y)}`;
}

function placesOf(line: ChartSeries): number[] {
  return [...line.ys.keys()].filter(place => isKnown(line.ys[place]));
}

function nearestPlace(line: ChartSeries, x: number): number {
  const distance = (place: number): number => Math.abs((line.xs[place] ?? NaN) - x);
  return placesOf(line).reduce((best, place) => (distance(place) < distance(best) ? place : best));
}

function isKnown(y: number | null | undefined): y is number {
  return y !== null && y !== undefined && Number.isFinite(y);
}

function isWithin(x: number | undefined, low: number, high: number): boolean {
  return x !== undefined && x >= low && x <= high;
}
