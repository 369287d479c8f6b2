import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import type { Poll } from '@lumino/polling';

/** The longest pause between two attempts while the server does not answer. */
const MAX_PAUSE_MS = 15_000;

/**
 * Let a poll ask at an interval, and less often while there are no answers.
 *
 * To be called when the poll is made: its constructor makes the longest pause 30 seconds where less is asked for.
 */
export function setPace(poll: Poll, intervalMs: number): void {
  poll.frequency = { interval: intervalMs, backoff: true, max: Math.max(MAX_PAUSE_MS, intervalMs) };
}

/** Do something when the browser tab is seen again or the network is back: whoever waits to ask again need wait no longer. */
export function onReturn(act: () => void): IDisposable {
  const onVisibilityChange = (): void => {
    if (!document.hidden) {
      act();
    }
  };
  document.addEventListener('visibilitychange', onVisibilityChange);
  window.addEventListener('online', act);
  return new DisposableDelegate(() => {
    document.removeEventListener('visibilitychange', onVisibilityChange);
    window.removeEventListener('online', act);
  });
}
