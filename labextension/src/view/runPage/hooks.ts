import { useEffect, useReducer, useRef, useState, type RefObject } from 'react';

import type { IRunPageModel } from '../../model/runPageTypes';

const TICK_MS = 1_000;

/** Draw again whenever the model has changed. */
export function useModel(model: IRunPageModel): void {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    model.changed.connect(redraw);
    redraw(); // it may have changed since it was drawn
    return () => {
      model.changed.disconnect(redraw);
    };
  }, [model]);
}

/** The time now, each second while somebody has reason to see it go on. */
export function useNow(isTicking: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isTicking) {
      return;
    }
    const timer = window.setInterval(() => setNow(Date.now()), TICK_MS);
    return () => window.clearInterval(timer);
  }, [isTicking]);
  return Math.max(now, isTicking ? 0 : Date.now());
}

/** Whether an element is in sight, or nearly. */
export function useNear(element: RefObject<HTMLElement | null>): boolean {
  const [isNear, setIsNear] = useState(false);
  useEffect(() => {
    const target = element.current;
    if (target === null) {
      return;
    }
    const watcher = new IntersectionObserver(
      entries => setIsNear(entries[entries.length - 1]?.isIntersecting ?? false),
      { rootMargin: '400px 0px' }
    );
    watcher.observe(target);
    return () => watcher.disconnect();
  }, [element]);
  return isNear;
}

/** Do something that may fail; the reason of the last failure is told until it works. */
export function useAction(): { run: (action: () => Promise<void>) => void; problem: string | null; isBusy: boolean } {
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const isGone = useRef(false);
  useEffect(() => {
    isGone.current = false;
    return () => {
      isGone.current = true;
    };
  }, []);
  const run = (action: () => Promise<void>): void => {
    setIsBusy(true);
    setProblem(null);
    action()
      .catch((reason: unknown) => {
        if (!isGone.current) {
          setProblem(reason instanceof Error ? reason.message : String(reason));
        }
      })
      .finally(() => {
        if (!isGone.current) {
          setIsBusy(false);
        }
      });
  };
  return { run, problem, isBusy };
}
