/** Order names as people do: `epoch 9` before `epoch 10`. Names that differ are never equal. */
export function compareNaturally(one: string, other: string): number {
  return COLLATOR.compare(one, other) || (one < other ? -1 : one > other ? 1 : 0);
}

// Without a language of its own, so that the order is the same for everybody.
const COLLATOR = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
