import React, { useCallback, useEffect, useRef, useState } from 'react';

import { Plot } from './plot';
import type { ChartProps } from './types';

export type { ChartHandle, ChartMark, ChartProps, ChartSeries } from './types';
export type { Range } from './extent';

/**
 * Lines over x. Drag zooms, shift-drag pans, ctrl-wheel zooms about the pointer, double click shows all. Keys: arrows, `+`, `-`
 * and `0`; with Alt, arrows go from point to point and from line to line, and what is there is said.
 */
export function Chart(props: ChartProps): React.JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const latest = useRef(props);
  const [spoken, setSpoken] = useState('');
  latest.current = props;

  useEffect(() => {
    const element = host.current;
    if (element === null) {
      return;
    }
    const made = new Plot(element, latest.current);
    plot.current = made;
    latest.current.onReady?.(made);
    const sizes = new ResizeObserver(() => made.resize(element.clientWidth));
    sizes.observe(element);
    const stopListening = onThemeChange(() => made.recolor());
    return () => {
      stopListening();
      sizes.disconnect();
      made.dispose();
      plot.current = null;
      latest.current.onReady?.(null);
    };
  }, []);

  useEffect(() => {
    plot.current?.update(props);
  }, [props]);

  const onKeyDown = useCallback((event: React.KeyboardEvent) => {
    const chart = plot.current;
    if (event.ctrlKey || event.metaKey || chart === null) {
      return;
    }
    const step = READING_STEPS[event.key];
    if (event.altKey && step !== undefined) {
      setSpoken(chart.read(...step) ?? '');
    } else if (event.altKey || !chart.press(event.key)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }, []);

  return (
    <>
      <div
        ref={host}
        className="jp-AmlChart"
        role="img"
        aria-label={props.ariaLabel}
        tabIndex={0}
        style={{ height: props.height }}
        onKeyDown={onKeyDown}
      />
      <div className="jp-AmlChart-spoken" role="status">
        {spoken}
      </div>
    </>
  );
}

/** By how many points and lines a key goes on. */
const READING_STEPS: Readonly<Record<string, readonly [points: number, lines: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1]
};

/** Tell when the colours of the page have changed: JupyterLab notes its theme on the body, once the theme is loaded. */
function onThemeChange(tell: () => void): () => void {
  const watcher = new MutationObserver(() => requestAnimationFrame(tell));
  watcher.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-name', 'data-jp-theme-light'] });
  return () => watcher.disconnect();
}
