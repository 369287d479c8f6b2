import React, { useCallback, useEffect, useRef } from 'react';

import { Plot } from './plot';
import type { ChartProps } from './types';

export type { ChartMark, ChartProps, ChartSeries } from './types';
export type { Range } from './extent';

/** Lines over x. Drag zooms, shift-drag pans, ctrl-wheel zooms about the pointer, double click shows all; keys: arrows, +, -, 0. */
export function Chart(props: ChartProps): React.JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const element = host.current;
    if (element === null) {
      return;
    }
    const made = new Plot(element, latest.current);
    plot.current = made;
    const sizes = new ResizeObserver(() => made.resize(element.clientWidth));
    sizes.observe(element);
    const stopListening = onThemeChange(() => made.recolor());
    return () => {
      stopListening();
      sizes.disconnect();
      made.dispose();
      plot.current = null;
    };
  }, []);

  useEffect(() => {
    plot.current?.update(props);
  }, [props]);

  const onKeyDown = useCallback((event: React.KeyboardEvent) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && plot.current?.press(event.key)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, []);

  return (
    <div
      ref={host}
      className="jp-AmlChart"
      role="img"
      aria-label={props.ariaLabel}
      tabIndex={0}
      style={{ height: props.height }}
      onKeyDown={onKeyDown}
    />
  );
}

/** Tell when the colours of the page have changed: JupyterLab notes its theme on the body, once the theme is loaded. */
function onThemeChange(tell: () => void): () => void {
  const watcher = new MutationObserver(() => requestAnimationFrame(tell));
  watcher.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-name', 'data-jp-theme-light'] });
  return () => watcher.disconnect();
}
