/** Some cards under one heading; an empty title has no heading. */
export interface CardSection {
  readonly key: string;
  readonly title: string;
  readonly names: readonly string[];
  readonly isCollapsed: boolean;
}

export const PINNED_KEY = '*';
/** Names without a prefix. */
export const PLAIN_KEY = '.';

const PREFIX_KEY = '/';

// What is searched has to be found soon, and nothing can stop an expression that goes back and forth: one that might take
// more than so many steps for a name is refused.
const MAX_PATTERN = 200;
const MAX_STEPS = 2_000_000;
const SEARCHED_LENGTH = 300;

/** Says whether a name is looked for. */
export type NameFilter = (name: string) => boolean;

/** What is wrong with a filter: what the platform says of the expression, or that it may take for ever. */
export class WrongFilter extends Error {
  constructor(
    readonly reason: 'length' | 'syntax' | 'endless',
    message: string
  ) {
    super(message);
    this.name = 'WrongFilter';
  }
}

/** Make a filter; case does not count. Throws `WrongFilter`. */
export function nameFilter(text: string, isPattern: boolean): NameFilter {
  if (text === '') {
    return () => true;
  }
  if (!isPattern) {
    const wanted = text.toLowerCase();
    return name => name.toLowerCase().includes(wanted);
  }
  if (text.length > MAX_PATTERN) {
    throw new WrongFilter('length', String(MAX_PATTERN));
  }
  let pattern: RegExp;
  try {
    pattern = new RegExp(text, 'iu');
  } catch (reason) {
    throw new WrongFilter('syntax', reason instanceof Error ? reason.message : String(reason));
  }
  if (!(stepCount(text, SEARCHED_LENGTH) <= MAX_STEPS)) {
    throw new WrongFilter('endless', '');
  }
  return name => pattern.test(name.slice(0, SEARCHED_LENGTH));
}

/** The section that a metric belongs to, by what stands before the first slash of its name. */
export function sectionKey(name: string): string {
  const slash = name.indexOf('/');
  return slash > 0 && name.slice(0, slash).trim() && slash + 1 < name.length
    ? PREFIX_KEY + name.slice(0, slash)
    : PLAIN_KEY;
}

/**
 * Put metrics into sections: pinned ones, names without a prefix, then one section for each prefix, in the order in which they
 * were logged first. What was looked for lies side by side.
 */
export function arrange(
  names: readonly string[],
  options: { pinned: readonly string[]; collapsed: readonly string[]; wanted?: NameFilter | undefined },
  titles: { pinned: string; others: string }
): CardSection[] {
  const matched = options.wanted ? names.filter(options.wanted) : names;
  const isKnown = new Set(matched);
  const pinned = options.pinned.filter(name => isKnown.has(name));
  const isPinned = new Set(pinned);
  const groups = new Map<string, string[]>([
    [PINNED_KEY, pinned],
    [PLAIN_KEY, []]
  ]);
  for (const name of matched) {
    if (!isPinned.has(name)) {
      const key = options.wanted ? PLAIN_KEY : sectionKey(name);
      const group = groups.get(key);
      if (group === undefined) {
        groups.set(key, [name]);
      } else {
        group.push(name);
      }
    }
  }
  const sections: CardSection[] = [];
  for (const [key, group] of groups) {
    if (group.length > 0) {
      const title =
        key === PINNED_KEY
          ? titles.pinned
          : key === PLAIN_KEY
            ? sections.length > 0
              ? titles.others
              : ''
            : key.slice(PREFIX_KEY.length);
      // Without a heading nobody could open it, and what is found is shown.
      const isCollapsed = title !== '' && !options.wanted && options.collapsed.includes(key);
      sections.push({ key, title, names: group, isCollapsed });
    }
  }
  return sections;
}

/** How many steps an expression may take at most on a text; infinite where that cannot be said. */
function stepCount(text: string, length: number): number {
  if (/\\[1-9]|\\k</.test(text)) {
    return Infinity;
  }
  let plain = text.replace(/\\./gsu, 'x').replace(/\[\^?\]?[^\]]*\]/gu, 'x');
  let count = length; // it is tried from each place
  for (;;) {
    const group = /\((?:\?(?:<\w+>|<?[=!]|:))?([^()]*)\)([*+?]|\{[0-9]*,?[0-9]*\})?/.exec(plain);
    if (group === null) {
      break;
    }
    const content = group[1] ?? '';
    const repeat = group[2] ?? '';
    if (repeat !== '' && repeat !== '?' && /[|*+?{]/.test(content)) {
      return Infinity; // what repeats itself in different ways can be divided in any number of ways
    }
    count *= content.split('|').length;
    plain =
      plain.slice(0, group.index) +
      content.replaceAll('|', 'x') +
      (repeat ? 'x' : '') +
      repeat +
      plain.slice(group.index + group[0].length);
  }
  count *= plain.split('|').length;
  for (const found of plain.matchAll(/([*+?])|\{([0-9]*)(,?)([0-9]*)\}/g)) {
    const [, sign, least, comma, most] = found;
    if (sign) {
      count *= sign === '?' ? 2 : length;
    } else if (comma && !most) {
      count *= Math.max(length, Number(least || 0));
    } else {
      count *= Math.max(1, Number(most || least || 1));
    }
  }
  return count;
}
