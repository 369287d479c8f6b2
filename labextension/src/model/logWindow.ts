import { TerminalScreen } from './terminal';
import type { TerminalRow } from './terminal';

/** A part of a file, as text. */
export interface TextPart {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Rows that are drawn together. While its rows stay the same, it stays the same object. */
export interface RowBlock {
  readonly key: number;
  readonly rows: readonly TerminalRow[];
}

/** How many rows a block has. */
const BLOCK_ROWS = 100;

const MAX_OVERLAP = 64;

/** A stretch of a file without gaps, as a terminal shows it. It grows at both ends and can be cut at the front. */
export class LogWindow {
  /** How often the rows were made anew. */
  buildCount = 0;

  /** Where it begins in the file, in bytes. */
  get start(): number {
    return this._parts[0]?.start ?? 0;
  }

  /** Where it ends in the file, in bytes. */
  get end(): number {
    return this._parts[this._parts.length - 1]?.end ?? 0;
  }

  /** How many rows are shown. */
  get rowCount(): number {
    return this.blocks.reduce((sum, block) => sum + block.rows.length, 0);
  }

  /** Whether a row's `number` is that of its line in the file: it is where the rows were made from the file's start on. */
  get isNumbered(): boolean {
    return this._isFromStart;
  }

  /** What to draw. The last block is another one whenever anything was put in. */
  get blocks(): readonly RowBlock[] {
    this._blocks ??= [...this._closed, { key: this._nextKey, rows: [...this._open, ...this._liveRows()] }];
    return this._blocks;
  }

  /** The end of what is here, by which to see that a file still is the one that was read. */
  get overlap(): TextPart {
    const last = this._parts[this._parts.length - 1];
    if (last === undefined || !last.isExact) {
      return { start: this.end, end: this.end, text: '' };
    }
    let text = last.text.slice(-MAX_OVERLAP);
    if (/^[\udc00-\udfff]/.test(text)) {
      text = text.slice(1);
    }
    return { start: this.end - utf8Length(text), end: this.end, text };
  }

  /** Put a part behind the end. */
  append(part: TextPart): void {
    if (part.text === '' && part.end === part.start) {
      return;
    }
    this._isFromStart = this._parts.length === 0 ? part.start === 0 : this._isFromStart;
    this._parts.push(measure(part));
    this._feed(part.text);
  }

  /** Put a part before the start. All rows are made anew, since colours go on from one part to the next. */
  prepend(part: TextPart): void {
    this._parts.unshift(measure(part));
    this._isFromStart = part.start === 0;
    this._screen = new TerminalScreen();
    this._origin = 0;
    this._closed = [];
    this._open = [];
    this.buildCount++;
    this._feed(this._parts.map(one => one.text).join(''));
  }

  /** Let whole blocks go at the front until at most so much is left. */
  trim(maxBytes: number, maxRows: number): void {
    let dropped = 0;
    let rowCount = this.rowCount;
    for (const block of this._closed) {
      const start = this._byteOf(block.rows[0]?.startChar ?? 0) ?? this.start;
      if (this.end - start <= maxBytes && rowCount <= maxRows) {
        break;
      }
      rowCount -= block.rows.length;
      dropped++;
    }
    // Where what was read holds bytes that are no text, the place of a row in the file is not known.
    while (dropped > 0) {
      const first = this._closed[dropped]?.rows[0] ?? this._open[0] ?? this._liveRows()[0];
      if (first !== undefined && this._cutBefore(first.startChar)) {
        this._closed = this._closed.slice(dropped);
        this._blocks = null;
        return;
      }
      dropped--;
    }
  }

  private _feed(text: string): void {
    this._screen.feed(text);
    this._open.push(...this._screen.takeFinished());
    while (this._open.length >= BLOCK_ROWS) {
      this._closed = [...this._closed, { key: this._nextKey++, rows: this._open.splice(0, BLOCK_ROWS) }];
    }
    this._blocks = null;
  }

  /** The rows that can still change, without an empty one at the end, in which nothing was written yet. */
  private _liveRows(): TerminalRow[] {
    const rows = this._screen.rows;
    return rows[rows.length - 1]?.length === 0 ? rows.slice(0, -1) : rows;
  }

  /** Find the byte where a character lies in the file. */
  private _byteOf(char: number): number | null {
    let before = this._origin;
    for (const part of this._parts) {
      if (char < before + part.text.length) {
        const inside = char - before;
        return inside <= 0 ? part.start : part.isExact ? part.start + utf8Length(part.text.slice(0, inside)) : null;
      }
      before += part.text.length;
    }
    return this.end;
  }

  private _cutBefore(char: number): boolean {
    const byte = this._byteOf(char);
    if (byte === null) {
      return false;
    }
    for (let first = this._parts[0]; first !== undefined; first = this._parts[0]) {
      const inside = char - this._origin;
      if (inside < first.text.length) {
        this._parts[0] = { ...first, start: byte, text: first.text.slice(inside) };
        this._origin += inside;
        break;
      }
      this._origin += first.text.length;
      this._parts.shift();
    }
    return true;
  }

  private _parts: MeasuredPart[] = [];
  private _screen = new TerminalScreen();
  private _isFromStart = false;
  /** How many characters were fed before the first part that is kept. */
  private _origin = 0;
  private _closed: RowBlock[] = [];
  /** Finished rows, too few yet for a block. */
  private _open: TerminalRow[] = [];
  private _blocks: readonly RowBlock[] | null = null;
  private _nextKey = 0;
}

interface MeasuredPart extends TextPart {
  /** Whether each of its bytes is in the text: what is no UTF-8 was replaced. */
  readonly isExact: boolean;
}

function measure(part: TextPart): MeasuredPart {
  return { ...part, isExact: utf8Length(part.text) === part.end - part.start };
}

/** How many bytes a text has in UTF-8. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    if (code >= 0x80) {
      length++;
    }
    if (code >= 0x800 && (code < 0xd800 || code >= 0xe000)) {
      length++;
    }
  }
  return length; // each half of a pair counts two, which makes the four bytes of both
}
