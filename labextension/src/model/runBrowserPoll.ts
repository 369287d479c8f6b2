import type { IDisposable } from '@lumino/disposable';
import { Debouncer, Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';

import type { RunBrowserModel } from './runBrowserModel';

/** The longest pause between two attempts while the server does not answer. */
const MAX_PAUSE_MS = 60_000;
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
      frequency: { interval: options.intervalMs, backoff: true, max: Math.max(MAX_PAUSE_MS, options.intervalMs) },
      standby: () => this._isHidden()
    });
    this._soon = new Debouncer(() => this._refreshIfShown(), REST_MS);
    model.pollWanted.connect(this._onPollWanted, this);
    document.addEventListener('visibilitychange', this._onVisibilityChange);
    void this._poll.start();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Ask this often. */
  setInterval(intervalMs: number): void {
    if (intervalMs !== this._poll.frequency.interval) {
      this._poll.frequency = { interval: intervalMs, backoff: true, max: Math.max(MAX_PAUSE_MS, intervalMs) };
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
    document.removeEventListener('visibilitychange', this._onVisibilityChange);
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

  private readonly _onVisibilityChange = (): void => {
    this.ask();
  };

  private readonly _isHidden: () => boolean;
  private readonly _poll: Poll;
  private readonly _soon: Debouncer;
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
