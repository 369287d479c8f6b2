import uPlot from 'uplot';

import { chartAxes, xTicks, yTicks } from './axes';
import { resolveColor } from './colors';
import { cursorGroups } from './cursorGroups';
import type { Range } from './extent';
import { dragToPan } from './gestures';
import { CLIP_MARGIN, paintSeries, type ChartColors, type Frame } from './paint';
import { makePicture, type Picture } from './picture';
import { pointOf, spokenPoint, stepTo, type Reading } from './reading';
import { pointsAt, writeReadout } from './readout';
import { CanvasSurface } from './surfaces';
import type { ChartProps } from './types';
import { Viewport } from './viewport';

const MIN_DRAG_PIXELS = 4;
/** A drag of less height is meant along x only, and of less width along y. */
const BAND_PIXELS = 24;
const PAN_PART = 0.2;
const REACH_PIXELS = 12;

/** Draws one chart into an element with uPlot, and lets the user zoom. Scales and lines are its own: x may go to and fro. */
export class Plot {
  constructor(host: HTMLElement, props: ChartProps) {
    this._host = host;
    this._props = props;
    this._viewport = new Viewport(props);
    this._readout = document.createElement('div');
    this._readout.className = 'jp-AmlChart-readout';
    this._build();
  }

  update(props: ChartProps): void {
    const before = this._props;
    this._props = props;
    this._viewport.measure(props);
    const isOther =
      before.isLogX !== props.isLogX ||
      before.isLogY !== props.isLogY ||
      before.xKind !== props.xKind ||
      before.height !== props.height ||
      before.xLabel !== props.xLabel ||
      before.yLabel !== props.yLabel ||
      before.isWholeX !== props.isWholeX ||
      before.cursorGroup !== props.cursorGroup;
    if (isOther) {
      this._build();
    } else {
      this._resolveColors();
      this._draw();
    }
    if (before.resetCount !== props.resetCount) {
      this.resetZoom();
    }
  }

  resize(width: number): void {
    if (width > 0 && this._plot !== null && Math.abs(width - this._plot.width) >= 1) {
      this._plot.setSize({ width, height: this._props.height });
    } else if (this._plot === null) {
      this._build();
    }
  }

  /** Read the theme's colours again. */
  recolor(): void {
    this._build();
  }

  /** Show all again. */
  resetZoom(): void {
    this._look(this._viewport.reset());
  }

  /** Do what a key asks for; says whether it asked for something. */
  press(key: string): boolean {
    switch (key) {
      case '+':
      case '=':
        this._look(this._viewport.step(true));
        return true;
      case '-':
        this._look(this._viewport.step(false));
        return true;
      case '0':
        this.resetZoom();
        return true;
      case 'Escape':
        return this._escape();
      case 'ArrowLeft':
        this._look(this._viewport.pan(-PAN_PART));
        return true;
      case 'ArrowRight':
        this._look(this._viewport.pan(PAN_PART));
        return true;
      case 'ArrowUp':
        this._look(this._viewport.pan(0, PAN_PART));
        return true;
      case 'ArrowDown':
        this._look(this._viewport.pan(0, -PAN_PART));
        return true;
      default:
        return false;
    }
  }

  /** Go to the next point of a line, or the same place of the next line, and say it; null where there is none. */
  read(points: number, lines: number): string | null {
    const plot = this._plot;
    const { series, xLabel, xKind } = this._props;
    if (plot === null) {
      return null;
    }
    this._reading = stepTo(series, this._reading, { points, lines }, this._viewport.x);
    const point = pointOf(series, this._reading);
    if (point === null) {
      return null;
    }
    const x = point.series.xs[point.place] ?? NaN;
    const [low, high] = this._viewport.x;
    if (x < low || x > high) {
      const half = (high - low) / 2;
      this._look(this._viewport.show([x - half, x + half])); // what is read is seen
    }
    plot.setCursor({ left: plot.valToPos(x, 'x'), top: plot.valToPos(point.y, 'y') });
    return spokenPoint(point, { label: xLabel, kind: xKind });
  }

  /** The chart as a picture, under a title. */
  picture(title: string): Picture | null {
    const plot = this._plot;
    if (plot === null) {
      return null;
    }
    const { series, marks, xLabel, yLabel, isLogY } = this._props;
    const frame = this._frame(plot);
    return makePicture({
      title,
      width: plot.width,
      height: plot.height,
      frame,
      xLabel,
      yLabel: yLabel ?? '',
      xTicks: xTicks(this._props, this._viewport.x, frame.width),
      yTicks: yTicks(isLogY, this._viewport.y, frame.height),
      series,
      marks: marks ?? [],
      colors: this._colors,
      ink: resolveColor(this._host, 'var(--jp-ui-font-color1)'),
      ground: resolveColor(this._host, 'var(--jp-layout-color1)')
    });
  }

  dispose(): void {
    this._leave?.();
    this._leave = null;
    this._plot?.destroy();
    this._plot = null;
  }

  private _build(): void {
    const width = this._host.clientWidth;
    this.dispose();
    if (width <= 0) {
      return; // hidden: built when it gets a size
    }
    this._resolveColors();
    this._plot = new uPlot(this._options(width), this._data(), this._host);
    this._plot.over.appendChild(this._readout);
    this._plot.over.addEventListener('wheel', this._onWheel, { passive: false });
    if (this._props.cursorGroup !== undefined) {
      this._leave = cursorGroups.join(this._groupName(), this._follow);
    }
  }

  private _options(width: number): uPlot.Options {
    const { xKind, isLogX, isLogY, height } = this._props;
    const distribution = (isLog: boolean): uPlot.Scale.Distr =>
      isLog ? uPlot.Scale.Distr.Logarithmic : uPlot.Scale.Distr.Linear;
    return {
      width,
      height,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: xKind === 'time', distr: distribution(isLogX), range: () => this._viewport.x },
        y: { distr: distribution(isLogY), range: () => this._viewport.y }
      },
      axes: chartAxes(this._props, { axis: () => this._colors.axis, grid: () => this._colors.grid }),
      series: [{}, { show: true, points: { show: false }, paths: () => null }],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: true, uni: BAND_PIXELS, setScale: false, dist: MIN_DRAG_PIXELS },
        bind: {
          mousedown: (plot, _target, handler) => event => {
            if (event.shiftKey && event.button === 0) {
              dragToPan(event, plot.over, (across, up) => this._look(this._viewport.pan(across, up)));
            } else {
              handler(event);
            }
            return null;
          },
          dblclick: () => () => {
            this.resetZoom();
            return null;
          }
        }
      },
      hooks: {
        draw: [plot => this._paint(plot)],
        setCursor: [plot => this._onCursor(plot)],
        setSelect: [plot => this._onSelect(plot)]
      }
    };
  }

  private _paint(plot: uPlot): void {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    const margin = CLIP_MARGIN * devicePixelRatio;
    ctx.rect(bbox.left - margin, bbox.top - margin, bbox.width + 2 * margin, bbox.height + 2 * margin);
    ctx.clip();
    ctx.scale(devicePixelRatio, devicePixelRatio);
    paintSeries(new CanvasSurface(ctx), this._frame(plot), this._props.series, this._props.marks ?? [], this._colors);
    ctx.restore();
  }

  private _frame(plot: uPlot): Frame {
    const { left, top, width, height } = plot.bbox;
    const { isLogX, isLogY } = this._props;
    return {
      left: left / devicePixelRatio,
      top: top / devicePixelRatio,
      width: width / devicePixelRatio,
      height: height / devicePixelRatio,
      isLogX,
      isLogY,
      xOf: value => plot.valToPos(value, 'x', true) / devicePixelRatio,
      yOf: value => plot.valToPos(value, 'y', true) / devicePixelRatio
    };
  }

  /** Draw what is seen, and tell of it where the user has zoomed. */
  private _look(isOther: boolean): void {
    if (isOther) {
      this._draw();
      this._props.onZoom?.(this._viewport.isZoomed ? this._viewport.x : null);
    }
  }

  private _draw(): void {
    this._plot?.setData(this._data());
  }

  /** uPlot is given the ends of the x axis alone; what lies between is painted from the lines themselves. */
  private _data(): uPlot.AlignedData {
    return [[...this._viewport.x], [null, null]];
  }

  private _onSelect(plot: uPlot): void {
    const { left, top, width, height } = plot.select;
    if (Math.max(width, height) < MIN_DRAG_PIXELS) {
      return;
    }
    const { clientWidth, clientHeight } = plot.over;
    const isAlongX = height >= clientHeight - 1; // it spans all of the height
    const isAlongY = width >= clientWidth - 1;
    const x: Range = isAlongY ? this._viewport.x : [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
    const y: Range | undefined = isAlongX ? undefined : [plot.posToVal(top + height, 'y'), plot.posToVal(top, 'y')];
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this._look(this._viewport.show(x, y));
  }

  private readonly _onWheel = (event: WheelEvent): void => {
    const plot = this._plot;
    if (!event.ctrlKey || plot === null) {
      return; // without ctrl the page scrolls
    }
    event.preventDefault();
    const at = plot.posToVal(event.clientX - plot.over.getBoundingClientRect().left, 'x');
    this._look(this._viewport.step(event.deltaY < 0, at));
  };

  /** Take back the cursor, then the zoom; says whether there was one. */
  private _escape(): boolean {
    if (this._reading !== null) {
      this._reading = null;
      this._plot?.setCursor({ left: -10, top: -10 });
      return true;
    }
    const wasZoomed = this._viewport.isZoomed;
    this.resetZoom();
    return wasZoomed;
  }

  private _onCursor(plot: uPlot): void {
    const left = plot.cursor.left ?? -1;
    const top = plot.cursor.top ?? -1;
    const x = left >= 0 ? plot.posToVal(left, 'x') : null;
    this._read(plot, x, top >= 0 ? top : null);
    if (this._props.cursorGroup !== undefined) {
      cursorGroups.move(this._groupName(), x, this._follow);
    }
  }

  private readonly _follow = (x: number | null): void => {
    const plot = this._plot;
    if (plot === null) {
      return;
    }
    const [low, high] = this._viewport.x;
    const isSeen = x !== null && x >= low && x <= high;
    plot.setCursor({ left: isSeen ? plot.valToPos(x, 'x') : -10, top: isSeen ? 0 : -10 }, false);
    this._read(plot, isSeen ? x : null, null);
  };

  private _read(plot: uPlot, x: number | null, top: number | null): void {
    const { clientWidth } = plot.over;
    const reach = Math.abs(plot.posToVal(REACH_PIXELS, 'x') - plot.posToVal(0, 'x'));
    const points = x === null ? [] : pointsAt(this._props.series, x, reach);
    this._readout.classList.toggle('jp-mod-shown', x !== null && points.length > 0);
    if (x === null || points.length === 0) {
      return;
    }
    const { xLabel, xKind } = this._props;
    writeReadout(this._readout, points, { label: xLabel, kind: xKind }, top, y => plot.valToPos(y, 'y'));
    const isOnRight = plot.valToPos(x, 'x') < clientWidth / 2;
    this._readout.style.left = isOnRight ? 'auto' : '4px';
    this._readout.style.right = isOnRight ? '4px' : 'auto';
  }

  private _groupName(): string {
    return `${this._props.cursorGroup} ${this._props.xKind} ${this._props.xLabel}`;
  }

  private _resolveColors(): void {
    const resolve = (color: string): string => resolveColor(this._host, color);
    const known = new Map<string, string>();
    this._colors = {
      lines: this._props.series.map(({ color }) => {
        const found = known.get(color) ?? resolve(color);
        known.set(color, found);
        return found;
      }),
      axis: resolve('var(--jp-ui-font-color2)'),
      grid: resolve('var(--jp-aml-grid-color)'),
      warn: resolve('var(--jp-aml-mark-color)')
    };
  }

  private readonly _host: HTMLElement;
  private readonly _readout: HTMLElement;
  private _props: ChartProps;
  private _plot: uPlot | null = null;
  private _colors: ChartColors = { lines: [], axis: '', grid: '', warn: '' };
  private readonly _viewport: Viewport;
  private _reading: Reading | null = null;
  private _leave: (() => void) | null = null;
}
