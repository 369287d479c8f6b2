import type { ChartSeries } from './types';
import { compact, momentText, placeText, type XKind } from './ticks';

const MAX_LINES = 12;

/** A point of a line, the nearest to a place. */
export interface NearPoint {
  series: ChartSeries;
  place: number;
  y: number;
}

/** The point of each line that is nearest to a place on the x axis; lines that do not reach it have none. */
export function pointsAt(series: readonly ChartSeries[], x: number, reach: number): NearPoint[] {
  const found: NearPoint[] = [];
  for (const one of series) {
    if (one.isFaint) {
      continue;
    }
    const place = one.isBars ? barAt(one, x) : nearest(one, x, reach);
    const y = one.ys[place];
    if (y !== null && y !== undefined) {
      found.push({ series: one, place, y });
    }
  }
  return found;
}

function barAt(series: ChartSeries, x: number): number {
  const next = series.xs.findIndex(edge => edge > x);
  return next <= 0 ? -1 : next - 1;
}

function nearest(series: ChartSeries, x: number, reach: number): number {
  let best = -1;
  let distance = Infinity;
  // Lines have a few points a pixel, and x may go to and fro, so each is looked at.
  for (let place = 0; place < series.xs.length; place += 1) {
    const away = Math.abs((series.xs[place] ?? NaN) - x);
    const y = series.ys[place];
    if (away < distance && y !== null && y !== undefined && Number.isFinite(y)) {
      distance = away;
      best = place;
    }
  }
  const first = series.xs[0] ?? NaN;
  const last = series.xs[series.xs.length - 1] ?? NaN;
  const isWithin = x >= Math.min(first, last) && x <= Math.max(first, last);
  return isWithin || distance <= reach ? best : -1;
}

/** Write what a cursor reads into an element. Names are written as texts, never as markup. */
export function writeReadout(
  host: HTMLElement,
  points: readonly NearPoint[],
  x: { label: string; kind: XKind },
  pointerY: number | null,
  yAt: (y: number) => number
): void {
  host.replaceChildren();
  const ordered =
    points.length > MAX_LINES && pointerY !== null
      ? [...points].sort((one, other) => Math.abs(yAt(one.y) - pointerY) - Math.abs(yAt(other.y) - pointerY))
      : points;
  const shown = ordered.slice(0, MAX_LINES);
  const first = shown[0];
  if (first !== undefined) {
    const head = addElement(host, 'div', 'jp-AmlChart-readoutHead');
    const at = first.series.xs[first.place] ?? NaN;
    head.textContent = `${x.label ? `${x.label} ` : ''}${placeText(at, x.kind)}`;
    const step = first.series.steps?.[first.place];
    const time = first.series.times?.[first.place];
    const more = [
      step !== undefined && x.label !== 'step' && Number.isFinite(step) ? `step ${step.toLocaleString('en-US')}` : '',
      time !== undefined && x.kind !== 'time' && Number.isFinite(time) ? momentText(time) : ''
    ].filter(Boolean);
    if (more.length) {
      addElement(host, 'div', 'jp-AmlChart-readoutNote').textContent = more.join(' · ');
    }
  }
  for (const { series, y } of shown) {
    const line = addElement(host, 'div', 'jp-AmlChart-readoutLine');
    addElement(line, 'span', 'jp-AmlChart-swatch').style.background = series.color;
    addElement(line, 'span', 'jp-AmlChart-readoutName').textContent = series.label;
    addElement(line, 'span', 'jp-AmlChart-readoutValue').textContent = compact(y);
  }
  if (points.length > shown.length) {
    addElement(host, 'div', 'jp-AmlChart-readoutNote').textContent = `+${points.length - shown.length}`;
  }
}

function addElement(host: HTMLElement, tag: 'div' | 'span', className: string): HTMLElement {
  const element = document.createElement(tag);
  element.className = className;
  host.appendChild(element);
  return element;
}
