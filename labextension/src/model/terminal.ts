import { PLAIN, restyled, styleKey } from './terminalStyle';
import type { TextStyle } from './terminalStyle';

/** Characters of one look. */
export interface TextRun {
  readonly text: string;
  readonly style: TextStyle;
}

/** How many characters of a line are kept; of a longer one the end is. */
export const MAX_ROW_LENGTH = 64 * 1024;

/** How many rows from the end can still be written over, by programs that move the cursor up. */
export const LIVE_ROWS = 40;

const MAX_PENDING = 4096;

/* eslint-disable no-control-regex -- these are what is written to a terminal */
const TOKEN =
  /\x1b\[(?<parameters>[0-?]*)(?<between>[ -/]*)(?<final>[@-~])|(?<dropped>\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\)|(?<pending>\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[PX^_][^\x1b]*\x1b?|[ -/]*)?$)|(?<other>\x1b[ -/]*[0-~])|(?<control>[\x00-\x08\x0a-\x1f\x7f-\x9f])|(?<text>[^\x00-\x08\x0a-\x1f\x7f-\x9f]+)/g;
const SPECIAL = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/;
/* eslint-enable no-control-regex */

/** One line as a terminal shows it. Lengths and columns are in characters, one for each code point. */
export class TerminalRow {
  constructor(
    /** How many line ends lie before it in what was fed. */
    public number: number,
    /** Where it begins in all the text that was fed, in UTF-16 units. */
    public startChar: number
  ) {}

  get length(): number {
    return this._length;
  }

  /** How many characters were dropped from its front because it was too long. */
  get cutLength(): number {
    return this._cutLength;
  }

  /** The characters, those of one look together. */
  get runs(): readonly TextRun[] {
    if (this._cells !== null) {
      this._runs = joinCells(this._cells);
      this._cells = null;
    }
    return this._runs;
  }

  /** The characters without their looks. */
  get text(): string {
    return this.runs.map(run => run.text).join('');
  }

  /** Put characters at a column, over what is there. */
  write(column: number, text: string, style: TextStyle): void {
    if (column > this._length) {
      this._append(' '.repeat(column - this._length), PLAIN);
    }
    if (column === this._length) {
      this._append(text, style);
      return;
    }
    const characters = Array.from(text);
    if (column === 0 && characters.length >= this._length) {
      // As a bar of progress does.
      this._cells = null;
      this._runs = [];
      this._length = 0;
      this._append(text, style);
      return;
    }
    this._cells ??= splitRuns(this._runs);
    characters.forEach((character, place) => {
      (this._cells as Cell[])[column + place] = { character, style };
    });
    this._length = Math.max(this._length, column + characters.length);
  }

  /** Make characters blank; those at the end go. */
  erase(start: number, end: number): void {
    if (end < this._length) {
      this.write(start, ' '.repeat(Math.max(0, end - start)), PLAIN);
    } else if (start < this._length) {
      this._cells ??= splitRuns(this._runs);
      this._cells.length = start;
      this._length = start;
    }
  }

  /** Drop the first half of a row that is too long; say how many characters that were. */
  cutFront(): number {
    const dropped = this._length - MAX_ROW_LENGTH / 2;
    const cells = this._cells ?? splitRuns(this._runs);
    this._runs = joinCells(cells.slice(dropped));
    this._cells = null;
    this._length -= dropped;
    this._cutLength += dropped;
    return dropped;
  }

  private _append(text: string, style: TextStyle): void {
    if (text === '') {
      return;
    }
    const last = this._runs[this._runs.length - 1];
    if (this._cells !== null) {
      for (const character of text) {
        this._cells.push({ character, style });
      }
    } else if (last !== undefined && last.style === style) {
      this._runs[this._runs.length - 1] = { text: last.text + text, style };
    } else {
      this._runs.push({ text, style });
    }
    this._length += countCharacters(text);
  }

  private _runs: TextRun[] = [];
  /** While it is written over; then `_runs` counts no more. */
  private _cells: Cell[] | null = null;
  private _length = 0;
  private _cutLength = 0;
}

/**
 * Takes in text as a terminal would, line by line and in any parts. Colours and cursor are carried over from one part to
 * the next. Control characters without a meaning here are shown by their pictures.
 */
export class TerminalScreen {
  /** The rows that can still change. */
  readonly rows: TerminalRow[] = [new TerminalRow(0, 0)];
  /** How many line ends were fed. */
  lineCount = 0;
  /** How much was fed, in UTF-16 units. */
  length = 0;

  /** Take in the text that follows. */
  feed(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this._write(text.slice(start, end));
      this.length += end + 1 - start;
      this._endLine();
      start = end + 1;
    }
    this._write(text.slice(start));
    this.length += text.length - start;
  }

  /** Give the rows, once, that can change no more. */
  takeFinished(): TerminalRow[] {
    return this._finished.splice(0);
  }

  private _endLine(): void {
    this._pending = '';
    this._column = 0;
    this.lineCount++;
    this._place++;
    const last = this.rows[this.rows.length - 1];
    if (this._place === this.rows.length) {
      this.rows.push(new TerminalRow(this.lineCount, this.length));
      const first = this.rows.length > LIVE_ROWS ? this.rows.shift() : undefined;
      if (first !== undefined) {
        this._finished.push(first);
        this._place--;
      }
    } else if (this._place === this.rows.length - 1 && last?.length === 0) {
      // Reached again after the cursor was further up: what is written here is of this line.
      last.number = this.lineCount;
      last.startChar = this.length;
    }
  }

  private _write(text: string): void {
    const whole = this._pending + text;
    this._pending = '';
    if (!SPECIAL.test(whole)) {
      this._put(whole);
      return;
    }
    for (const token of whole.matchAll(TOKEN)) {
      const { text: plain, final, parameters, between, control, pending } = token.groups ?? {};
      if (plain !== undefined) {
        this._put(plain);
      } else if (final !== undefined) {
        if (between === '') {
          this._obey(parameters ?? '', final);
        }
      } else if (control !== undefined) {
        this._control(control);
      } else if (pending !== undefined && pending.length <= MAX_PENDING) {
        this._pending = pending;
      }
    }
  }

  private get _row(): TerminalRow {
    return this.rows[this._place] as TerminalRow;
  }

  private _put(text: string): void {
    if (text === '') {
      return;
    }
    const row = this._row;
    row.write(this._column, text, this._style);
    this._column += countCharacters(text);
    if (row.length > MAX_ROW_LENGTH) {
      this._column = Math.max(0, this._column - row.cutFront());
    }
  }

  private _control(character: string): void {
    if (character === '\r') {
      this._column = 0;
    } else if (character === '\b') {
      this._column = Math.max(0, this._column - 1);
    } else {
      this._put(pictureOf(character));
    }
  }

  /** Do what concerns the rows that are at hand; whatever else there is for a terminal has no meaning in a log. */
  private _obey(parameters: string, final: string): void {
    if (final === 'm') {
      this._restyle(parameters);
      return;
    }
    if (parameters !== '' && !/^[0-9]{1,5}$/.test(parameters)) {
      return;
    }
    const count = Number(parameters);
    const steps = Math.max(1, count);
    const row = this._row;
    if (final === 'K') {
      const [start, end] = count === 0 ? [this._column, row.length] : [0, count === 1 ? this._column + 1 : row.length];
      row.erase(start, end);
    } else if (final === 'J' && count === 0) {
      row.erase(this._column, row.length);
      this.rows.slice(this._place + 1).forEach(below => below.erase(0, below.length));
    } else if (final === 'A' || final === 'F') {
      this._place = Math.max(0, this._place - steps);
    } else if (final === 'B' || final === 'E') {
      this._place = Math.min(this.rows.length - 1, this._place + steps);
    } else if (final === 'C') {
      this._column = Math.min(row.length + 500, this._column + steps);
    } else if (final === 'D') {
      this._column = Math.max(0, this._column - steps);
    } else if (final === 'G') {
      this._column = Math.min(row.length + 500, steps - 1);
    }
    if (final === 'E' || final === 'F') {
      this._column = 0;
    }
  }

  private _restyle(parameters: string): void {
    const style = restyled(this._style, parameters);
    const key = styleKey(style);
    const known = this._styles.get(key);
    if (known === undefined) {
      this._styles.set(key, style);
    }
    this._style = known ?? style;
  }

  private readonly _styles = new Map<string, TextStyle>([[styleKey(PLAIN), PLAIN]]);
  private readonly _finished: TerminalRow[] = [];
  private _style: TextStyle = PLAIN;
  private _pending = '';
  private _column = 0;
  private _place = 0;
}

interface Cell {
  readonly character: string;
  readonly style: TextStyle;
}

function splitRuns(runs: readonly TextRun[]): Cell[] {
  return runs.flatMap(run => Array.from(run.text, character => ({ character, style: run.style })));
}

function joinCells(cells: readonly Cell[]): TextRun[] {
  const runs: TextRun[] = [];
  let parts: string[] = [];
  cells.forEach((cell, place) => {
    parts.push(cell.character);
    if (cells[place + 1]?.style !== cell.style) {
      runs.push({ text: parts.join(''), style: cell.style });
      parts = [];
    }
  });
  return runs;
}

function countCharacters(text: string): number {
  return /[\ud800-\udbff]/.test(text) ? Array.from(text).length : text.length;
}

/** Show a control character by its picture; those beyond ASCII have none. */
function pictureOf(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd';
}
