import type { Schemas } from './client';

export type Value = Schemas['Value'];
export type ExactNumber = Schemas['Number'];

/** The double nearest to a number that was sent exactly. */
export function toDouble(value: ExactNumber): number {
  if (typeof value === 'number') {
    return value;
  }
  return 'float' in value ? Number(value.float) : Number(value.integer);
}

/** The double of what was logged; null where it is no number. */
export function numberOf(value: Value): number | null {
  if (typeof value === 'number') {
    return value;
  }
  return typeof value === 'object' && value !== null ? toDouble(value) : null;
}

/** What was logged, in full, as a user reads it. */
export function exactText(value: Value): string {
  if (value === null) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (typeof value !== 'object') {
    return String(value);
  }
  if ('integer' in value) {
    return value.integer;
  }
  return { NaN: 'NaN', Infinity: '∞', '-Infinity': '−∞' }[value.float];
}

/** What was logged, in about six digits. */
export function shortText(value: Value): string {
  if (typeof value !== 'number' || Number.isInteger(value)) {
    return exactText(value);
  }
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e7) ? value.toExponential(4) : String(Number(value.toPrecision(6)));
}
