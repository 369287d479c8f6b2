import { exactText, numberOf } from '../api/values';
import type { Value } from '../api/values';

/** What a spreadsheet may read as a formula, by its first character, in the wide letters of East Asia too. */
const FORMULA = /^\s*[=+\-@\t\r\n＝＋－＠]/;

const NUMBER = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/** Write cells as one line. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(quoted).join(',')}\r\n`;
}

/** A text that somebody else chose, so that a spreadsheet reads it as text. Numbers stay numbers, negative ones too. */
export function inertText(text: string): string {
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}

/** What was logged, in full. */
export function csvValue(value: Value): string {
  if (typeof value === 'string') {
    return inertText(value);
  }
  const number = numberOf(value);
  return number !== null && !Number.isFinite(number) ? String(number) : exactText(value);
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
