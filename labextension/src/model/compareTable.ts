import type { Schemas } from '../api/client';
import { exactText, numberOf, toDouble } from '../api/values';
import type { ExactNumber, Value } from '../api/values';
import type { Aspect, CompareSettings } from './compareSettings';
import { csvLine, csvValue, inertText } from './csv';
import { durationText } from './names';
import { compareNaturally } from './naturalOrder';
import { nameOf } from './runQuery';

export type ComparedRun = Schemas['ComparedRun'];

/** What a run has in a row: the text in full, and the number where it is one that others are measured against. */
export interface CompareCell {
  readonly text: string;
  /** As it is saved; seconds for a span of time. */
  readonly value: Value;
  readonly number: number | null;
}

export type CompareGroup = 'run' | 'parameters' | 'tags' | 'metrics';

/** A row of the table, with a cell for each run. */
export interface CompareRow {
  readonly group: CompareGroup;
  readonly name: string;
  /** Which of a metric's values; null in other groups. */
  readonly aspect: Aspect | null;
  readonly cells: readonly (CompareCell | null)[];
  readonly isDifferent: boolean;
}

/** List the rows of a comparison: what the runs are, parameters, tags, and the values of metrics. */
export function compareRows(
  runs: readonly ComparedRun[],
  settings: Pick<CompareSettings, 'filter' | 'onlyDifferences' | 'aspects'>,
  nowSeconds: number
): CompareRow[] {
  const rows = [
    ...runFacts(runs, nowSeconds),
    ...textRows('parameters', runs, run => run.parameters),
    ...textRows('tags', runs, run => run.run.tags),
    ...metricRows(runs, settings.aspects)
  ];
  const words = settings.filter
    .toLowerCase()
    .split(/\s+/)
    .filter(word => word !== '');
  return rows.filter(
    row =>
      (!settings.onlyDifferences || row.isDifferent) &&
      words.every(word => row.name.toLowerCase().includes(word) || row.group === 'run')
  );
}

/** By how much a number is more than that of the baseline; null where there is none of them. */
export function deltaOf(
  cell: CompareCell | null,
  baseline: CompareCell | null
): { difference: number; share: number | null } | null {
  if (cell === null || baseline === null || cell.number === null || baseline.number === null) {
    return null;
  }
  const difference = cell.number - baseline.number;
  if (!Number.isFinite(difference)) {
    return null;
  }
  return { difference, share: baseline.number === 0 ? null : difference / Math.abs(baseline.number) };
}

/** Write the rows as CSV, every value in full. */
export function compareCsv(runs: readonly ComparedRun[], rows: readonly CompareRow[]): string {
  const lines = [
    ['group', 'name', 'value', ...runs.map(({ run }) => run.run_id)],
    ['run', 'Name', '', ...runs.map(({ run }) => inertText(nameOf(run)))],
    ...rows.map(row => [
      row.group,
      inertText(row.name),
      row.aspect ?? (row.group === 'run' && row.name === 'Duration' ? 'seconds' : ''),
      ...row.cells.map(cell => (cell === null ? '' : csvValue(cell.value)))
    ])
  ];
  return lines.map(csvLine).join('');
}

function runFacts(runs: readonly ComparedRun[], nowSeconds: number): CompareRow[] {
  const facts: [string, (run: Schemas['Run']) => CompareCell | null][] = [
    ['Number', run => (run.number === 0 ? null : { text: String(run.number), value: run.number, number: null })],
    ['Status', run => textCell(run.status)],
    ['Experiment', run => textCell(run.experiment_name)],
    ['Created', run => textCell(momentText(run.created_at))],
    [
      'Duration',
      run => {
        const seconds = run.started_at === null ? null : Math.max(0, (run.ended_at ?? nowSeconds) - run.started_at);
        return seconds === null ? null : { text: durationText(seconds), value: seconds, number: null };
      }
    ],
    ['Target', run => textCell(run.target)]
  ];
  const rows = facts.map(([name, read]) =>
    rowOf(
      'run',
      name,
      null,
      runs.map(({ run }) => read(run))
    )
  );
  return rows.filter(({ cells }) => cells.some(cell => cell !== null)); // runs of plain MLflow have no numbers
}

/** Write a moment in UTC, to the second. */
function momentText(secondsSinceEpoch: number): string {
  const moment = new Date(secondsSinceEpoch * 1000);
  return Number.isNaN(moment.getTime())
    ? String(secondsSinceEpoch)
    : moment.toISOString().slice(0, 19).replace('T', ' ');
}

function textRows(
  group: CompareGroup,
  runs: readonly ComparedRun[],
  read: (run: ComparedRun) => Readonly<Record<string, string | null>>
): CompareRow[] {
  const all = runs.map(run => new Map(Object.entries(read(run))));
  const names = [...new Set(all.flatMap(one => [...one.keys()]))].sort(compareNaturally);
  return names.map(name =>
    rowOf(
      group,
      name,
      null,
      all.map(one => (one.has(name) ? textCell(one.get(name) ?? '') : null))
    )
  );
}

function metricRows(runs: readonly ComparedRun[], aspects: readonly Aspect[]): CompareRow[] {
  const all = runs.map(run => new Map(run.summaries.map(one => [summaryName(one), one])));
  const names = [...new Set(all.flatMap(one => [...one.keys()]))];
  const isCourse = (name: string) => all.some(one => (one.get(name)?.count ?? 0) > 1);
  const hasNumber = (name: string) => all.some(one => one.get(name)?.low != null);
  return names.flatMap(name =>
    aspects
      // Of what was logged once, lowest and highest are the same; texts have none.
      .filter(aspect => aspect === aspects[0] || (isCourse(name) && (aspect === 'last' || hasNumber(name))))
      .map(aspect => {
        const read = isCourse(name) && hasNumber(name) ? aspect : 'last';
        const cells = all.map(one => metricCell(one.get(name), read));
        return rowOf('metrics', name, isCourse(name) ? read : null, cells);
      })
  );
}

/** A column of a table is another thing than a metric of that name. */
function summaryName(summary: Schemas['Summary']): string {
  return summary.column === null ? summary.name : `${summary.name} · ${summary.column}`;
}

function metricCell(summary: Schemas['Summary'] | undefined, aspect: Aspect): CompareCell | null {
  if (summary === undefined || summary.count === 0) {
    return null;
  }
  const value: Value | ExactNumber | null = aspect === 'last' ? summary.last : summary[aspect];
  if (value === null && aspect !== 'last') {
    return null;
  }
  return {
    text: exactText(value),
    value,
    number: aspect === 'last' ? numberOf(value) : value === null ? null : toDouble(value as ExactNumber)
  };
}

function textCell(text: string): CompareCell {
  return { text, value: text, number: null };
}

function rowOf(
  group: CompareGroup,
  name: string,
  aspect: Aspect | null,
  cells: readonly (CompareCell | null)[]
): CompareRow {
  const texts = cells.map(cell => cell?.text ?? null);
  return { group, name, aspect, cells, isDifferent: texts.some(text => text !== texts[0]) };
}
