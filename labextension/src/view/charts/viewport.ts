import { cutExtent, extentOf, padded, placesOf, valuesAt, widened, type Range } from './extent';
import type { ChartProps } from './types';

const ZOOM_FACTOR = 1.5;

/** What part of a chart is seen: all of it, or what the user has zoomed to. Without a zoom along y, the lines say what y needs. */
export class Viewport {
  constructor(props: ChartProps) {
    this._props = props;
    this.measure(props);
  }

  get isZoomed(): boolean {
    return this._zoom !== null || this._zoomY !== null;
  }

  /** What is seen of the x axis. */
  get x(): Range {
    return this._zoom ?? this.all;
  }

  get y(): Range {
    return this._shownY;
  }

  /** The whole x axis. */
  get all(): Range {
    const { xRange, isLogX } = this._props;
    if (xRange !== undefined) {
      return xRange;
    }
    return this._allX === null ? (isLogX ? [1, 10] : [0, 1]) : widened(this._allX, isLogX);
  }

  /** Look at what a chart says now. A zoom in the units of another axis is forgotten. */
  measure(props: ChartProps): void {
    const before = this._props;
    this._props = props;
    const isOtherX = before.xLabel !== props.xLabel || before.xKind !== props.xKind || before.isLogX !== props.isLogX;
    if (isOtherX) {
      this._zoom = null;
    }
    if (isOtherX || before.isLogY !== props.isLogY) {
      this._zoomY = null;
    }
    this._allX = extentOf(allOf(props.series.map(one => one.xs)), props.isLogX);
    this._fit();
  }

  /** Show a part of the x axis, and of the y axis where one is given; says whether that is another than before. */
  show([low, high]: Range, y: Range | null = this._zoomY): boolean {
    const [first, last] = this.all;
    const range: Range = [Math.max(low, first), Math.min(high, last)];
    if (!(range[1] - range[0] > Math.max(Math.abs(first), Math.abs(last)) * 1e-12)) {
      return false; // nearer than numbers are told apart
    }
    const isAll = range[0] <= first && range[1] >= last;
    if (isAll && y === null) {
      return this.reset();
    }
    this._zoom = isAll ? null : range;
    this._zoomY = y;
    this._fit();
    return true;
  }

  /** Zoom by a factor about the middle, or another value; above 1 is nearer. */
  zoomBy(factor: number, about?: number): boolean {
    const { isLogX } = this._props;
    const [low, high] = placesOf(this.x, isLogX);
    const [middle] = about === undefined ? [(low + high) / 2] : placesOf([about, about], isLogX);
    return this.show(valuesAt([middle - (middle - low) / factor, middle + (high - middle) / factor], isLogX));
  }

  /** Zoom by one step. */
  step(isNearer: boolean, about?: number): boolean {
    return this.zoomBy(isNearer ? ZOOM_FACTOR : 1 / ZOOM_FACTOR, about);
  }

  /** Move what is seen by a part of its width, and of its height. */
  pan(across: number, up = 0): boolean {
    const { isLogX, isLogY } = this._props;
    const [low, high] = placesOf(this.x, isLogX);
    const [first, last] = placesOf(this.all, isLogX);
    const by = Math.max(first - low, Math.min(last - high, (high - low) * across));
    let y = this._zoomY;
    if (up !== 0) {
      const [bottom, top] = placesOf(this._shownY, isLogY);
      const rise = (top - bottom) * up;
      y = valuesAt([bottom + rise, top + rise], isLogY);
    }
    return this.show(valuesAt([low + by, high + by], isLogX), y);
  }

  /** Show all; says whether that is another part than before. */
  reset(): boolean {
    const wasZoomed = this.isZoomed;
    this._zoom = null;
    this._zoomY = null;
    this._fit();
    return wasZoomed;
  }

  private _fit(): void {
    const { series, isLogY, cutsOutliers, yRange } = this._props;
    const given = this._zoomY ?? yRange;
    if (given !== undefined) {
      this._shownY = given;
      return;
    }
    const [low, high] = this.x;
    const inside: number[] = [];
    const everything: number[] = [];
    for (const one of series) {
      for (const ys of [one.ys, one.lows, one.highs, one.raw]) {
        ys?.forEach((y, place) => {
          if (y !== null && Number.isFinite(y)) {
            everything.push(y);
            const x = one.xs[place] ?? NaN;
            if (x >= low && x <= high) {
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

  private _props: ChartProps;
  private _allX: Range | null = null;
  private _shownY: Range = [0, 1];
  private _zoom: Range | null = null;
  private _zoomY: Range | null = null;
}

function* allOf(parts: readonly (readonly number[])[]): Generator<number> {
  for (const part of parts) {
    yield* part;
  }
}
