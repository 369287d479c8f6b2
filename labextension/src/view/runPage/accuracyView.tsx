import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useMemo, useState } from 'react';

import { precisionRecallCurves, rocCurves, type ClassCurve } from '../../model/documentCurves';
import type { AccuracyTable } from '../../model/documents';
import { isolatedName, shownName } from '../../model/names';
import { Chart, type ChartSeries } from '../charts/chart';
import { colorOf } from '../charts/colors';
import { compact } from '../charts/ticks';

const MAX_CLASSES_AT_ONCE = 6;
const MAX_DRAWN_CLASSES = 22;
const MAX_CHOICES = 500;
const UNIT: [number, number] = [0, 1];

interface IAccuracyProps {
  table: AccuracyTable;
  name: string;
  trans: TranslationBundle;
  height: number;
}

/** The curves of an accuracy table: ROC, precision and recall, with the area below each. */
export function AccuracyView({ table, name, trans, height }: IAccuracyProps): React.JSX.Element {
  const [wantsPercentiles, setWantsPercentiles] = useState(false);
  const [classes, setClasses] = useState(table.labels.length > MAX_CLASSES_AT_ONCE ? 'averages' : 'all');
  const tables = (wantsPercentiles ? table.byPercentile : null) ?? table.byProbability ?? table.byPercentile;
  const roc = useMemo(() => (tables === null ? [] : rocCurves(tables)), [tables]);
  const precision = useMemo(() => (tables === null ? [] : precisionRecallCurves(tables)), [tables]);
  const labelOf = (curve: ClassCurve): string =>
    curve.average === 'micro'
      ? trans.__('micro average')
      : curve.average === 'macro'
        ? trans.__('macro average')
        : shownName(table.labels[curve.place ?? 0] ?? '', 40);
  const chance: ChartSeries = {
    key: 'chance',
    label: trans.__('chance'),
    color: colorOf(8),
    xs: [0, 1],
    ys: [0, 1],
    isDashed: true,
    isFaint: true
  };
  return (
    <>
      <div className="jp-AmlRunPage-cardBar">
        {table.byProbability !== null && table.byPercentile !== null && (
          <label className="jp-AmlRunPage-control">
            {trans.__('Thresholds by')}
            <select
              className="jp-mod-styled"
              value={wantsPercentiles ? 'percentile' : 'probability'}
              onChange={event => setWantsPercentiles(event.target.value === 'percentile')}
            >
              <option value="probability">{trans.__('probability')}</option>
              <option value="percentile">{trans.__('percentile')}</option>
            </select>
          </label>
        )}
        {table.labels.length > 1 && (
          <label className="jp-AmlRunPage-control">
            {trans.__('Classes')}
            <select className="jp-mod-styled" value={classes} onChange={event => setClasses(event.target.value)}>
              <option value="all">{trans.__('all classes')}</option>
              <option value="averages">{trans.__('averages')}</option>
              {table.labels.slice(0, MAX_CHOICES).map((label, place) => (
                <option key={place} value={String(place)}>
                  {isolatedName(label, 40)}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <div className="jp-AmlRunPage-pair">
        <CurveChart
          curves={pick(roc, classes)}
          labelOf={labelOf}
          behind={[chance]}
          xLabel={trans.__('false positive rate')}
          yLabel={trans.__('true positive rate')}
          ariaLabel={trans.__('ROC curves of %1', name)}
          areaText={area => trans.__('AUC %1', area)}
          height={height}
        />
        <CurveChart
          curves={pick(precision, classes)}
          labelOf={labelOf}
          behind={[]}
          xLabel={trans.__('recall')}
          yLabel={trans.__('precision')}
          ariaLabel={trans.__('Precision over recall of %1', name)}
          areaText={area => trans.__('AP %1', area)}
          height={height}
        />
      </div>
    </>
  );
}

function CurveChart(props: {
  curves: readonly ClassCurve[];
  labelOf: (curve: ClassCurve) => string;
  behind: readonly ChartSeries[];
  xLabel: string;
  yLabel: string;
  ariaLabel: string;
  areaText: (area: string) => string;
  height: number;
}): React.JSX.Element {
  const { curves, labelOf, behind } = props;
  const series = [
    ...behind,
    ...curves.map((curve, place): ChartSeries => ({
      key: String(place),
      label: labelOf(curve),
      color: colorOf(place),
      xs: [...curve.xs],
      ys: [...curve.ys],
      isDashed: curve.average !== null
    }))
  ];
  return (
    <div className="jp-AmlRunPage-half">
      <Chart
        series={series}
        xLabel={props.xLabel}
        yLabel={props.yLabel}
        isLogX={false}
        isLogY={false}
        xKind="number"
        height={props.height}
        xRange={UNIT}
        yRange={[0, 1.02]}
        ariaLabel={props.ariaLabel}
      />
      <ul className="jp-AmlRunPage-legend">
        {curves.map((curve, place) => (
          <li key={place} className="jp-AmlRunPage-key">
            <span className="jp-AmlChart-swatch" style={{ background: colorOf(place) }} />
            <bdi>{labelOf(curve)}</bdi>
            <span className="jp-AmlRunPage-keyValue">
              {props.areaText(Number.isFinite(curve.area) ? compact(curve.area, 4) : '–')}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function pick(curves: readonly ClassCurve[], classes: string): ClassCurve[] {
  if (classes === 'all') {
    return curves.slice(0, MAX_DRAWN_CLASSES);
  }
  if (classes === 'averages') {
    return curves.filter(curve => curve.average !== null);
  }
  return curves.filter(curve => String(curve.place) === classes);
}
