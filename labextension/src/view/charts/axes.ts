import type uPlot from 'uplot';

import type { Range } from './extent';
import { durationTicks, linearTicks, logTicks, tickTexts, timeTexts, timeTicks } from './ticks';
import type { ChartProps } from './types';

export const FONT_PIXELS = 11;
const FONT = `${FONT_PIXELS}px system-ui, sans-serif`;
const X_TICK_PIXELS = 80;
const Y_TICK_PIXELS = 30;
const CHARACTER_PIXELS = 6.6;
const LINE_PIXELS = 13;
const LABEL_PIXELS = 16;
const X_AXIS_PIXELS = 28;

/** A place on an axis, and what is written there. */
export interface Tick {
  readonly at: number;
  readonly text: string;
}

type XLook = Pick<ChartProps, 'xKind' | 'isLogX' | 'isWholeX'>;

/** The ticks of an x axis of so many pixels. */
export function xTicks(look: XLook, [low, high]: Range, pixels: number): Tick[] {
  const wanted = Math.max(2, pixels / X_TICK_PIXELS);
  if (look.isLogX) {
    return withTexts(logTicks(low, high, wanted), ticks => tickTexts(ticks, look.xKind));
  }
  switch (look.xKind) {
    case 'time':
      return withTexts(timeTicks(low, high, wanted), timeTexts);
    case 'duration':
      return withTexts(durationTicks(low, high, wanted), ticks => tickTexts(ticks, 'duration'));
    case 'number':
      return withTexts(linearTicks(low, high, wanted, look.isWholeX), ticks => tickTexts(ticks, 'number'));
  }
}

/** The ticks of a y axis of so many pixels. */
export function yTicks(isLogY: boolean, [low, high]: Range, pixels: number): Tick[] {
  const wanted = Math.max(2, pixels / Y_TICK_PIXELS);
  return withTexts(isLogY ? logTicks(low, high, wanted) : linearTicks(low, high, wanted), ticks =>
    tickTexts(ticks, 'number')
  );
}

/** The axes as uPlot draws them. */
export function chartAxes(props: ChartProps, colors: { axis: () => string; grid: () => string }): uPlot.Axis[] {
  const label = (text: string | undefined): Pick<uPlot.Axis, 'label' | 'labelSize' | 'labelFont'> =>
    text ? { label: text, labelSize: LABEL_PIXELS, labelFont: FONT } : {};
  const axis: uPlot.Axis = {
    stroke: colors.axis,
    font: FONT,
    grid: { stroke: colors.grid, width: 1 },
    ticks: { stroke: colors.grid, width: 1, size: 4 },
    filter: (_plot, ticks) => ticks
  };
  const across = (plot: uPlot, low: number, high: number): Tick[] =>
    xTicks(props, [low, high], plot.bbox.width / devicePixelRatio);
  const upwards = (plot: uPlot, low: number, high: number): Tick[] =>
    yTicks(props.isLogY, [low, high], plot.bbox.height / devicePixelRatio);
  return [
    {
      ...axis,
      ...label(props.xLabel),
      size: props.xKind === 'time' ? X_AXIS_PIXELS + LINE_PIXELS : X_AXIS_PIXELS,
      splits: (plot, _axis, low, high) => across(plot, low, high).map(tick => tick.at),
      values: (_plot, ticks) => (props.xKind === 'time' ? timeTexts(ticks) : tickTexts(ticks, props.xKind))
    },
    {
      ...axis,
      ...label(props.yLabel),
      splits: (plot, _axis, low, high) => upwards(plot, low, high).map(tick => tick.at),
      values: (_plot, ticks) => tickTexts(ticks, 'number'),
      // uPlot gives null where it has no ticks yet.
      size: (_plot, texts: readonly string[] | null) =>
        14 + CHARACTER_PIXELS * Math.max(3, ...(texts ?? []).map(text => text.length))
    }
  ];
}

function withTexts(ticks: readonly number[], write: (ticks: readonly number[]) => string[]): Tick[] {
  const texts = write(ticks);
  return ticks.map((at, place) => ({ at, text: texts[place] ?? '' }));
}
