import type { Place, Surface } from './surfaces';
import type { ChartMark, ChartSeries } from './types';

/** Colours of a chart as a canvas takes them. */
export interface ChartColors {
  lines: readonly string[];
  axis: string;
  grid: string;
  warn: string;
}

/** Where lines are painted, in pixels of the page, and where a value lies there. */
export interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
  isLogX: boolean;
  isLogY: boolean;
  xOf(value: number): number;
  yOf(value: number): number;
}

/** So far beyond the frame it is painted: a point on its edge is seen whole. */
export const CLIP_MARGIN = 3;
const LINE_WIDTH = 1.5;
const FAINT = 0.3;
const BAND = 0.16;
const BARS = 0.75;
const DOT_RADIUS = 2.2;
/** Points that lie farther from each other, on average, are dots on their line. */
const DOT_GAP_PIXELS = 14;
const MARK_PIXELS = 4;
const MARK_TEXT_PIXELS = 10;
/** Of marks that lie closer than this, one is told in words. */
const MARK_GAP_PIXELS = 36;
const HALF_MARK_TEXT_PIXELS = 14;
const SIGNS = { nan: 'NaN', plus: '+∞', minus: '−∞' } as const;

/** Paint the lines of a chart. */
export function paintSeries(
  surface: Surface,
  frame: Frame,
  series: readonly ChartSeries[],
  marks: readonly ChartMark[],
  colors: ChartColors
): void {
  const brush = new Brush(surface, frame);
  const colorAt = (place: number): string => colors.lines[place] ?? colors.axis;
  // What is behind comes first.
  series.forEach((one, place) => brush.band(one, colorAt(place)));
  series.forEach((one, place) => {
    if (one.raw !== undefined) {
      brush.line(one, one.raw, colorAt(place), true);
    }
  });
  for (const isFaint of [true, false]) {
    series.forEach((one, place) => {
      if ((one.isFaint ?? false) === isFaint) {
        if (one.isBars) {
          brush.bars(one, colorAt(place));
        } else {
          brush.line(one, one.ys, colorAt(place), isFaint);
        }
      }
    });
  }
  brush.marks(marks, colors.warn);
}

class Brush {
  constructor(
    private readonly _surface: Surface,
    private readonly _frame: Frame
  ) {}

  line(series: ChartSeries, ys: readonly (number | null)[], color: string, isFaint: boolean): void {
    const { left, width } = this._frame;
    const parts: Place[][] = [];
    const seen: Place[] = [];
    let part: Place[] | null = null;
    ys.forEach((y, place) => {
      const at = this._at(series.xs[place], y);
      if (at === null) {
        part = null;
        return;
      }
      if (part === null) {
        part = [];
        parts.push(part);
      }
      part.push(at);
      if (at[0] >= left && at[0] <= left + width) {
        seen.push(at);
      }
    });
    const opacity = isFaint ? FAINT : 1;
    this._surface.lines(
      parts.filter(one => one.length > 1),
      { color, opacity, width: isFaint ? 1 : LINE_WIDTH, isDashed: series.isDashed ?? false }
    );
    const alone = parts.filter(one => one.length === 1).flat(); // a point alone has no line
    const isSparse = !isFaint && seen.length * DOT_GAP_PIXELS < width;
    this._surface.dots(isSparse ? [...seen, ...alone.filter(one => !seen.includes(one))] : alone, DOT_RADIUS, {
      color,
      opacity
    });
  }

  band(series: ChartSeries, color: string): void {
    const { lows, highs, xs } = series;
    if (lows === undefined || highs === undefined) {
      return;
    }
    let above: Place[] = [];
    let below: Place[] = [];
    const close = (): void => {
      if (above.length > 0) {
        this._surface.area([...above, ...below.reverse()], { color, opacity: BAND });
      }
      above = [];
      below = [];
    };
    xs.forEach((x, place) => {
      const low = this._at(x, lows[place]);
      const high = this._at(x, highs[place]);
      if (low === null || high === null) {
        close();
      } else {
        below.push(low);
        above.push(high);
      }
    });
    close();
  }

  /** Draw a histogram: each height lies between its place and the next one. */
  bars(series: ChartSeries, color: string): void {
    const { top, height } = this._frame;
    const floor = Math.min(top + height, this._frame.yOf(0));
    for (let place = 0; place + 1 < series.xs.length; place += 1) {
      const start = this._at(series.xs[place], series.ys[place]);
      const end = this._at(series.xs[place + 1], 0);
      if (start !== null && end !== null) {
        const width = end[0] - start[0];
        this._surface.bar(start, width > 3 ? width - 1 : width, floor - start[1], { color, opacity: BARS });
      }
    }
  }

  /** Draw where something is not finite: at the top, what is less than all at the bottom. */
  marks(marks: readonly ChartMark[], color: string): void {
    const { left, top, width, height, isLogX } = this._frame;
    const isToldAt = new Set<number>();
    for (const mark of marks) {
      if (isLogX && mark.x <= 0) {
        continue;
      }
      const x = this._frame.xOf(mark.x);
      const isAbove = mark.kind !== 'minus';
      const edge = isAbove ? top : top + height;
      const inward = isAbove ? MARK_PIXELS * 1.6 : -MARK_PIXELS * 1.6;
      const corners: Place[] = [
        [x, edge + inward],
        [x - MARK_PIXELS, edge],
        [x + MARK_PIXELS, edge]
      ];
      this._surface.area(corners, { color, opacity: 1 });
      const column = Math.round(x / MARK_GAP_PIXELS);
      if (!isToldAt.has(column) && !isToldAt.has(column - 1) && !isToldAt.has(column + 1)) {
        isToldAt.add(column);
        const inside = Math.min(Math.max(x, left + HALF_MARK_TEXT_PIXELS), left + width - HALF_MARK_TEXT_PIXELS);
        const below = edge + inward + (isAbove ? MARK_TEXT_PIXELS + 1 : -MARK_PIXELS);
        this._surface.text([inside, below], SIGNS[mark.kind], { color, opacity: 1 }, MARK_TEXT_PIXELS);
      }
    }
  }

  /** Where a point lies; null where the axes have no place for it. */
  private _at(x: number | undefined, y: number | null | undefined): Place | null {
    if (x === undefined || y === null || y === undefined || !Number.isFinite(x) || !Number.isFinite(y)) {
      return null;
    }
    const { isLogX, isLogY } = this._frame;
    if ((isLogX && x <= 0) || (isLogY && y <= 0)) {
      return null;
    }
    return [this._frame.xOf(x), this._frame.yOf(y)];
  }
}
