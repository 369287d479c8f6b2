import type uPlot from 'uplot';

import type { ChartMark, ChartSeries } from './types';

/** Colours of a chart as a canvas takes them. */
export interface ChartColors {
  lines: readonly string[];
  axis: string;
  grid: string;
  warn: string;
}

const LINE_WIDTH = 1.5;
const FAINT = 0.3;
const BAND = 0.16;
const DOT_RADIUS = 2.2;
/** Points that lie farther from each other, on average, are dots on their line. */
const DOT_GAP_PIXELS = 14;
const SIGNS = { nan: 'NaN', plus: '+∞', minus: '−∞' } as const;

/** Draw the lines of a chart into its canvas. */
export function paintSeries(
  plot: uPlot,
  series: readonly ChartSeries[],
  marks: readonly ChartMark[],
  colors: ChartColors,
  isLog: { x: boolean; y: boolean }
): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const brush = new Brush(plot, isLog);
  // What is behind comes first.
  series.forEach((one, place) => brush.band(one, colors.lines[place] ?? colors.axis));
  series.forEach((one, place) => {
    if (one.raw !== undefined) {
      brush.line(one, one.raw, colors.lines[place] ?? colors.axis, true);
    }
  });
  for (const isFaint of [true, false]) {
    series.forEach((one, place) => {
      if ((one.isFaint ?? false) === isFaint) {
        if (one.isBars) {
          brush.bars(one, colors.lines[place] ?? colors.axis);
        } else {
          brush.line(one, one.ys, colors.lines[place] ?? colors.axis, isFaint);
        }
      }
    });
  }
  brush.marks(marks, colors);
  ctx.restore();
}

class Brush {
  constructor(
    private readonly _plot: uPlot,
    private readonly _isLog: { x: boolean; y: boolean }
  ) {}

  line(series: ChartSeries, ys: readonly (number | null)[], color: string, isFaint: boolean): void {
    const { ctx, bbox } = this._plot;
    const path = new Path2D();
    const dots = new Path2D();
    const radius = DOT_RADIUS * devicePixelRatio;
    let isDown = false;
    let insideCount = 0;
    const places: [number, number][] = [];
    for (let place = 0; place < ys.length; place += 1) {
      const at = this._at(series.xs[place], ys[place]);
      if (at === null) {
        isDown = false;
        continue;
      }
      const [x, y] = at;
      if (isDown) {
        path.lineTo(x, y);
      } else {
        path.moveTo(x, y);
        if (this._at(series.xs[place + 1], ys[place + 1]) === null) {
          addDot(dots, x, y, radius); // a point alone has no line
        }
      }
      isDown = true;
      if (x >= bbox.left && x <= bbox.left + bbox.width) {
        insideCount += 1;
        places.push([x, y]);
      }
    }
    ctx.globalAlpha = isFaint ? FAINT : 1;
    ctx.strokeStyle = color;
    ctx.fillStyle = color;
    ctx.lineWidth = (isFaint ? 1 : LINE_WIDTH) * devicePixelRatio;
    ctx.lineJoin = 'round';
    ctx.setLineDash(series.isDashed ? [6 * devicePixelRatio, 4 * devicePixelRatio] : []);
    ctx.stroke(path);
    ctx.setLineDash([]);
    if (!isFaint && insideCount * DOT_GAP_PIXELS * devicePixelRatio < bbox.width) {
      for (const [x, y] of places) {
        addDot(dots, x, y, radius);
      }
    }
    ctx.fill(dots);
    ctx.globalAlpha = 1;
  }

  band(series: ChartSeries, color: string): void {
    const { lows, highs, xs } = series;
    if (lows === undefined || highs === undefined) {
      return;
    }
    const { ctx } = this._plot;
    ctx.globalAlpha = BAND;
    ctx.fillStyle = color;
    let place = 0;
    while (place < xs.length) {
      const above: [number, number][] = [];
      const below: [number, number][] = [];
      for (; place < xs.length; place += 1) {
        const low = this._at(xs[place], lows[place]);
        const high = this._at(xs[place], highs[place]);
        if (low === null || high === null) {
          place += 1;
          break;
        }
        below.push(low);
        above.push(high);
      }
      const path = new Path2D();
      for (const [x, y] of [...above, ...below.reverse()]) {
        path.lineTo(x, y);
      }
      path.closePath();
      ctx.fill(path);
    }
    ctx.globalAlpha = 1;
  }

  /** Draw a histogram: each height lies between its place and the next one. */
  bars(series: ChartSeries, color: string): void {
    const { ctx, bbox } = this._plot;
    ctx.fillStyle = color;
    ctx.globalAlpha = 0.75;
    const floor = Math.min(bbox.top + bbox.height, this._plot.valToPos(0, 'y', true));
    for (let place = 0; place + 1 < series.xs.length; place += 1) {
      const start = this._at(series.xs[place], series.ys[place]);
      const end = this._at(series.xs[place + 1], 0);
      if (start !== null && end !== null) {
        const width = end[0] - start[0];
        ctx.fillRect(start[0], start[1], width > 3 ? width - 1 : width, floor - start[1]);
      }
    }
    ctx.globalAlpha = 1;
  }

  marks(marks: readonly ChartMark[], colors: ChartColors): void {
    const { ctx, bbox } = this._plot;
    const size = 4 * devicePixelRatio;
    const isToldAt = new Set<number>();
    ctx.fillStyle = colors.warn;
    ctx.font = `${10 * devicePixelRatio}px sans-serif`;
    ctx.textAlign = 'center';
    for (const mark of marks) {
      if (this._isLog.x && mark.x <= 0) {
        continue;
      }
      const x = this._plot.valToPos(mark.x, 'x', true);
      const isAbove = mark.kind !== 'minus';
      const edge = isAbove ? bbox.top : bbox.top + bbox.height;
      const inward = isAbove ? size * 1.6 : -size * 1.6;
      ctx.beginPath();
      ctx.moveTo(x, edge + inward);
      ctx.lineTo(x - size, edge);
      ctx.lineTo(x + size, edge);
      ctx.closePath();
      ctx.fill();
      const column = Math.round(x / (36 * devicePixelRatio));
      if (!isToldAt.has(column) && !isToldAt.has(column - 1) && !isToldAt.has(column + 1)) {
        isToldAt.add(column);
        const inside = Math.min(
          Math.max(x, bbox.left + 14 * devicePixelRatio),
          bbox.left + bbox.width - 14 * devicePixelRatio
        );
        ctx.fillText(SIGNS[mark.kind], inside, edge + inward + (isAbove ? 11 : -4) * devicePixelRatio);
      }
    }
  }

  /** Where a point lies in the canvas; null where the axes have no place for it. */
  private _at(x: number | undefined, y: number | null | undefined): [number, number] | null {
    if (x === undefined || y === null || y === undefined || !Number.isFinite(x) || !Number.isFinite(y)) {
      return null;
    }
    if ((this._isLog.x && x <= 0) || (this._isLog.y && y <= 0)) {
      return null;
    }
    return [this._plot.valToPos(x, 'x', true), this._plot.valToPos(y, 'y', true)];
  }
}

function addDot(path: Path2D, x: number, y: number, radius: number): void {
  path.moveTo(x + radius, y);
  path.arc(x, y, radius, 0, 2 * Math.PI);
}
