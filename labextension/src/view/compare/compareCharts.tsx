import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { comparedLines, detailKey } from '../../model/compareLines';
import type { ComparedLine, Details } from '../../model/compareLines';
import type { CompareModel } from '../../model/compareModel';
import { isolatedName, shownName } from '../../model/names';
import { axisOf } from '../../model/xAxes';
import { readDetail } from '../../model/zoomed';
import { Chart } from '../charts/chart';
import type { Range } from '../charts/chart';
import { useNear } from '../runPage/hooks';
import type { IComparedProps } from './comparePage';
import { chartText, seriesOf, xLabelOf } from './runLines';

/** How many charts are shown at first, and with each "more". */
const PAGE_CHARTS = 24;

const CHART_HEIGHT = 230;

/** A chart for each metric, with a line for each run, and one more with the metrics that the user puts together. */
export function CompareCharts(props: IComparedProps): React.JSX.Element {
  const { model, trans } = props;
  const [limit, setLimit] = React.useState(PAGE_CHARTS);
  const words = model.settings.filter
    .toLowerCase()
    .split(/\s+/)
    .filter(word => word !== '');
  const names = model.metricNames.filter(name => words.every(word => name.toLowerCase().includes(word)));
  return (
    <section className="jp-AmlCompare-charts" aria-label={trans.__('Charts')}>
      <h3 className="jp-AmlCompare-heading">{trans.__('Metrics')}</h3>
      {model.metricNames.length === 0 && (
        <p className="jp-AmlCompare-note">{trans.__('None of these runs has a metric with more than one value.')}</p>
      )}
      {model.metricNames.length > 0 && names.length === 0 && (
        <p className="jp-AmlCompare-note">{trans.__('No metric has that in its name.')}</p>
      )}
      {model.metricNames.length > 1 && <Together {...props} />}
      <div className="jp-AmlCompare-grid">
        {names.slice(0, limit).map(name => (
          <CompareChart key={name} {...props} names={[name]} />
        ))}
      </div>
      {names.length > limit && (
        <button
          type="button"
          className="jp-AmlRunPage-button"
          onClick={() => {
            setLimit(limit + PAGE_CHARTS);
          }}
        >
          {trans._n('Show the other chart', 'Show more of the other %1 charts', names.length - limit)}
        </button>
      )}
    </section>
  );
}

/** The metrics that are drawn in one chart, and a list to put more of them there. */
function Together(props: IComparedProps): React.JSX.Element {
  const { model, trans } = props;
  const { together } = model.settings;
  const names = together.filter(name => model.metricNames.includes(name));
  const others = model.metricNames.filter(name => !names.includes(name)).slice(0, 500);
  const change = (changed: readonly string[]) => {
    model.setSettings({ together: changed });
  };
  return (
    <div className="jp-AmlCompare-together">
      <div className="jp-AmlRunPage-tools" role="group" aria-label={trans.__('Several metrics in one chart')}>
        <select
          className="jp-AmlRunPage-select"
          aria-label={trans.__('Add a metric to the common chart')}
          value=""
          onChange={event => {
            const name = others[Number(event.target.value)];
            if (name !== undefined) {
              change([...names, name]);
            }
          }}
        >
          <option value="">{trans.__('Several metrics in one chart…')}</option>
          {others.map((name, place) => (
            <option key={name} value={place}>
              {isolatedName(name, 60)}
            </option>
          ))}
        </select>
        {names.map(name => (
          <button
            key={name}
            type="button"
            className="jp-AmlRunPage-button"
            title={trans.__('Take %1 out of the chart', shownName(name))}
            onClick={() => {
              change(names.filter(one => one !== name));
            }}
          >
            <bdi>{shownName(name, 40)}</bdi> ✕
          </button>
        ))}
      </div>
      {names.length > 0 && <CompareChart key={JSON.stringify(names)} {...props} names={names} />}
    </div>
  );
}

interface ICompareChartProps extends IComparedProps {
  names: readonly string[];
}

interface Zoom {
  readonly window: Range;
  readonly axisKey: string;
}

function CompareChart(props: ICompareChartProps): React.JSX.Element {
  const { model, colors, names, trans } = props;
  const { settings } = model;
  const place = React.useRef<HTMLDivElement>(null);
  const isNear = useNear(place);
  const axisKey = `${settings.xAxis} ${settings.xMetric ?? ''} ${settings.isLogX}`;
  const [zoom, setZoom] = React.useState<Zoom | null>(null);
  const window = zoom?.axisKey === axisKey ? zoom.window : null; // it was in the units of another axis
  const { details, problem } = useDetails(model, names, window);
  React.useEffect(() => {
    if (isNear) {
      names.forEach(name => {
        model.want(name);
      });
      if (settings.xAxis === 'metric' && settings.xMetric !== null) {
        model.want(settings.xMetric);
      }
    }
  }, [model, isNear, names, settings.xAxis, settings.xMetric]);
  const lines =
    isNear || window !== null ? comparedLines(model, names, window === null ? null : { window, details }) : [];
  const first = lines[0];
  const title = names.map(name => shownName(name, 60)).join(', ');
  const onZoom = React.useCallback(
    (range: Range | null) => {
      setZoom(range === null ? null : { window: range, axisKey });
    },
    [axisKey]
  );
  const isAwaited = names.some(name => model.isAwaited(name));
  return (
    <section className="jp-AmlCompare-card" aria-label={title} data-metric={names.join('\n')}>
      <h4 className="jp-AmlCompare-cardTitle" title={names.map(name => shownName(name, 1_000)).join(', ')}>
        <bdi>{title}</bdi>
      </h4>
      <div ref={place} style={{ minHeight: CHART_HEIGHT }}>
        {first !== undefined ? (
          <Chart
            series={seriesOf(lines, colors)}
            xLabel={xLabelOf(first, trans)}
            isLogX={first.drawn.isLogX}
            isLogY={first.drawn.isLogY}
            xKind={
              first.drawn.axis.kind === 'wall' ? 'time' : first.drawn.axis.kind === 'relative' ? 'duration' : 'number'
            }
            isWholeX={first.drawn.axis.kind === 'step'}
            height={CHART_HEIGHT}
            cursorGroup={`compare ${model.workspace} ${model.runIds.join(' ')}`}
            onZoom={onZoom}
            ariaLabel={chartText(lines, title, trans)}
          />
        ) : (
          <p className="jp-AmlCompare-note">
            {isAwaited ? trans.__('Reading…') : isNear ? trans.__('No run that is shown has this metric.') : ''}
          </p>
        )}
      </div>
      <ChartNotes lines={lines} problem={problem} names={names} trans={trans} />
    </section>
  );
}

function ChartNotes({
  lines,
  problem,
  names,
  trans
}: {
  lines: readonly ComparedLine[];
  problem: string | null;
  names: readonly string[];
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const notes: string[] = [];
  if (names.length > 1) {
    notes.push(trans.__('%1 is solid, the others are dashed', shownName(names[0] ?? '', 40)));
  }
  if (lines.some(({ drawn }) => !drawn.isExact)) {
    notes.push(trans.__('long lines are drawn by their lowest and highest values; zoom in to see all'));
  }
  const nonfinite = lines.reduce((sum, { drawn }) => sum + drawn.nonfiniteCount, 0);
  if (nonfinite > 0) {
    notes.push(trans._n('%1 value is not finite', '%1 values are not finite', nonfinite));
  }
  if (lines.some(({ drawn }) => drawn.hiddenCount > 0)) {
    notes.push(trans.__('some values have no place on this axis'));
  }
  if (lines.some(({ drawn }) => drawn.isSmoothingRough)) {
    notes.push(trans.__('long lines are smoothed roughly'));
  }
  if (problem !== null) {
    notes.push(trans.__('not all points could be read: %1', problem));
  }
  return notes.length === 0 ? null : <p className="jp-AmlCompare-note">{notes.join('; ')}</p>;
}

/** What lies under the window, read again where a line has more. What the page holds is drawn meanwhile. */
function useDetails(
  model: CompareModel,
  names: readonly string[],
  window: Range | null
): { details: Details; problem: string | null } {
  const [found, setFound] = React.useState<{ window: Range; details: Details } | null>(null);
  const [problem, setProblem] = React.useState<string | null>(null);
  const key = JSON.stringify(names);
  const { xAxis, xMetric } = model.settings;
  React.useEffect(() => {
    setProblem(null);
    if (window === null) {
      return;
    }
    let isOver = false;
    const details = new Map<string, Awaited<ReturnType<CompareModel['readRange']>>>();
    const readOne = async (runId: string, name: string, startedAt: number) => {
      const metric = model.metricsOf(runId).get(name);
      const series = metric?.columns.get(null);
      if (metric === undefined || series === undefined) {
        return;
      }
      const axis = axisOf(metric, model.metricsOf(runId), { xAxis, xMetric }, startedAt);
      const rows = await readDetail(series, axis, window, (low, high) => model.readRange(runId, name, low, high));
      if (rows !== null) {
        details.set(detailKey(runId, name), rows);
      }
    };
    Promise.all(
      (model.runs ?? [])
        .filter(({ run }) => !model.settings.hidden.includes(run.run_id))
        .flatMap(({ run }) =>
          (JSON.parse(key) as string[]).map(name => readOne(run.run_id, name, run.started_at ?? run.created_at))
        )
    ).then(
      () => {
        if (!isOver) {
          setFound({ window, details });
        }
      },
      (reason: unknown) => {
        if (!isOver) {
          setProblem(reason instanceof Error ? reason.message : String(reason));
        }
      }
    );
    return () => {
      isOver = true;
    };
  }, [model, key, window, xAxis, xMetric]);
  return { details: found !== null && found.window === window ? found.details : NO_DETAILS, problem };
}

const NO_DETAILS: Details = new Map();
