import type { TranslationBundle } from '@jupyterlab/translation';
import React, { memo, useCallback, useEffect, useMemo, useRef, useState } from 'react';

import { exactText, shortText } from '../../api/values';
import type { Bucket } from '../../model/buckets';
import { drawMetric, type Curve, type DrawnMetric } from '../../model/curves';
import { shownName } from '../../model/names';
import type { IRunPageModel, ViewSettings } from '../../model/runPageTypes';
import { lastSeqOf, type MetricState } from '../../model/series';
import { axisOf } from '../../model/xAxes';
import { readDetail, type Window } from '../../model/zoomed';
import { Chart, type ChartHandle, type ChartSeries } from '../charts/chart';
import { colorOf } from '../charts/colors';
import { notesOf, outsideCount } from './chartNotes';
import { Card } from './card';
import { useAction, useNear } from './hooks';
import { SaveMenu } from './saveMenu';
import { saveCsv } from './saving';

export const CHART_HEIGHTS = { small: 150, medium: 210, large: 330 } as const;
const MAX_LEGEND = 24;

type Look = Pick<
  ViewSettings,
  'xAxis' | 'xMetric' | 'isLogX' | 'isLogY' | 'smoothing' | 'cutsOutliers' | 'size' | 'pinned'
>;

interface IChartCardProps {
  model: IRunPageModel;
  trans: TranslationBundle;
  metric: MetricState;
  /** The metric that is x, where one is. */
  xMetric: MetricState | null;
  startedAt: number | null;
  look: Look;
}

/** A metric as lines over x. It is drawn while it is in sight. */
export const ChartCard = memo(function ChartCard(props: IChartCardProps): React.JSX.Element {
  const { model, trans, metric, look } = props;
  const place = useRef<HTMLDivElement>(null);
  const isNear = useNear(place);
  const axisKey = `${look.xAxis} ${look.xMetric} ${look.isLogX}`;
  const [zoom, setZoom] = useState<{ window: Window; axisKey: string } | null>(null);
  const window = zoom?.axisKey === axisKey ? zoom.window : null; // it was in the units of another axis
  const isShown = isNear || window !== null;
  const { details, problem } = useDetails(props, window);
  const [hidden, setHidden] = useState<ReadonlySet<string | null>>(new Set());
  const saving = useAction();
  const [resetCount, setResetCount] = useState(0);
  const chart = useRef<ChartHandle | null>(null);
  const onReady = useCallback((made: ChartHandle | null) => {
    chart.current = made;
  }, []);

  const drawn = useMemo(
    () => (isShown ? draw(props, window, details) : null),
    [isShown, metric, props.xMetric, props.startedAt, axisKey, look.isLogY, look.smoothing, window, details]
  );
  const series = useMemo(
    () => (drawn === null ? [] : seriesOf(drawn, metric.name, hidden)),
    [drawn, metric.name, hidden]
  );
  const onZoom = useMemo(
    () => (range: Window | null) => setZoom(range === null ? null : { window: range, axisKey }),
    [axisKey]
  );

  const only = drawn?.lines.length === 1 ? drawn.lines[0] : undefined;
  const notes = drawn === null ? [] : notesOf(drawn, trans, look.cutsOutliers ? outsideCount(drawn, window) : 0);
  if (problem !== null) {
    notes.push(trans.__('not all points could be read: %1', problem));
  }
  if (saving.problem !== null) {
    notes.push(trans.__('could not be saved: %1', saving.problem));
  }
  const height = CHART_HEIGHTS[look.size];
  const name = shownName(metric.name);
  return (
    <Card
      model={model}
      trans={trans}
      name={metric.name}
      note={drawn?.yName ? shownName(drawn.yName, 60) : undefined}
      value={
        only && (
          <span className="jp-AmlRunPage-cardValue" title={exactText(only.last)}>
            {shortText(only.last).slice(0, 40)}
          </span>
        )
      }
      tools={
        <>
          {window !== null && (
            <button
              type="button"
              className="jp-AmlRunPage-tool"
              aria-label={trans.__('Show all of %1 again', name)}
              title={trans.__('Show all again')}
              onClick={() => setResetCount(resetCount + 1)}
            >
              {trans.__('All')}
            </button>
          )}
          <SaveMenu
            chart={chart}
            name={metric.name}
            trans={trans}
            isBusy={saving.isBusy}
            run={saving.run}
            saveAll={() => saveCsv(model, metric.name)}
          />
        </>
      }
    >
      <div ref={place} style={{ minHeight: height }}>
        {drawn !== null && (
          <Chart
            series={series}
            xLabel={xLabelOf(drawn, trans)}
            isLogX={drawn.isLogX}
            isLogY={drawn.isLogY}
            xKind={drawn.axis.kind === 'wall' ? 'time' : drawn.axis.kind === 'relative' ? 'duration' : 'number'}
            isWholeX={drawn.axis.kind === 'step'}
            height={height}
            cursorGroup={`${model.workspace}/${model.runId}`}
            onZoom={onZoom}
            resetCount={resetCount}
            ariaLabel={chartText(drawn, name, trans)}
            onReady={onReady}
            cutsOutliers={look.cutsOutliers}
            marks={drawn.marks}
          />
        )}
      </div>
      {drawn !== null && drawn.lines.length > 1 && (
        <Legend lines={drawn.lines} hidden={hidden} onChange={setHidden} trans={trans} />
      )}
      {notes.length > 0 && <div className="jp-AmlRunPage-note">{notes.join('; ')}</div>}
    </Card>
  );
});

function Legend(props: {
  lines: readonly Curve[];
  hidden: ReadonlySet<string | null>;
  onChange: (hidden: ReadonlySet<string | null>) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { lines, hidden, onChange, trans } = props;
  const toggle = (column: string | null): void => {
    const changed = new Set(hidden);
    if (!changed.delete(column)) {
      changed.add(column);
    }
    onChange(changed);
  };
  return (
    <div className="jp-AmlRunPage-legend" role="group" aria-label={trans.__('Lines')}>
      {lines.slice(0, MAX_LEGEND).map((line, place) => (
        <button
          key={line.column ?? ''}
          type="button"
          className="jp-AmlRunPage-key"
          aria-pressed={!hidden.has(line.column)}
          title={hidden.has(line.column) ? trans.__('Show the line') : trans.__('Hide the line')}
          onClick={() => toggle(line.column)}
        >
          <span className="jp-AmlChart-swatch" style={{ background: colorOf(place) }} />
          <bdi>{shownName(line.column ?? '', 60)}</bdi>
          <span className="jp-AmlRunPage-keyValue">{shortText(line.last).slice(0, 40)}</span>
        </button>
      ))}
      {lines.length > MAX_LEGEND && (
        <span className="jp-AmlRunPage-note">{trans.__('and %1 more', lines.length - MAX_LEGEND)}</span>
      )}
    </div>
  );
}

function draw(
  { metric, xMetric, startedAt, look }: IChartCardProps,
  window: Window | null,
  details: ReadonlyMap<string | null, readonly Bucket[]>
): DrawnMetric {
  const metrics = new Map(xMetric === null ? [] : [[xMetric.name, xMetric] as const]);
  return drawMetric(metric, { look, metrics, startedAt, window, details });
}

/** What lies under the window, read again when there is more of it. What the page holds is drawn meanwhile. */
function useDetails(
  { model, metric, xMetric, startedAt, look }: IChartCardProps,
  window: Window | null
): { details: ReadonlyMap<string | null, readonly Bucket[]>; problem: string | null } {
  const [found, setFound] = useState<{
    window: Window;
    metric: MetricState;
    rows: ReadonlyMap<string | null, readonly Bucket[]>;
  } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const newest = Math.max(...[...metric.columns.values()].map(lastSeqOf));
  useEffect(() => {
    if (window === null) {
      setProblem(null);
      return;
    }
    let isOver = false;
    const read = async (): Promise<void> => {
      const metrics = new Map(xMetric === null ? [] : [[xMetric.name, xMetric] as const]);
      const axis = axisOf(metric, metrics, look, startedAt);
      const rows = new Map<string | null, readonly Bucket[]>();
      for (const [column, series] of metric.columns) {
        const detail = await readDetail(series, axis, window, (first, last) =>
          model.readRange(metric.name, column, first, last)
        );
        if (detail !== null) {
          rows.set(column, detail);
        }
      }
      if (!isOver) {
        setFound({ window, metric, rows });
        setProblem(null);
      }
    };
    read().catch((reason: unknown) => {
      if (!isOver) {
        setProblem(reason instanceof Error ? reason.message : String(reason));
      }
    });
    return () => {
      isOver = true;
    };
    // `newest` stands for the metric, and the keys of the look for the look.
  }, [model, metric.name, newest, look.xAxis, look.xMetric, startedAt, window]);
  const isCurrent = window !== null && found !== null && found.window === window;
  return { details: isCurrent ? found.rows : NO_DETAILS, problem };
}

const NO_DETAILS: ReadonlyMap<string | null, readonly Bucket[]> = new Map();

function seriesOf(drawn: DrawnMetric, name: string, hidden: ReadonlySet<string | null>): ChartSeries[] {
  const series: ChartSeries[] = [];
  const add = (curve: Curve, place: number, isFaint: boolean): void => {
    if (!hidden.has(curve.column)) {
      series.push({
        key: `${isFaint ? 'raw ' : ''}${curve.column ?? ''}`,
        label: shownName(curve.column ?? name, 60),
        color: colorOf(place),
        xs: curve.xs,
        ys: curve.ys,
        steps: curve.steps,
        times: curve.times,
        isFaint
      });
    }
  };
  drawn.raw.forEach((curve, place) => add(curve, place, true));
  drawn.lines.forEach((curve, place) => add(curve, place, false));
  return series;
}

function xLabelOf({ axis }: DrawnMetric, trans: TranslationBundle): string {
  switch (axis.kind) {
    case 'wall':
      return trans.__('time');
    case 'relative':
      return trans.__('time since start');
    case 'metric':
      return shownName(axis.name, 60);
    case 'step':
      return axis.isRows ? trans.__('row') : trans.__('step');
  }
}

function chartText(drawn: DrawnMetric, name: string, trans: TranslationBundle): string {
  const last = drawn.lines
    .slice(0, 5)
    .map(line => `${line.column === null ? '' : `${shownName(line.column, 40)} `}${shortText(line.last)}`)
    .join(', ');
  return trans.__('Chart of %1 over %2; latest %3', name, xLabelOf(drawn, trans), last);
}
