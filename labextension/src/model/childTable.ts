import type { Schemas } from '../api/client';
import { numberOf } from '../api/values';
import { compareNaturally } from './naturalOrder';
import { durationSeconds, nameOf } from './runQuery';

export type Child = Schemas['RunRow'];

/** A column of the table: what is known of each child, or the last value of a metric. */
export type ChildColumn = 'number' | 'name' | 'status' | 'created' | 'duration' | { readonly metric: string };

export const ROWS_PER_PAGE = 100;

/** Keep the children whose name, id, number, status or tags hold all words of a text. */
export function filterChildren(children: readonly Child[], text: string): Child[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter(word => word !== '');
  return children.filter(child => {
    const tags = Object.entries(child.tags).map(([key, value]) => `${key}:${value ?? ''}`);
    const all = [nameOf(child), child.run_id, String(child.number), child.status, ...tags].join('\n').toLowerCase();
    return words.every(word => all.includes(word));
  });
}

/** Order children by a column. What is missing or NaN comes last in both directions; equals stand by their number. */
export function sortChildren(
  children: readonly Child[],
  column: ChildColumn,
  isDescending: boolean,
  nowSeconds: number
): Child[] {
  const keyed = children.map(child => ({ child, key: keyOf(child, column, nowSeconds) }));
  const present = keyed.filter(({ key }) => key !== null);
  const missing = keyed.filter(({ key }) => key === null).map(({ child }) => child);
  present.sort((one, other) => {
    const order = compareKeys(one.key, other.key);
    return (isDescending ? -order : order) || one.child.number - other.child.number;
  });
  missing.sort((one, other) => one.number - other.number);
  return [...present.map(({ child }) => child), ...missing];
}

/** Count children by their status, in the order of a run's life from its end. */
export function countStatuses(children: Iterable<Child>): [Schemas['Status'], number][] {
  const counts = new Map<Schemas['Status'], number>();
  for (const child of children) {
    counts.set(child.status, (counts.get(child.status) ?? 0) + 1);
  }
  const order: readonly Schemas['Status'][] = ['Completed', 'Failed', 'Canceled', 'NotResponding', 'Running'];
  const rank = (status: Schemas['Status']) => (order.includes(status) ? order.indexOf(status) : order.length);
  return [...counts].sort(([one], [other]) => rank(one) - rank(other));
}

/**
 * Order the names of metrics by how many of some children have them; of equals, those with a course go before values that
 * were logged once, as parameters are.
 */
export function commonMetrics(children: readonly Schemas['ComparedRun'][]): string[] {
  const counts = new Map<string, { runs: number; hasCourse: boolean; place: number }>();
  for (const child of children) {
    for (const one of child.summaries) {
      if (one.kind === 'scalar' && one.column === null && (one.low !== null || one.nonfinite_count > 0)) {
        const known = counts.get(one.name) ?? { runs: 0, hasCourse: false, place: counts.size };
        counts.set(one.name, { ...known, runs: known.runs + 1, hasCourse: known.hasCourse || one.count > 1 });
      }
    }
  }
  return [...counts]
    .sort(
      ([, one], [, other]) =>
        Number(2 * other.runs >= children.length) - Number(2 * one.runs >= children.length) ||
        Number(other.hasCourse) - Number(one.hasCourse) ||
        one.place - other.place
    )
    .map(([name]) => name);
}

function keyOf(child: Child, column: ChildColumn, nowSeconds: number): string | number | null {
  if (typeof column === 'object') {
    const cell = child.metrics[column.metric];
    const number = cell === undefined ? null : numberOf(cell.last);
    return number === null || Number.isNaN(number) ? null : number;
  }
  switch (column) {
    case 'name':
      return nameOf(child);
    case 'status':
      return child.status;
    case 'created':
      return child.created_at;
    case 'duration':
      return durationSeconds(child, nowSeconds);
    case 'number':
      return child.number;
  }
}

function compareKeys(one: string | number | null, other: string | number | null): number {
  if (typeof one === 'number' && typeof other === 'number') {
    return one < other ? -1 : one > other ? 1 : 0;
  }
  return compareNaturally(String(one), String(other));
}
