import type { Range } from './extent';
import type { Picture } from './picture';
import type { XKind } from './ticks';

/** A line. Its columns are of one length; null breaks it. */
export interface ChartSeries {
  key: string;
  label: string;
  /** In CSS; it may name variables. */
  color: string;
  xs: number[];
  ys: (number | null)[];
  /** The band of an envelope. */
  lows?: (number | null)[];
  highs?: (number | null)[];
  /** Drawn faintly behind a smoothed line. */
  raw?: (number | null)[];
  isDashed?: boolean;
  /** Drawn faintly and not read out: what stands behind another line. */
  isFaint?: boolean;
  /** Drawn as bars between consecutive places. */
  isBars?: boolean;
  /** Told by the readout beside the place. */
  steps?: number[];
  times?: number[];
}

/** Where something was logged that is not finite. */
export interface ChartMark {
  x: number;
  kind: 'nan' | 'plus' | 'minus';
}

/** What can be asked of a chart on the page. */
export interface ChartHandle {
  /** What is seen of it as a picture under a title; null while it has no size. */
  picture(title: string): Picture | null;
}

export interface ChartProps {
  series: ChartSeries[];
  xLabel: string;
  yLabel?: string;
  isLogX: boolean;
  isLogY: boolean;
  xKind: XKind;
  height: number;
  /** One cursor goes over all charts of a group that have the same x. */
  cursorGroup?: string;
  /** Told when the user zooms, and with null when all is shown again. */
  onZoom?: (range: Range | null) => void;
  ariaLabel: string;
  /** Told of the chart when it is on the page, and with null when it leaves it. */
  onReady?: (chart: ChartHandle | null) => void;
  /** All is shown again when it changes. */
  resetCount?: number;
  /** Leaves outliers out of the y axis. */
  cutsOutliers?: boolean;
  marks?: readonly ChartMark[];
  /** Ticks of x are whole numbers: steps, rows. */
  isWholeX?: boolean;
  /** What the axes show, whatever the lines do. */
  xRange?: Range;
  yRange?: Range;
}
