import type { IDisposable } from '@lumino/disposable';
import { Debouncer, Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';

import { onReturn, setPace } from './asking';
import type { RunBrowserModel } from './runBrowserModel';

/** How long the list must have come to rest before what it lacks is asked for. */
const REST_MS = 250;

/** Lets a model ask, once an interval and never while nobody looks. */
export class RunBrowserPoll implements IDisposable {
  constructor(options: RunBrowserPoll.IOptions) {
    const { model } = options;
    this._isHidden = () => options.isHidden() || document.hidden;
    this._poll = new Poll({
      name: 'aml-widgets:run-browser',
      auto: false,
      factory: () => model.poll(),
      standby: () => this._isHidden()
    });
    setPace(this._poll, options.intervalMs);
    this._soon = new Debouncer(() => this._refreshIfShown(), REST_MS);
    model.pollWanted.connect(this._onPollWanted, this);
    this._return = onReturn(() => this.ask());
    void this._poll.start();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Ask this often. */
  setInterval(intervalMs: number): void {
    if (intervalMs !== this._poll.frequency.interval) {
      setPace(this._poll, intervalMs);
    }
  }

  /** Ask now, unless nobody looks. */
  ask(): void {
    void this._refreshIfShown();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._return.dispose();
    this._soon.dispose();
    this._poll.dispose();
    Signal.disconnectReceiver(this);
  }

  private async _refreshIfShown(): Promise<void> {
    if (!this._isDisposed && !this._isHidden()) {
      await this._poll.refresh();
    }
  }

  private _onPollWanted(): void {
    // An invocation that a later one takes the place of is rejected, and nothing is wrong then.
    this._soon.invoke().catch(() => undefined);
  }

  private readonly _isHidden: () => boolean;
  private readonly _poll: Poll;
  private readonly _soon: Debouncer;
  private readonly _return: IDisposable;
  private _isDisposed = false;
}

export namespace RunBrowserPoll {
  export interface IOptions {
    model: RunBrowserModel;
    /** Whether nobody sees the list. */
    isHidden: () => boolean;
    intervalMs: number;
  }
}
