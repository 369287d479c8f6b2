import type { Schemas } from '../src/api/client';
import type { Point } from '../src/model/buckets';

interface INewsOptions {
  isOpening?: boolean;
  firstSeq?: number;
  count?: number;
}

/** What the server tells of a scalar whose seqs and steps are the same. */
export function newsOf(name: string, values: Schemas['Value'][], options: INewsOptions = {}): Schemas['MetricNews'] {
  const firstSeq = options.firstSeq ?? 0;
  const seqs = values.map((_, place) => firstSeq + place);
  const last = values[values.length - 1] ?? null;
  return {
    name,
    column: null,
    kind: 'scalar',
    is_opening: options.isOpening ?? false,
    summary: options.isOpening
      ? {
          name,
          column: null,
          kind: 'scalar',
          description: '',
          count: options.count ?? values.length,
          first: values[0] ?? null,
          last,
          low: null,
          high: null,
          nonfinite_count: 0,
          last_step: seqs[seqs.length - 1] ?? null,
          last_logged_at: null
        }
      : null,
    buckets: null,
    points: { seqs, steps: seqs, values, times: seqs.map(seq => 1_000 + seq) }
  };
}

/** Points as the server sums them up, so many in each bucket. */
export function bucketsOf(points: readonly Point[], width: number): Schemas['Buckets'] {
  const groups: Point[][] = [];
  for (let start = 0; start < points.length; start += width) {
    groups.push(points.slice(start, start + width));
  }
  const first = (group: Point[]): Point => group[0] as Point;
  const last = (group: Point[]): Point => group[group.length - 1] as Point;
  return {
    count: groups.map(group => group.length),
    first_seq: groups.map(group => first(group).seq),
    last_seq: groups.map(group => last(group).seq),
    first_step: groups.map(group => first(group).step),
    last_step: groups.map(group => last(group).step),
    low_step: groups.map(group => Math.min(...group.map(point => point.step))),
    high_step: groups.map(group => Math.max(...group.map(point => point.step))),
    first_logged_at: groups.map(group => first(group).at),
    last_logged_at: groups.map(group => last(group).at),
    first: groups.map(group => first(group).value),
    last: groups.map(group => last(group).value),
    low: groups.map(group => Math.min(...group.map(point => point.value))),
    high: groups.map(group => Math.max(...group.map(point => point.value))),
    nan_count: groups.map(() => 0),
    plus_count: groups.map(() => 0),
    minus_count: groups.map(() => 0)
  };
}

/** A run that goes on. */
export function runReply(change: Partial<Schemas['Run']> = {}): Schemas['RunReply'] {
  return {
    run: {
      run_id: 'run-1',
      number: 1,
      experiment_id: 'e',
      experiment_name: 'ridge',
      status: 'Running',
      created_at: 1_000,
      started_at: 1_000,
      ended_at: null,
      last_seen_at: null,
      display_name: 'first',
      run_type: null,
      parent_run_id: null,
      target: 'local',
      tags: {},
      archived_at: null,
      trashed_at: null,
      description: null,
      root_run_id: 'run-1',
      error: null,
      properties: {},
      ...change
    },
    workspace_name: 'team',
    can_cancel: true,
    folder: null,
    location: '/runs/run-1',
    code: 'ws.get_run("run-1")'
  };
}

/** What changed of it. */
export function changes(change: Partial<Schemas['Changes']> = {}): Schemas['Changes'] {
  return {
    cursor: 'c1',
    run: null,
    can_cancel: true,
    metrics: [],
    artifacts: [],
    children: [],
    has_more: false,
    ...change
  };
}
