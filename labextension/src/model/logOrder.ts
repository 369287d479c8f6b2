/** What is needed of a log to order it. */
interface LogPath {
  readonly path: string;
}

/** What is noted about a submitted script, beside it and after it. */
const NOTES = /^(?:azureml-logs\/7[1-9]_|logs\/azureml\/)/;

/** Order logs as v1 did: by the numbers in their paths, then by name. */
export function inOrder<T extends LogPath>(logs: Iterable<T>): T[] {
  return [...logs].sort((one, other) => compareNumbers(one, other) || compareTexts(one.path, other.path));
}

/** The logs whose first number is the highest: those of the latest stage of the run. Notes do not count beside others. */
export function newestGroup<T extends LogPath>(logs: Iterable<T>): T[] {
  const listed = [...logs];
  const printed = listed.filter(log => !NOTES.test(log.path));
  const ordered = inOrder(printed.length > 0 ? printed : listed);
  const last = ordered[ordered.length - 1];
  return last === undefined ? [] : ordered.filter(log => numbersOf(log.path)[0] === numbersOf(last.path)[0]);
}

/**
 * Choose the log to show: the one that was picked; else one of the newest stage, and who reads further up in another one
 * stays there.
 */
export function chooseLog<T extends LogPath>(
  logs: readonly T[],
  shown: { picked: string | null; path: string | null; isFollowing: boolean }
): T | null {
  const find = (path: string | null, among: readonly T[]) => among.find(log => log.path === path);
  const newest = newestGroup(logs);
  return (
    find(shown.picked, logs) ??
    (shown.isFollowing ? undefined : find(shown.path, logs)) ??
    find(shown.path, newest) ??
    newest[0] ??
    null
  );
}

function compareNumbers(one: LogPath, other: LogPath): number {
  const [numbers, others] = [numbersOf(one.path), numbersOf(other.path)];
  for (let place = 0; place < Math.min(numbers.length, others.length); place++) {
    const difference = (numbers[place] ?? 0n) - (others[place] ?? 0n);
    if (difference !== 0n) {
      return difference < 0n ? -1 : 1;
    }
  }
  return numbers.length - others.length;
}

function numbersOf(path: string): bigint[] {
  return Array.from(path.matchAll(/[0-9]{1,18}/g), match => BigInt(match[0]));
}

function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
