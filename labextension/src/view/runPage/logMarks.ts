import type { LogMatch } from '../../model/logSearch';

/** Names of the highlights that the style sheet colours. */
const ALL = 'jp-AmlRunPage-match';
const NOW = 'jp-AmlRunPage-match-now';
const MARKED_ROW = 'jp-AmlRunPage-mod-found';

/** Marks what was found in the text of a log, without changing the text. */
export class LogMarks {
  /** Mark these matches, the one at `current` in another colour. */
  paint(root: HTMLElement, matches: readonly LogMatch[], current: number): void {
    this.clear();
    for (const [place, match] of matches.entries()) {
      const row = findRow(root, match);
      const range = row === null ? null : rangeIn(row, match);
      if (range !== null) {
        this._add(place === current ? NOW : ALL, range);
      }
    }
    const shown = matches[current];
    const row = shown === undefined ? null : findRow(root, shown);
    if (row !== null) {
      row.classList.add(MARKED_ROW);
      this._row = row;
    }
  }

  clear(): void {
    for (const [name, range] of this._painted.splice(0)) {
      highlightOf(name)?.delete(range);
    }
    this._row?.classList.remove(MARKED_ROW);
    this._row = null;
  }

  private _add(name: string, range: Range): void {
    highlightOf(name)?.add(range);
    this._painted.push([name, range]);
  }

  private readonly _painted: [string, Range][] = [];
  private _row: Element | null = null;
}

/** Bring a match into sight; a long line is shown whole for it. Tells before it scrolls, for a followed log goes back. */
export function revealMatch(root: HTMLElement, scroller: HTMLElement, match: LogMatch, letGo: () => void): void {
  const row = findRow(root, match);
  if (row === null) {
    return;
  }
  row.querySelector<HTMLElement>('button[aria-expanded="false"]')?.click();
  const found = (rangeIn(row, match) ?? row).getBoundingClientRect();
  const box = scroller.getBoundingClientRect();
  if (found.top < box.top + 20 || found.bottom > box.bottom - 20) {
    letGo();
    scroller.scrollTop += found.top - box.top - box.height / 2;
  }
  if (found.left < box.left + 20 || found.right > box.right - 20) {
    scroller.scrollLeft += found.left - box.left - box.width / 2;
  }
}

function findRow(root: HTMLElement, match: LogMatch): Element | null {
  return root.querySelector(`[data-block="${match.block}"]`)?.children[match.row] ?? null;
}

/** Find the place of a match in what is drawn of its row; null where that part is folded away. */
function rangeIn(row: Element, match: LogMatch): Range | null {
  if (row.querySelector('button[aria-expanded="false"]') !== null) {
    return null;
  }
  const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  let place = 0;
  let hasStart = false;
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (node.parentElement?.closest('button, .jp-AmlRunPage-logCut')) {
      continue;
    }
    const end = place + (node.nodeValue?.length ?? 0);
    if (!hasStart && match.start < end) {
      range.setStart(node, match.start - place);
      hasStart = true;
    }
    if (hasStart && match.end <= end) {
      range.setEnd(node, match.end - place);
      return range;
    }
    place = end;
  }
  return null;
}

/** Null where the browser has no highlights; then the row alone is marked. */
function highlightOf(name: string): Highlight | null {
  if (typeof Highlight === 'undefined') {
    return null;
  }
  let highlight = CSS.highlights.get(name);
  if (highlight === undefined) {
    highlight = new Highlight();
    CSS.highlights.set(name, highlight);
  }
  return highlight;
}
