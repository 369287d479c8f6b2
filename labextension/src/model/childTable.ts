import type { Schemas } from '../api/client';
import { numberOf } from '../api/values';
import type { Value } from '../api/values';
import { isScalar } from './envelopes';
import { goalOf, toldGoal } from './goals';
import { compareNaturally } from './naturalOrder';
import { durationSeconds, nameOf, numberText } from './runQuery';

export type Child = Schemas['RunRow'];

/** A column of the table: what is known of each child, or a value of a metric. */
export type ChildColumn = 'number' | 'name' | 'status' | 'created' | 'duration' | { readonly metric: string };

/** Which of the values of a metric the table has; the best one is the lowest or the highest, as the metric's name tells. */
export type ChildAspect = 'best' | 'last' | 'low' | 'high';

export const CHILD_ASPECTS: readonly ChildAspect[] = ['best', 'last', 'low', 'high'];

/** Which end of its values a column of a metric has, or the last. */
export function aspectOf(metric: string, aspect: ChildAspect): 'last' | 'low' | 'high' {
  return aspect === 'best' ? goalOf(metric) : aspect;
}

/** What a child has in the column of a metric; undefined where it has none. */
export function cellOf(child: Child, metric: string, aspect: ChildAspect): Value | undefined {
  const cell = child.metrics[metric];
  return cell === undefined ? undefined : (cell[aspectOf(metric, aspect)] ?? undefined);
}

/** Whether a column is first sorted with its highest at the top: where that is the best, or the newest. */
export function startsDescending(column: ChildColumn, aspect: ChildAspect): boolean {
  if (typeof column === 'object') {
    return aspect === 'high' || (aspect !== 'low' && goalOf(column.metric) === 'high');
  }
  return column === 'created' || column === 'duration';
}

export const ROWS_PER_PAGE = 100;

/** Keep the children whose name, id, number, status or tags hold all words of a text. */
export function filterChildren(children: readonly Child[], text: string): Child[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter(word => word !== '');
  return children.filter(child => {
    const tags = Object.entries(child.tags).map(([key, value]) => `${key}:${value ?? ''}`);
    const all = [nameOf(child), child.run_id, numberText(child), child.status, ...tags].join('\n').toLowerCase();
    return words.every(word => all.includes(word));
  });
}

/** Order children by a column. What is missing or NaN comes last in both directions; equals stand by their number. */
export function sortChildren(
  children: readonly Child[],
  column: ChildColumn,
  isDescending: boolean,
  nowSeconds: number,
  aspect: ChildAspect = 'last'
): Child[] {
  const keyed = children.map(child => ({ child, key: keyOf(child, column, nowSeconds, aspect) }));
  const present = keyed.filter(({ key }) => key !== null);
  const missing = keyed.filter(({ key }) => key === null).map(({ child }) => child);
  present.sort((one, other) => {
    const order = compareKeys(one.key, other.key);
    return (isDescending ? -order : order) || compareNumbers(one.child, other.child);
  });
  missing.sort(compareNumbers);
  return [...present.map(({ child }) => child), ...missing];
}

/**
 * Where children stand beside each other: at their numbers, or, where one of them has none, at their places in the order in
 * which they were created.
 */
export function placesOf(children: readonly Child[]): { places: ReadonlyMap<string, number>; areNumbers: boolean } {
  const areNumbers = children.every(child => child.number !== 0);
  const ordered = [...children].sort(compareNumbers);
  return { places: new Map(ordered.map((child, i) => [child.run_id, areNumbers ? child.number : i + 1])), areNumbers };
}

/** Compare by number; those without stand before the others, as they were created. */
function compareNumbers(one: Child, other: Child): number {
  return one.number - other.number || one.created_at - other.created_at;
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
 * Order the names of metrics for who compares children: those that at least half of them have; then those whose name tells
 * that they are to be made low or high; then those with a course before values that were logged once, as parameters are.
 */
export function commonMetrics(children: readonly Schemas['ComparedRun'][]): string[] {
  const counts = new Map<string, { runs: number; hasCourse: boolean; place: number }>();
  for (const child of children) {
    for (const one of child.summaries) {
      if (isScalar(one)) {
        const known = counts.get(one.name) ?? { runs: 0, hasCourse: false, place: counts.size };
        counts.set(one.name, { ...known, runs: known.runs + 1, hasCourse: known.hasCourse || one.count > 1 });
      }
    }
  }
  return [...counts]
    .sort(
      ([name, one], [otherName, other]) =>
        Number(2 * other.runs >= children.length) - Number(2 * one.runs >= children.length) ||
        Number(toldGoal(otherName) !== null) - Number(toldGoal(name) !== null) ||
        Number(other.hasCourse) - Number(one.hasCourse) ||
        one.place - other.place
    )
    .map(([name]) => name);
}

function keyOf(child: Child, column: ChildColumn, nowSeconds: number, aspect: ChildAspect): string | number | null {
  if (typeof column === 'object') {
    const value = cellOf(child, column.metric, aspect);
    const number = value === undefined ? null : numberOf(value);
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
      return child.number === 0 ? null : child.number;
  }
}

function compareKeys(one: string | number | null, other: string | number | null): number {
  if (typeof one === 'number' && typeof other === 'number') {
    return one < other ? -1 : one > other ? 1 : 0;
  }
  return compareNaturally(String(one), String(other));
}
