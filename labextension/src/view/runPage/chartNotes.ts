import type { TranslationBundle } from '@jupyterlab/translation';

import type { Curve, DrawnMetric, Mark } from '../../model/curves';
import type { Window } from '../../model/zoomed';
import { cutExtent } from '../charts/extent';

const SIGNS: Record<Mark['kind'], string> = { nan: 'NaN', plus: '∞', minus: '−∞' };

/** Say what a chart does not show as it was logged. */
export function notesOf(drawn: DrawnMetric, trans: TranslationBundle, outliers = 0): string[] {
  const notes: string[] = [];
  if (drawn.drawnCount < drawn.numberCount) {
    notes.push(
      trans.__(
        '%1 of %2 points: the lowest and highest of each stretch',
        count(drawn.drawnCount),
        count(drawn.numberCount)
      )
    );
  } else if (!drawn.axis.isExact) {
    notes.push(trans.__('places on the x axis are approximate'));
  }
  if (drawn.isSmoothingRough) {
    notes.push(trans.__('smoothed from these stretches; zoom in for all points'));
  }
  if (drawn.nonfiniteCount > 0) {
    if (drawn.marks.length === drawn.nonfiniteCount) {
      const kinds = (['nan', 'plus', 'minus'] as const)
        .map(kind => [kind, drawn.marks.filter(mark => mark.kind === kind).length] as const)
        .filter(([, found]) => found > 0)
        .map(([kind, found]) => `${count(found)} × ${SIGNS[kind]}`);
      notes.push(trans.__('logged as no finite number: %1', kinds.join(', ')));
    } else {
      notes.push(trans._n('%1 value is NaN or infinite', '%1 values are NaN or infinite', drawn.nonfiniteCount));
    }
  }
  if (drawn.undrawnCount > 0) {
    notes.push(
      trans._n('%1 integer beyond 64 bits is not drawn', '%1 integers beyond 64 bits are not drawn', drawn.undrawnCount)
    );
  }
  if (drawn.otherCount > 0) {
    notes.push(trans._n('%1 value is no number', '%1 values are no number', drawn.otherCount));
  }
  if (drawn.hiddenCount > 0) {
    const hidden = trans._n(
      '%1 point has no place on the axes',
      '%1 points have no place on the axes',
      drawn.hiddenCount
    );
    notes.push(drawn.isExact ? hidden : trans.__('at least %1', hidden));
  }
  if (outliers > 0) {
    const outside = trans._n('%1 outlier lies outside', '%1 outliers lie outside', outliers);
    notes.push(drawn.isExact ? outside : trans.__('at least %1', outside));
  }
  return notes;
}

/** How many points lie outside of a y axis from which outliers are left out. */
export function outsideCount(drawn: DrawnMetric, window: Window | null): number {
  const inSight = (curves: readonly Curve[]): (number | null)[] =>
    curves.flatMap(({ xs, ys }) =>
      ys.filter((_, place) => {
        const x = xs[place] ?? NaN;
        return window === null || (x >= window[0] && x <= window[1]);
      })
    );
  const range = cutExtent(inSight([...drawn.lines, ...drawn.raw]), drawn.isLogY);
  if (range === null) {
    return 0;
  }
  const logged = inSight(drawn.raw.length > 0 ? drawn.raw : drawn.lines);
  return logged.filter(y => y !== null && (y < range[0] || y > range[1])).length;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
