import uPlot from 'uplot';

import { resolveColor } from './colors';
import { cursorGroups } from './cursorGroups';
import { cutExtent, extentOf, padded, widened, type Range } from './extent';
import { paintSeries, type ChartColors } from './paint';
import { pointsAt, writeReadout } from './readout';
import { durationTicks, linearTicks, logTicks, tickTexts } from './ticks';
import type { ChartProps } from './types';

const X_TICK_PIXELS = 80;
const Y_TICK_PIXELS = 36;
const CHARACTER_PIXELS = 6.6;
const FONT = '11px system-ui, sans-serif';
const MIN_DRAG_PIXELS = 4;
const ZOOM_FACTOR = 1.5;
const PAN_PART = 0.2;
const REACH_PIXELS = 12;

/** Draws one chart into an element with uPlot, and lets the user zoom. Scales and lines are its own: x may go to and fro. */
export class Plot {
  constructor(host: HTMLElement, props: ChartProps) {
    this._host = host;
    this._props = props;
    this._readout = document.createElement('div');
    this._readout.className = 'jp-AmlChart-readout';
    this._build();
  }

  get zoom(): Range | null {
    return this._zoom;
  }

  update(props: ChartProps): void {
    const before = this._props;
    this._props = props;
    const isOther =
      before.isLogX !== props.isLogX ||
      before.isLogY !== props.isLogY ||
      before.xKind !== props.xKind ||
      before.height !== props.height ||
      before.xLabel !== props.xLabel ||
      before.yLabel !== props.yLabel ||
      before.isWholeX !== props.isWholeX ||
      before.cursorGroup !== props.cursorGroup;
    if (before.xLabel !== props.xLabel || before.xKind !== props.xKind || before.isLogX !== props.isLogX) {
      this._zoom = null; // it was a range of another axis
    }
    if (before.resetCount !== props.resetCount && this._zoom !== null) {
      this._zoom = null;
      props.onZoom?.(null);
    }
    if (isOther) {
      this._build();
    } else {
      this._resolveColors();
      this._fit();
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

  /** Zoom by a factor about the middle, or another place; above 1 is nearer. */
  zoomBy(factor: number, about?: number): void {
    const [low, high] = this._places(this._shownX());
    const middle = about ?? (low + high) / 2;
    this._zoomToPlaces(middle - (middle - low) / factor, middle + (high - middle) / factor);
  }

  /** Move what is seen by a part of its width. */
  pan(part: number): void {
    const [low, high] = this._places(this._shownX());
    const [first, last] = this._places(this._fullX());
    const by = Math.max(first - low, Math.min(last - high, (high - low) * part));
    this._zoomToPlaces(low + by, high + by);
  }

  resetZoom(): void {
    if (this._zoom !== null) {
      this._zoom = null;
      this._fit();
      this._props.onZoom?.(null);
    }
  }

  /** Do what a key asks for; says whether it asked for something. */
  press(key: string): boolean {
    switch (key) {
      case '+':
      case '=':
        this.zoomBy(ZOOM_FACTOR);
        return true;
      case '-':
        this.zoomBy(1 / ZOOM_FACTOR);
        return true;
      case '0':
        this.resetZoom();
        return true;
      case 'ArrowLeft':
        this.pan(-PAN_PART);
        return true;
      case 'ArrowRight':
        this.pan(PAN_PART);
        return true;
      default:
        return false;
    }
  }

  /** The picture as it is, without the cursor. */
  get canvas(): HTMLCanvasElement | null {
    return this._plot?.ctx.canvas ?? null;
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
    this._measure();
    this._plot = new uPlot(this._options(width), this._data(), this._host);
    this._plot.over.appendChild(this._readout);
    this._plot.over.addEventListener('wheel', this._onWheel, { passive: false });
    if (this._props.cursorGroup !== undefined) {
      this._leave = cursorGroups.join(this._groupName(), this._follow);
    }
  }

  private _options(width: number): uPlot.Options {
    const props = this._props;
    const label = (text: string | undefined): Pick<uPlot.Axis, 'label' | 'labelSize' | 'labelFont'> =>
      text ? { label: text, labelSize: 16, labelFont: FONT } : {};
    const axis: uPlot.Axis = {
      stroke: () => this._colors.axis,
      font: FONT,
      grid: { stroke: () => this._colors.grid, width: 1 },
      ticks: { stroke: () => this._colors.grid, width: 1, size: 4 }
    };
    const xAxis: uPlot.Axis = { ...axis, ...label(props.xLabel), size: 28 };
    if (props.xKind !== 'time') {
      xAxis.splits = (_plot, _axis, low, high) => this._xTicks(low, high);
      xAxis.values = (_plot, ticks) => tickTexts(ticks, props.xKind);
      xAxis.filter = (_plot, ticks) => ticks;
    } else {
      xAxis.space = X_TICK_PIXELS;
    }
    return {
      width,
      height: props.height,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      scales: {
        x: {
          time: props.xKind === 'time',
          distr: props.isLogX ? uPlot.Scale.Distr.Logarithmic : uPlot.Scale.Distr.Linear,
          range: () => this._shownX()
        },
        y: { distr: props.isLogY ? uPlot.Scale.Distr.Logarithmic : uPlot.Scale.Distr.Linear, range: () => this._shownY }
      },
      axes: [
        xAxis,
        {
          ...axis,
          ...label(props.yLabel),
          splits: (plot, _axis, low, high) => {
            const wanted = Math.max(2, plot.bbox.height / devicePixelRatio / Y_TICK_PIXELS);
            return props.isLogY ? logTicks(low, high, wanted) : linearTicks(low, high, wanted);
          },
          values: (_plot, ticks) => tickTexts(ticks, 'number'),
          filter: (_plot, ticks) => ticks,
          // uPlot gives null where it has no ticks yet.
          size: (_plot, texts: readonly string[] | null) =>
            14 + CHARACTER_PIXELS * Math.max(3, ...(texts ?? []).map(text => text.length))
        }
      ],
      series: [{}, { show: true, points: { show: false }, paths: () => null }],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false, dist: MIN_DRAG_PIXELS },
        bind: {
          mousedown: (_plot, _target, handler) => event => {
            if (event.shiftKey && event.button === 0) {
              this._beginPan(event);
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
        draw: [
          plot =>
            paintSeries(
              plot,
              props === this._props ? props.series : this._props.series,
              this._props.marks ?? [],
              this._colors,
              {
                x: this._props.isLogX,
                y: this._props.isLogY
              }
            )
        ],
        setCursor: [plot => this._onCursor(plot)],
        setSelect: [plot => this._onSelect(plot)]
      }
    };
  }

  private _xTicks(low: number, high: number): number[] {
    const pixels = (this._plot?.bbox.width ?? this._host.clientWidth * devicePixelRatio) / devicePixelRatio;
    const wanted = Math.max(2, pixels / X_TICK_PIXELS);
    if (this._props.isLogX) {
      return logTicks(low, high, wanted);
    }
    return this._props.xKind === 'duration'
      ? durationTicks(low, high, wanted)
      : linearTicks(low, high, wanted, this._props.isWholeX);
  }

  /** Measure the lines again, and draw. */
  private _fit(): void {
    this._measure();
    this._plot?.setData(this._data());
  }

  private _measure(): void {
    const { series, isLogX, isLogY, cutsOutliers } = this._props;
    this._allX = extentOf(allOf(series.map(one => one.xs)), isLogX);
    if (this._props.yRange !== undefined) {
      this._shownY = this._props.yRange;
      return;
    }
    const window = this._shownX();
    const inside: number[] = [];
    const everything: number[] = [];
    for (const one of series) {
      for (const ys of [one.ys, one.lows, one.highs, one.raw]) {
        ys?.forEach((y, place) => {
          if (y !== null && Number.isFinite(y)) {
            everything.push(y);
            const x = one.xs[place] ?? NaN;
            if (x >= window[0] && x <= window[1]) {
              inside.push(y);
            }
          }
        });
      }
      if (one.isBars) {
        inside.push(0);
      }
    }
    const seen = inside.length > 0 ? inside : everything;
    const range = (cutsOutliers ? cutExtent(seen, isLogY) : null) ?? extentOf(seen, isLogY);
    this._shownY = range === null ? (isLogY ? [0.1, 10] : [0, 1]) : padded(range, isLogY);
  }

  /** uPlot is given the ends of the x axis alone; what lies between is painted from the lines themselves. */
  private _data(): uPlot.AlignedData {
    return [[...this._shownX()], [null, null]];
  }

  private _fullX(): Range {
    if (this._props.xRange !== undefined) {
      return this._props.xRange;
    }
    return this._allX === null ? (this._props.isLogX ? [1, 10] : [0, 1]) : widened(this._allX, this._props.isLogX);
  }

  private _shownX(): Range {
    return this._zoom ?? this._fullX();
  }

  /** A range as places on the drawn axis, which may be logarithmic. */
  private _places([low, high]: Range): Range {
    return this._props.isLogX ? [Math.log10(low), Math.log10(high)] : [low, high];
  }

  private _zoomToPlaces(low: number, high: number): void {
    this._zoomTo(this._props.isLogX ? [10 ** low, 10 ** high] : [low, high]);
  }

  private _zoomTo([low, high]: Range): void {
    const [first, last] = this._fullX();
    const range: Range = [Math.max(low, first), Math.min(high, last)];
    if (!(range[1] - range[0] > Math.max(Math.abs(first), Math.abs(last)) * 1e-12)) {
      return; // nearer than numbers are told apart
    }
    if (range[0] <= first && range[1] >= last) {
      this.resetZoom();
      return;
    }
    this._zoom = range;
    this._fit();
    this._props.onZoom?.(range);
  }

  private _onSelect(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width >= MIN_DRAG_PIXELS) {
      const range: Range = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
      plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      this._zoomTo(range);
    }
  }

  private _beginPan(event: MouseEvent): void {
    event.preventDefault();
    const width = this._plot?.over.clientWidth ?? 1;
    let last = event.clientX;
    const move = (moved: MouseEvent): void => {
      this.pan((last - moved.clientX) / width);
      last = moved.clientX;
    };
    const end = (): void => {
      document.removeEventListener('mousemove', move);
      document.removeEventListener('mouseup', end);
    };
    document.addEventListener('mousemove', move);
    document.addEventListener('mouseup', end);
  }

  private readonly _onWheel = (event: WheelEvent): void => {
    const plot = this._plot;
    if (!event.ctrlKey || plot === null) {
      return; // without ctrl the page scrolls
    }
    event.preventDefault();
    const at = plot.posToVal(event.clientX - plot.over.getBoundingClientRect().left, 'x');
    this.zoomBy(event.deltaY < 0 ? ZOOM_FACTOR : 1 / ZOOM_FACTOR, this._props.isLogX ? Math.log10(at) : at);
  };

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
    const [low, high] = this._shownX();
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
      grid: resolve('var(--jp-border-color2)'),
      warn: resolve('var(--jp-aml-mark-color)')
    };
  }

  private readonly _host: HTMLElement;
  private readonly _readout: HTMLElement;
  private _props: ChartProps;
  private _plot: uPlot | null = null;
  private _colors: ChartColors = { lines: [], axis: '', grid: '', warn: '' };
  private _allX: Range | null = null;
  private _shownY: Range = [0, 1];
  private _zoom: Range | null = null;
  private _leave: (() => void) | null = null;
}

function* allOf(parts: readonly (readonly number[])[]): Generator<number> {
  for (const part of parts) {
    yield* part;
  }
}
