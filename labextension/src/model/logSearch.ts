import type { RowBlock } from './logWindow';

/** Where a text was found: the block, the row in it, and the place in the row in UTF-16 units. */
export interface LogMatch {
  readonly block: number;
  readonly row: number;
  readonly start: number;
  readonly end: number;
}

/** More are not looked for. */
export const MAX_MATCHES = 10_000;

/** Find a text in rows, capital or not. */
export function findMatches(blocks: readonly RowBlock[], wanted: string): LogMatch[] {
  const found: LogMatch[] = [];
  if (wanted === '') {
    return found;
  }
  const pattern = new RegExp(wanted.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'), 'giu');
  for (const block of blocks) {
    for (const [row, one] of block.rows.entries()) {
      for (const match of one.text.matchAll(pattern)) {
        if (found.length >= MAX_MATCHES) {
          return found;
        }
        found.push({ block: block.key, row, start: match.index, end: match.index + match[0].length });
      }
    }
  }
  return found;
}

/** The match to go to from one that was shown: its neighbour, in a ring. */
export function nextMatch(count: number, current: number, steps: number): number {
  return count === 0 ? -1 : (current + steps + count) % count;
}
