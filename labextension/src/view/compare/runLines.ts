import type { TranslationBundle } from '@jupyterlab/translation';

import { shortText } from '../../api/values';
import { detailKey } from '../../model/compareLines';
import type { ComparedLine } from '../../model/compareLines';
import { shownName } from '../../model/names';
import type { ChartSeries } from '../charts/chart';

/** Make of lines what a chart draws, each in the colour of its run. */
export function seriesOf(lines: readonly ComparedLine[], colors: ReadonlyMap<string, string>): ChartSeries[] {
  const series: ChartSeries[] = [];
  const add = (line: ComparedLine, isRaw: boolean) => {
    const curve = isRaw ? line.raw : line.curve;
    if (curve !== null) {
      series.push({
        key: `${isRaw ? 'raw ' : ''}${detailKey(line.runId, line.metric)}`,
        label: shownName(line.label, 80),
        color: colors.get(line.runId) ?? '',
        xs: curve.xs,
        ys: curve.ys,
        steps: curve.steps,
        times: curve.times,
        isFaint: isRaw,
        isDashed: line.place > 0
      });
    }
  };
  lines.forEach(line => {
    add(line, true);
  });
  lines.forEach(line => {
    add(line, false);
  });
  return series;
}

/** Say what x is. */
export function xLabelOf({ drawn }: ComparedLine, trans: TranslationBundle): string {
  switch (drawn.axis.kind) {
    case 'wall':
      return trans.__('time');
    case 'relative':
      return trans.__('time since start');
    case 'metric':
      return shownName(drawn.axis.name, 60);
    case 'step':
      return trans.__('step');
  }
}

/** Describe a chart to those who do not see it. */
export function chartText(lines: readonly ComparedLine[], title: string, trans: TranslationBundle): string {
  const last = lines.slice(0, 5).map(line => `${shownName(line.label, 40)} ${shortText(line.curve.last)}`);
  return trans._n(
    'Chart of %2 for %1 line; latest %3',
    'Chart of %2 for %1 lines; latest %3',
    lines.length,
    title,
    last.join(', ')
  );
}
