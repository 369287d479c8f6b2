import type { Schemas } from '../api/client';

/** Says why a document cannot be shown. Its parts are put into a sentence by whoever shows it. */
export class WrongDocument extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WrongDocument';
  }
}

/** How often each class (row) was taken for which (column); NaN where it is not known. */
export interface ConfusionMatrix {
  readonly kind: 'confusion_matrix';
  readonly labels: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

/** Of each class, at each threshold: true positives, false positives, true negatives, false negatives. */
export type ThresholdTables = readonly (readonly (readonly number[])[])[];

/** A classifier's answers over its thresholds. One of the two kinds of tables may be null, not both. */
export interface AccuracyTable {
  readonly kind: 'accuracy_table';
  readonly labels: readonly string[];
  readonly byProbability: ThresholdTables | null;
  readonly byPercentile: ThresholdTables | null;
}

/** A histogram: `edges` are one more than `counts`, ascending. */
export interface Residuals {
  readonly kind: 'residuals';
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** Mean and error of what was predicted, in bins of the true value; NaN where a bin is empty. */
export interface Predictions {
  readonly kind: 'predictions';
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  readonly averages: readonly number[];
  readonly errors: readonly number[];
}

export type RunDocument = ConfusionMatrix | AccuracyTable | Residuals | Predictions;

const MAX_COUNT = 1e300; // sums of these are doubles

/** Read a document of a kind: JSON, with or without what v1 writes around its `data`. Throws `WrongDocument`. */
export function parseDocument(kind: Schemas['Kind'], text: string): RunDocument {
  let document: unknown;
  try {
    // Python writes NaN and infinities as words that JSON does not have.
    document = JSON.parse(quoteWords(text));
  } catch (reason) {
    throw new WrongDocument(`The file is no JSON: ${reason instanceof Error ? reason.message : String(reason)}`);
  }
  const data = isRecord(document) && 'data' in document ? document['data'] : document;
  if (!isRecord(data)) {
    throw new WrongDocument("The file has no values under 'data'.");
  }
  switch (kind) {
    case 'confusion_matrix':
      return confusionMatrix(data);
    case 'accuracy_table':
      return accuracyTable(data);
    case 'residuals':
      return { kind, ...binned(data) };
    case 'predictions':
      return predictions(data);
    case 'scalar':
    case 'row':
    case 'image':
      throw new WrongDocument(`Nothing is known of documents of kind ${kind}.`);
  }
}

/** Each count as a part of its row, the true class; NaN in rows without any, or with one that is not known. */
export function ratesOf(matrix: ConfusionMatrix): number[][] {
  return matrix.counts.map(row => {
    const total = sum(row);
    return row.map(count => (total !== 0 ? count / total : NaN));
  });
}

/** The part of all that lies on the diagonal; NaN where there is nothing, or a count is not known. */
export function accuracyOf(matrix: ConfusionMatrix): number {
  const total = sum(matrix.counts.map(sum));
  return total !== 0 ? sum(matrix.counts.map((row, place) => row[place] ?? NaN)) / total : NaN;
}

/** The middle of each bin. */
export function middlesOf(edges: readonly number[]): number[] {
  // Halved first: the sum of the largest doubles is beyond them.
  return edges.slice(1).map((edge, place) => (edges[place] ?? edge) / 2 + edge / 2);
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function confusionMatrix(data: Record<string, unknown>): ConfusionMatrix {
  const counts = table(data['matrix'], "'matrix'");
  if (counts.length === 0) {
    throw new WrongDocument('The matrix has no class.');
  }
  if (counts.some(row => row.length !== counts.length)) {
    throw new WrongDocument(`The matrix is not square: it has ${counts.length} rows and ${counts[0]?.length} columns.`);
  }
  const labels = labelsOf(data['class_labels'], counts.length);
  if (labels.length !== counts.length) {
    throw new WrongDocument(`There are ${labels.length} labels for a matrix of ${counts.length} classes.`);
  }
  return { kind: 'confusion_matrix', labels, counts };
}

function accuracyTable(data: Record<string, unknown>): AccuracyTable {
  const byProbability = thresholdTables(data, 'probability_tables');
  const byPercentile = thresholdTables(data, 'percentile_tables');
  const either = byProbability ?? byPercentile;
  if (either === null) {
    throw new WrongDocument('The accuracy table has no class.');
  }
  const labels = labelsOf(data['class_labels'], either.length);
  for (const tables of [byProbability, byPercentile]) {
    if (tables !== null && tables.length !== labels.length) {
      throw new WrongDocument(`There are ${labels.length} labels for tables of ${tables.length} classes.`);
    }
  }
  return { kind: 'accuracy_table', labels, byProbability, byPercentile };
}

function thresholdTables(data: Record<string, unknown>, key: string): ThresholdTables | null {
  const tables = data[key];
  if (tables === undefined || tables === null || (Array.isArray(tables) && tables.length === 0)) {
    return null;
  }
  if (!Array.isArray(tables)) {
    throw new WrongDocument(`'${key}' is no list with a table for each class.`);
  }
  return tables.map((one: unknown, place) => {
    const rows = table(one, `Table ${place + 1} of '${key}'`);
    if (rows.some(row => row.length !== 4)) {
      throw new WrongDocument(
        `Table ${place + 1} of '${key}' has rows that are not four counts: true positives, false positives, ` +
          'true negatives, false negatives.'
      );
    }
    return rows;
  });
}

function predictions(data: Record<string, unknown>): Predictions {
  const { edges, counts } = binned(data);
  const averages = numbers(data['bin_averages'], "'bin_averages'");
  const errors = numbers(data['bin_errors'], "'bin_errors'");
  if (averages.length !== counts.length || errors.length !== counts.length) {
    throw new WrongDocument(
      `There are ${averages.length} averages and ${errors.length} errors for ${counts.length} bins.`
    );
  }
  return { kind: 'predictions', edges, counts, averages, errors };
}

function binned(data: Record<string, unknown>): { edges: number[]; counts: number[] } {
  const edges = numbers(data['bin_edges'], "'bin_edges'");
  const counts = numbers(data['bin_counts'], "'bin_counts'").map(countOrNaN);
  if (edges.length !== counts.length + 1) {
    throw new WrongDocument(`There are ${edges.length} bin edges for ${counts.length} bins, and one more is needed.`);
  }
  if (counts.length === 0) {
    throw new WrongDocument('There is no bin.');
  }
  if (edges.some((edge, place) => !Number.isFinite(edge) || edge < (edges[place - 1] ?? -Infinity))) {
    throw new WrongDocument('The bin edges do not ascend.');
  }
  return { edges, counts };
}

function table(values: unknown, what: string): number[][] {
  if (!Array.isArray(values)) {
    throw new WrongDocument(`${what} is missing or no list.`);
  }
  return values.map((row: unknown) => numbers(row, what).map(countOrNaN));
}

function numbers(values: unknown, what: string): number[] {
  if (!Array.isArray(values)) {
    throw new WrongDocument(`${what} is missing or no list.`);
  }
  return values.map((value: unknown) => {
    if (value === null) {
      return NaN;
    }
    const number = typeof value === 'string' && WORDS.has(value) ? Number(value) : value;
    if (typeof number !== 'number') {
      throw new WrongDocument(`${what} holds something else than numbers, or lists of unequal length.`);
    }
    return number;
  });
}

const WORDS: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity']);

/** Put the words for numbers that JSON does not have into quotes, outside of texts. */
function quoteWords(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, found =>
    found.startsWith('"') ? found : `"${found}"`
  );
}

function labelsOf(values: unknown, classCount: number): string[] {
  if (!Array.isArray(values) || values.length === 0) {
    return Array.from({ length: classCount }, (_, place) => `class ${place}`);
  }
  return values.map(value => (typeof value === 'string' ? value : JSON.stringify(value)));
}

function countOrNaN(value: number): number {
  return Math.abs(value) <= MAX_COUNT ? value : NaN;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
