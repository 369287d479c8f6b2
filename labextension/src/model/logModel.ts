import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import type { Schemas } from '../api/client';
import { LogWindow } from './logWindow';
import type { RowBlock } from './logWindow';

/** How much is read at first, and at once. */
export const PART_BYTES = 128 * 1024;

/** What stays while the end is followed. */
const MAX_FOLLOWED_BYTES = 384 * 1024;
const MAX_FOLLOWED_ROWS = 6_000;

/** What is shown at most, where the user asks for earlier parts. */
export const MAX_SHOWN_BYTES = 2 * 1024 * 1024;
const MAX_SHOWN_ROWS = 30_000;

/** Parts that are read before others have their turn. */
const MAX_READS = 8;

/** What the store knows of the log that is shown. */
export type LogFile = Pick<Schemas['Artifact'], 'path' | 'size_bytes' | 'written_at'>;

/** What is shown of one log: its end, and as much before it as was asked for. All reading is bounded. */
export class LogModel implements IDisposable {
  constructor(options: LogModel.IOptions) {
    this._read = options.read;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get changed(): ISignal<LogModel, void> {
    return this._changed;
  }

  /** The log that is shown. */
  get path(): string | null {
    return this._file?.path ?? null;
  }

  /** How long the file is. */
  get sizeBytes(): number {
    return this._sizeBytes;
  }

  get start(): number {
    return this._window.start;
  }

  get end(): number {
    return this._window.end;
  }

  get blocks(): readonly RowBlock[] {
    return this._window.blocks;
  }

  get rowCount(): number {
    return this._window.rowCount;
  }

  /** Whether it is known which lines of the file the rows are. */
  get isNumbered(): boolean {
    return this._window.isNumbered;
  }

  /** Counts up when what was shown was replaced by something else. */
  get beginCount(): number {
    return this._beginCount;
  }

  /** Counts up when rows were put before those that were shown. */
  get earlierCount(): number {
    return this._window.buildCount;
  }

  /** Why the last reading failed; what was read stays. */
  get error(): string | null {
    return this._error;
  }

  /** Whether the first answer is still awaited. */
  get isLoading(): boolean {
    return this._isReading && this._window.end === 0 && this._error === null;
  }

  get isFollowing(): boolean {
    return this._isFollowing;
  }

  /** Whether the file goes on behind what is shown, because the user reads further up. */
  get isHeld(): boolean {
    return this._window.end < this._sizeBytes && !this._isReading;
  }

  get canLoadEarlier(): boolean {
    return this._window.start > 0 && this._hasRoom();
  }

  /** Show this log, or what it has grown by. */
  async show(file: LogFile): Promise<void> {
    if (file.path !== this._file?.path) {
      this._begin();
      this._sizeBytes = 0;
      this._isFollowing = true;
    }
    const isTouched = file.written_at !== this._file?.written_at || file.size_bytes !== this._file.size_bytes;
    this._file = file;
    if (isTouched || this._error !== null) {
      await this._advance(isTouched);
    }
  }

  /** Stay at the end as the file grows, or stay where the user reads. */
  async follow(isFollowing: boolean): Promise<void> {
    if (isFollowing !== this._isFollowing) {
      this._isFollowing = isFollowing;
      this._keepsEarlier = this._keepsEarlier && !isFollowing;
      this._changed.emit();
    }
    if (isFollowing && this._window.end < this._sizeBytes) {
      await this._advance(true);
    }
  }

  /** Read the part before what is shown. */
  async loadEarlier(): Promise<void> {
    const file = this._file;
    if (file === null || !this.canLoadEarlier || this._isReading) {
      return;
    }
    this._keepsEarlier = true;
    this._isFollowing = false;
    const begun = this._beginCount;
    await this._guard(async signal => {
      const end = this._window.start;
      const start = Math.max(0, end - PART_BYTES);
      const part = await this._read(file.path, start, end - start, signal);
      if (begun === this._beginCount && part.end === end) {
        this._window.prepend(part);
      }
    });
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._abort.abort();
    Signal.clearData(this);
  }

  /** Read on until the end that the store tells, as far as there is room. */
  private async _advance(isTouched: boolean): Promise<void> {
    if (this._isReading) {
      this._isAskedAgain = true;
      return;
    }
    do {
      await this._guard(async signal => {
        let mayBeOther = isTouched;
        for (let count = 0; count < MAX_READS && (await this._readOn(mayBeOther, signal)); count++) {
          mayBeOther = false;
        }
      });
    } while (this._takeAskedAgain() && !this._isDisposed);
  }

  private _takeAskedAgain(): boolean {
    const isAskedAgain = this._isAskedAgain;
    this._isAskedAgain = false;
    return isAskedAgain;
  }

  /** Read one part; say whether there is more to read. */
  private async _readOn(mayBeOther: boolean, signal: AbortSignal): Promise<boolean> {
    const file = this._file;
    if (file === null) {
      return false;
    }
    this._sizeBytes = file.size_bytes;
    if (file.size_bytes < this._window.end) {
      this._begin();
    }
    const growth = file.size_bytes - this._window.end;
    if (this._isFollowing && !this._keepsEarlier && this._window.end > 0 && growth > MAX_FOLLOWED_BYTES) {
      this._begin(); // all that is shown would go at once
    }
    const isFirst = this._window.end === 0;
    if ((growth === 0 && !mayBeOther) || (!this._isFollowing && !isFirst && !this._hasRoom())) {
      return false;
    }
    const overlap = this._window.overlap;
    const start = isFirst ? Math.max(0, file.size_bytes - PART_BYTES) : overlap.start;
    if (isFirst && file.size_bytes === 0) {
      return false;
    }
    const begun = this._beginCount;
    const part = await this._read(file.path, start, PART_BYTES, signal);
    if (this._file?.path !== file.path || begun !== this._beginCount) {
      return this._file !== null;
    }
    this._sizeBytes = Math.max(part.size_bytes, part.end);
    if (isFirst) {
      this._window.append(part);
    } else if (part.start !== overlap.start || !part.text.startsWith(overlap.text)) {
      this._begin(); // it is another file now
      return true;
    } else {
      this._window.append({ start: overlap.end, end: part.end, text: part.text.slice(overlap.text.length) });
    }
    if (this._isFollowing && !this._keepsEarlier) {
      this._window.trim(MAX_FOLLOWED_BYTES, MAX_FOLLOWED_ROWS);
    }
    this._changed.emit();
    return part.end < part.size_bytes && part.end > overlap.end;
  }

  private async _guard(read: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this._isReading = true;
    try {
      await read(this._abort.signal);
      this._error = null;
    } catch (reason) {
      this._error = reason instanceof Error ? reason.message : String(reason);
    } finally {
      this._isReading = false;
    }
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _begin(): void {
    this._window = new LogWindow();
    this._keepsEarlier = false;
    this._beginCount++;
  }

  private _hasRoom(): boolean {
    return this._window.end - this._window.start < MAX_SHOWN_BYTES && this._window.rowCount < MAX_SHOWN_ROWS;
  }

  private readonly _read: LogModel.Read;
  private readonly _abort = new AbortController();
  private readonly _changed = new Signal<this, void>(this);
  private _file: LogFile | null = null;
  private _window = new LogWindow();
  private _sizeBytes = 0;
  private _beginCount = 0;
  private _isFollowing = true;
  private _keepsEarlier = false;
  private _isReading = false;
  private _isAskedAgain = false;
  private _isDisposed = false;
  private _error: string | null = null;
}

export namespace LogModel {
  /** Reads a part of a log; it starts and ends at whole characters. */
  export type Read = (
    path: string,
    start: number,
    maxBytes: number,
    signal: AbortSignal
  ) => Promise<Schemas['LogRange']>;

  export interface IOptions {
    read: Read;
  }
}
