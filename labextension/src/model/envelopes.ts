import type { Schemas } from '../api/client';
import { fromServer } from './buckets';
import type { MetricState } from './series';

/** Whether a summary tells of numbers that were logged one by one under a name. */
export function isScalar(summary: Schemas['Summary']): boolean {
  return summary.kind === 'scalar' && summary.column === null && (summary.low !== null || summary.nonfinite_count > 0);
}

/** Make of what the server summed up a metric that can be drawn. */
export function metricOf(
  name: string,
  buckets: Schemas['Buckets'],
  facts: { count: number; last: Schemas['Value']; description: string }
): MetricState {
  const { count, last, description } = facts;
  const series = {
    name,
    count,
    last,
    description,
    column: null,
    kind: 'scalar' as const,
    lastStep: null,
    table: fromServer(buckets),
    undrawnCount: 0
  };
  return { name, kind: 'scalar', columns: new Map([[null, series]]) };
}
