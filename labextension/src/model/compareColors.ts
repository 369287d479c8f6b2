/** How many colours tell lines apart at a glance. */
const SLOTS = 10;

/**
 * Give each run a place among the colours: the one that its id asks for, wherever it is compared, or the next that is free
 * where another run of the same comparison came first. Hiding or filtering runs changes no colour.
 */
export function colorPlaces(runIds: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const taken = new Set<number>();
  for (const runId of runIds) {
    const wanted = hashOf(runId) % SLOTS;
    let place = Array.from({ length: SLOTS }, (_, step) => (wanted + step) % SLOTS).find(one => !taken.has(one));
    place ??= taken.size;
    taken.add(place);
    places.set(runId, place);
  }
  return places;
}

function hashOf(text: string): number {
  let hash = 0;
  for (const character of text) {
    hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  }
  return hash;
}
