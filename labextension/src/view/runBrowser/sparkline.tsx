import * as React from 'react';

import { toDouble, type ExactNumber } from '../../api/values';

const WIDTH = 64;
const HEIGHT = 18;
const MARGIN = 1.5;
/** A line without a length. */
const DOT = 'h0';

/** Draw the course of a metric as the path of a small picture; gaps where a value is no finite number. */
export function sparklinePath(values: readonly ExactNumber[]): string {
  const numbers = values.map(toDouble);
  const finite = numbers.filter(Number.isFinite);
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  const toX = (index: number): number =>
    numbers.length === 1 ? WIDTH / 2 : MARGIN + (index / (numbers.length - 1)) * (WIDTH - 2 * MARGIN);
  // Halved first: the distance of two doubles may be more than a double holds.
  const span = high / 2 - low / 2;
  const toY = (value: number): number =>
    span === 0 ? HEIGHT / 2 : HEIGHT - MARGIN - ((value / 2 - low / 2) / span) * (HEIGHT - 2 * MARGIN);
  let path = '';
  let isDrawing = false;
  numbers.forEach((value, index) => {
    if (!Number.isFinite(value)) {
      isDrawing = false;
      return;
    }
    path += `${isDrawing ? 'L' : 'M'}${toX(index).toFixed(1)} ${toY(value).toFixed(1)}`;
    isDrawing = true;
  });
  // A single point has no length; the round cap of a line without one is a dot.
  return finite.length === 1 ? `${path}${DOT}` : path;
}

/** A small picture of a metric's course. The value beside it says the last one, so a screen reader skips it. */
export function Sparkline(props: { values: readonly ExactNumber[]; isLive: boolean }): React.JSX.Element {
  const path = React.useMemo(() => sparklinePath(props.values), [props.values]);
  const live = props.isLive ? 'jp-AmlRunBrowser-mod-live' : '';
  const dot = path.endsWith(DOT) ? 'jp-AmlRunBrowser-mod-dot' : '';
  const className = `jp-AmlRunBrowser-sparkline ${live} ${dot}`;
  return (
    <svg className={className} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
