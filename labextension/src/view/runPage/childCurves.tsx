import { UseSignal } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { numberOf } from '../../api/values';
import { ChildCurves, MAX_CURVES } from '../../model/childCurves';
import { placesOf } from '../../model/childTable';
import type { Child } from '../../model/childTable';
import { comparedLines } from '../../model/compareLines';
import { shownName } from '../../model/names';
import type { IRunPageModel } from '../../model/runPageTypes';
import { nameOf } from '../../model/runQuery';
import { Chart } from '../charts/chart';
import type { ChartSeries } from '../charts/chart';
import { chartText, seriesOf } from '../compare/runLines';
import { useNear } from './hooks';

const CHART_HEIGHT = 240;

interface IChildChartProps {
  model: IRunPageModel;
  /** In the order of the table. */
  children_: readonly Child[];
  metric: string;
  colors: ReadonlyMap<string, string>;
  trans: TranslationBundle;
}

/** The children that are drawn: the first of the table that have logged the metric. */
export function drawnChildren(children: readonly Child[], metric: string): Child[] {
  return children.filter(child => (child.metrics[metric]?.count ?? 0) > 0).slice(0, MAX_CURVES);
}

/** One metric of the first children of the table: a line each, or where each logged one value, a point each. */
export function ChildChart(props: IChildChartProps): React.JSX.Element | null {
  const { model } = props;
  const [curves, setCurves] = React.useState<ChildCurves | null>(null);
  React.useEffect(() => {
    const made = new ChildCurves(model);
    setCurves(made);
    return () => {
      made.dispose();
    };
  }, [model]);
  return curves && <UseSignal signal={curves.changed}>{() => <Curves {...props} curves={curves} />}</UseSignal>;
}

function Curves(props: IChildChartProps & { curves: ChildCurves }): React.JSX.Element | null {
  const { curves, children_, metric, colors, trans } = props;
  const [isLogY, setLogY] = React.useState(false);
  const box = React.useRef<HTMLDivElement>(null);
  const isNear = useNear(box);
  const drawn = drawnChildren(children_, metric);
  const hasCourse = drawn.some(child => (child.metrics[metric]?.count ?? 0) > 1);
  const version = JSON.stringify(drawn.map(child => [child.run_id, child.metrics[metric]?.count]));
  React.useEffect(() => {
    if (isNear && hasCourse) {
      void curves.show(drawn, metric); // what fails is told below
    }
  }, [curves, metric, isNear, hasCourse, version]); // `version` tells which children there are, and how far they are
  if (drawn.length === 0) {
    return null;
  }
  const name = shownName(metric, 60);
  const lines = comparedLines(
    {
      runs: drawn.map(run => ({ run })),
      settings: { xAxis: 'step', xMetric: null, smoothing: 0, isLogX: false, isLogY, hidden: [] },
      metricsOf: runId => curves.metricsOf(runId)
    },
    [metric]
  );
  const { places, areNumbers } = placesOf(children_);
  const total = children_.filter(child => child.metrics[metric] !== undefined).length;
  return (
    <section className="jp-AmlRunPage-childChart" aria-label={trans.__('Chart of the child runs')}>
      <div className="jp-AmlRunPage-tools">
        <b>
          <bdi>{name}</bdi>
        </b>
        <span className="jp-AmlRunPage-note">
          {drawn.length < total
            ? trans.__('the first %1 of %2 in the table', drawn.length, total.toLocaleString())
            : trans._n('%1 child run', '%1 child runs', drawn.length)}
        </span>
        <label className="jp-AmlCompare-control">
          <input type="checkbox" checked={isLogY} onChange={event => setLogY(event.target.checked)} />
          {trans.__('Log y')}
        </label>
      </div>
      <div ref={box} style={{ minHeight: CHART_HEIGHT }}>
        {isNear && (!hasCourse || lines.length > 0) && (
          <Chart
            series={hasCourse ? seriesOf(lines, colors) : pointsOf(drawn, metric, { colors, places, isLogY })}
            xLabel={
              hasCourse
                ? trans.__('step')
                : areNumbers
                  ? trans.__('number of the child run')
                  : trans.__('child run, in order of creation')
            }
            isLogX={false}
            isLogY={isLogY}
            xKind="number"
            isWholeX
            height={CHART_HEIGHT}
            ariaLabel={
              hasCourse
                ? chartText(lines, name, trans)
                : trans.__('Chart of %1 with a point for each of %2 child runs', name, drawn.length)
            }
          />
        )}
      </div>
      {curves.error !== null && (
        <p className="jp-AmlRunPage-problem" role="status">
          {trans.__('Some lines cannot be read now: %1', curves.error)}
        </p>
      )}
    </section>
  );
}

function pointsOf(
  children: readonly Child[],
  metric: string,
  options: { colors: ReadonlyMap<string, string>; places: ReadonlyMap<string, number>; isLogY: boolean }
): ChartSeries[] {
  return children.flatMap(child => {
    const y = numberOf(child.metrics[metric]?.last ?? null);
    return y === null || !Number.isFinite(y) || (options.isLogY && y <= 0)
      ? []
      : [
          {
            key: child.run_id,
            label: shownName(nameOf(child), 80),
            color: options.colors.get(child.run_id) ?? '',
            xs: [options.places.get(child.run_id) ?? 0],
            ys: [y]
          }
        ];
  });
}
