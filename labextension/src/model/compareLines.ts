import type { Schemas } from '../api/client';
import type { Bucket } from './buckets';
import { drawMetric } from './curves';
import type { Curve, DrawnMetric } from './curves';
import type { ViewSettings } from './runPageTypes';
import { runLabels } from './runLabels';
import type { MetricState } from './series';

/** A line of a chart of several runs. */
export interface ComparedLine {
  readonly runId: string;
  readonly metric: string;
  readonly label: string;
  readonly curve: Curve;
  readonly raw: Curve | null;
  readonly drawn: DrawnMetric;
  /** Which of the metrics of the chart it is. */
  readonly place: number;
}

/** What was read for a part of the axis, by run and metric. */
export type Details = ReadonlyMap<string, readonly Bucket[]>;

export function detailKey(runId: string, metric: string): string {
  return JSON.stringify([runId, metric]);
}

/** What is needed of runs to lay their lines over each other. */
export interface IComparedRuns {
  readonly runs:
    | readonly {
        readonly run: Pick<Schemas['Run'], 'run_id' | 'number' | 'display_name' | 'created_at' | 'started_at'>;
      }[]
    | null;
  readonly settings: Pick<ViewSettings, 'xAxis' | 'xMetric' | 'smoothing' | 'isLogX' | 'isLogY'> & {
    /** Runs without lines. */
    readonly hidden: readonly string[];
  };
  metricsOf(runId: string): ReadonlyMap<string, MetricState>;
}

/** Say what to draw of some metrics: a line for each, for each run that is shown. */
export function comparedLines(
  model: IComparedRuns,
  names: readonly string[],
  zoom: { window: readonly [number, number]; details: Details } | null = null
): ComparedLine[] {
  const lines: ComparedLine[] = [];
  const labels = runLabels((model.runs ?? []).map(({ run }) => run));
  for (const { run } of model.runs ?? []) {
    if (model.settings.hidden.includes(run.run_id)) {
      continue;
    }
    const metrics = model.metricsOf(run.run_id);
    names.forEach((name, place) => {
      const metric = metrics.get(name);
      if (metric === undefined) {
        return;
      }
      const detail = zoom?.details.get(detailKey(run.run_id, name));
      const drawn = drawMetric(metric, {
        look: model.settings,
        metrics,
        startedAt: run.started_at ?? run.created_at,
        window: zoom?.window ?? null,
        ...(detail === undefined ? {} : { details: new Map([[null, detail]]) })
      });
      const curve = drawn.lines[0];
      if (curve !== undefined) {
        const runLabel = labels.get(run.run_id) ?? run.run_id;
        const label = names.length > 1 ? `${runLabel} · ${name}` : runLabel;
        lines.push({ runId: run.run_id, metric: name, label, curve, raw: drawn.raw[0] ?? null, drawn, place });
      }
    });
  }
  return lines;
}
