import * as React from 'react';

import type { LogModel } from '../../model/logModel';

/** How close to the end counts as being there, in pixels. */
const END_DISTANCE = 4;

export interface IScroll {
  scroller: React.RefObject<HTMLDivElement>;
  text: React.RefObject<HTMLDivElement>;
  hasNews: boolean;
  onScroll: () => void;
}

/** Stay at the end while the log is followed, and else at the place that is read. */
export function useScroll(log: LogModel, wraps: boolean): IScroll {
  const scroller = React.useRef<HTMLDivElement>(null);
  const text = React.useRef<HTMLDivElement>(null);
  const last = React.useRef({ height: 0, top: 0, earlier: log.earlierCount, wraps });
  const seenEnd = React.useRef(log.end);
  if (log.isFollowing) {
    seenEnd.current = log.end;
  }
  const keepPlace = React.useCallback(() => {
    const box = scroller.current;
    if (box === null) {
      return;
    }
    if (log.isFollowing) {
      box.scrollTop = box.scrollHeight;
    } else if (last.current.earlier !== log.earlierCount) {
      box.scrollTop = last.current.top + box.scrollHeight - last.current.height;
    } else if (last.current.wraps !== wraps && last.current.height > 0) {
      box.scrollTop = (last.current.top / last.current.height) * box.scrollHeight;
    }
    last.current = { height: box.scrollHeight, top: box.scrollTop, earlier: log.earlierCount, wraps };
  }, [log, wraps]);
  React.useLayoutEffect(keepPlace);
  React.useEffect(() => {
    const observer = new ResizeObserver(keepPlace);
    for (const element of [scroller.current, text.current]) {
      if (element !== null) {
        observer.observe(element);
      }
    }
    return () => {
      observer.disconnect();
    };
  }, [keepPlace]);
  const onScroll = () => {
    const box = scroller.current;
    if (box === null || box.clientHeight === 0) {
      return;
    }
    const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < END_DISTANCE;
    // Only what the user scrolled: a box that grows is not at its end until the effect above has run.
    if (box.scrollHeight === last.current.height && isAtEnd !== log.isFollowing) {
      void log.follow(isAtEnd);
    }
    last.current.top = box.scrollTop;
  };
  return { scroller, text, hasNews: log.end > seenEnd.current, onScroll };
}
