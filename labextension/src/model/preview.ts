/** How a file is shown. */
export type PreviewKind = 'text' | 'json' | 'table' | 'picture' | 'bytes' | 'empty';

/** How much of a text is read at first, and at most. */
export const FIRST_TEXT_BYTES = 64 * 1024;
export const MAX_TEXT_BYTES = 1024 * 1024;

/** JSON and tables are set out up to so much. */
export const MAX_SET_OUT_BYTES = 256 * 1024;

/** Larger pictures are not shown: the browser would have to hold them opened. */
export const MAX_PICTURE_BYTES = 20_000_000;

export const MAX_TABLE_ROWS = 100;
export const MAX_TABLE_COLUMNS = 60;

const PICTURES = /\.(?:png|jpe?g|gif|webp|bmp|svg)$/i;
const JSON_TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
const NUMBER = /^\s*(?:[+-]?(?:[0-9][0-9.,_]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?%?|[+-]?(?:nan|inf|infinity))\s*$/i;
// eslint-disable-next-line no-control-regex -- these are what is counted
const ODD = /[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f\ufffd]/g;

/** Why a file cannot be shown in the way that its name promises; the text is for the reader. */
export class PreviewProblem extends Error {}

/** The first rows of separated values. */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** For each column shown, whether it holds numbers only. */
  readonly isNumeric: readonly boolean[];
  /** How many columns there are, shown or not. */
  readonly columnCount: number;
  /** Whether rows follow that are not here. */
  readonly hasMore: boolean;
}

/** Whether a name says that its file is a picture. */
export function isPictureName(path: string): boolean {
  return PICTURES.test(path);
}

/** Whether a name says that its file is a picture written as text. */
export function isSvgName(path: string): boolean {
  return /\.svg$/i.test(path);
}

/** Say how to show a file by its first characters; the name only tells kinds of text apart. */
export function kindOf(path: string, head: string): PreviewKind {
  if (head === '') {
    return 'empty';
  }
  if (head.includes('\0') || (head.match(ODD)?.length ?? 0) * 10 > head.length) {
    return 'bytes';
  }
  if (/\.(?:json|geojson|ipynb)$/i.test(path)) {
    return 'json';
  }
  return /\.(?:csv|tsv)$/i.test(path) ? 'table' : 'text';
}

/** Set out JSON in lines, with every number and text as the file spells it. */
export function prettyJson(text: string): string {
  try {
    JSON.parse(text);
  } catch (reason) {
    throw new PreviewProblem(reason instanceof Error ? reason.message : String(reason));
  }
  const parts: string[] = [];
  let depth = 0;
  let before = '';
  const newLine = () => `\n${'  '.repeat(Math.min(depth, 40))}`;
  for (const [token] of text.matchAll(JSON_TOKEN)) {
    const isOpened = before === '{' || before === '[';
    if (token === '}' || token === ']') {
      depth--;
      if (!isOpened) {
        parts.push(newLine());
      }
    } else if (isOpened || before === ',') {
      parts.push(newLine());
    }
    parts.push(token === ':' ? ': ' : token);
    if (token === '{' || token === '[') {
      depth++;
    }
    before = token;
  }
  return parts.join('');
}

/** Read the first rows of separated values. */
export function readTable(text: string, path: string, isWhole: boolean): Table {
  const whole = isWhole ? text : text.slice(0, text.lastIndexOf('\n') + 1) || text;
  const delimiter = /\.tsv$/i.test(path) ? '\t' : findDelimiter(whole);
  const { rows, isCut } = readRows(whole, delimiter, MAX_TABLE_ROWS + 1);
  const first = rows[0];
  if (first === undefined) {
    throw new PreviewProblem('There are no rows in it.');
  }
  const columnCount = Math.max(...rows.map(row => row.length));
  const width = Math.min(columnCount, MAX_TABLE_COLUMNS);
  const filled = rows.map(row => Array.from({ length: width }, (_, place) => row[place] ?? ''));
  const hasHeader = !first.some(cell => cell !== '' && NUMBER.test(cell));
  const body = (hasHeader ? filled.slice(1) : filled).slice(0, MAX_TABLE_ROWS);
  return {
    header: hasHeader ? (filled[0] ?? []) : Array.from({ length: width }, (_, place) => String(place + 1)),
    rows: body,
    isNumeric: Array.from(
      { length: width },
      (_, place) => body.length > 0 && body.every(row => row[place] === '' || NUMBER.test(row[place] ?? ''))
    ),
    columnCount,
    hasMore: !isWhole || isCut || rows.length - (hasHeader ? 1 : 0) > MAX_TABLE_ROWS
  };
}

/** Cut a text into rows and cells; a quoted cell may hold what separates, line ends, and quotes written twice. */
function readRows(text: string, delimiter: string, maxRows: number): { rows: string[][]; isCut: boolean } {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let isQuoted = false;
  const endRow = () => {
    row.push(cell);
    if (row.length > 1 || cell !== '') {
      rows.push(row);
    }
    row = [];
    cell = '';
  };
  for (let place = 0; place < text.length; place++) {
    const character = text.charAt(place);
    if (isQuoted) {
      if (character !== '"') {
        cell += character;
      } else if (text.charAt(place + 1) === '"') {
        cell += '"';
        place++;
      } else {
        isQuoted = false;
      }
    } else if (character === '"' && cell === '') {
      isQuoted = true;
    } else if (character === delimiter) {
      row.push(cell);
      cell = '';
    } else if (character === '\n' || character === '\r') {
      if (character === '\r' && text.charAt(place + 1) === '\n') {
        place++;
      }
      endRow();
      if (rows.length >= maxRows) {
        return { rows, isCut: place + 1 < text.length };
      }
    } else {
      cell += character;
    }
  }
  if (isQuoted) {
    throw new PreviewProblem('A quote in it is never closed.');
  }
  endRow();
  return { rows, isCut: false };
}

/** Choose what separates: the character that cuts most of the first lines into the same number of cells. */
function findDelimiter(text: string): string {
  const lines = text
    .slice(0, 20_000)
    .split('\n')
    .slice(0, 20)
    .filter(line => line !== '');
  let best = ',';
  let bestScore = 0;
  for (const delimiter of [',', ';', '\t', '|']) {
    const widths = lines.map(line => line.split(delimiter).length);
    const usual = widths
      .filter((width, place) => widths.indexOf(width) === place)
      .sort((one, other) => countOf(widths, other) - countOf(widths, one))[0];
    const score = usual === undefined || usual < 2 ? 0 : countOf(widths, usual) / widths.length + usual / 1e6;
    if (score > bestScore) {
      best = delimiter;
      bestScore = score;
    }
  }
  return best;
}

function countOf(numbers: readonly number[], wanted: number): number {
  return numbers.filter(one => one === wanted).length;
}
