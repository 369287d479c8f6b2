import { defaultRangeExtractor, useVirtualizer, type Range } from '@tanstack/react-virtual';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { RunBrowserModel } from '../../model/runBrowserModel';
import type { Item } from '../../model/runBrowserSelection';
import { hasEnded } from '../../model/runQuery';
import { layOut } from './columns';
import { handleKey } from './keys';
import { HeadLine, Line } from './rows';

/** Lines beyond those in sight that are there already when the list is scrolled. */
const OVERSCAN = 8;
/** How often the times of runs that go on are told anew, and those of others. */
const LIVE_TICK_MS = 1_000;
const CALM_TICK_MS = 20_000;

export interface IGridProps {
  model: RunBrowserModel;
  trans: TranslationBundle;
  onOpen: (item: Item) => void;
  /** Go to where one searches. */
  onSearch: () => void;
}

let gridCount = 0;

/** The list of runs: as many lines as are in sight, of however many there are. */
export function Grid(props: IGridProps): React.JSX.Element {
  const { model, trans } = props;
  const { items, selection, settings } = model;
  const scroller = React.useRef<HTMLDivElement>(null);
  const [gridId] = React.useState(() => `jp-AmlRunBrowser-grid-${(gridCount += 1)}`);
  const widthPx = useWidth(scroller);
  const layout = React.useMemo(
    () => layOut(widthPx, settings, { metric: model.metric, isTree: model.isTree }),
    [widthPx, settings, model.metric, model.isTree]
  );
  const activeIndex = selection.active === null ? -1 : items.indexOf(selection.active);

  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => layout.rowPx,
    overscan: OVERSCAN,
    paddingStart: layout.headPx,
    scrollPaddingStart: layout.headPx,
    // The line with the keyboard is always there: `aria-activedescendant` names it.
    rangeExtractor: (range: Range) => {
      const shown = defaultRangeExtractor(range);
      return activeIndex < 0 || shown.includes(activeIndex) ? shown : [...shown, activeIndex].sort((a, b) => a - b);
    }
  });
  React.useLayoutEffect(() => virtualizer.measure(), [virtualizer, layout.rowPx, layout.headPx]);
  useAnchor(scroller, model, layout);
  // A list that goes away under the pointer tells nobody that the pointer left it.
  React.useEffect(() => () => model.hold(false), [model]);

  const lines = virtualizer.getVirtualItems().flatMap(line => {
    const item = items.at(line.index);
    return item === null ? [] : [{ item, index: line.index, startPx: line.start }];
  });
  const first = lines[0]?.index ?? 0;
  const last = lines.at(-1)?.index ?? -1;
  // After each rendering: what is in sight may lack something else, although the same lines are shown.
  React.useEffect(() => model.setWindow(first, last));
  const nowSeconds = useNow(
    scroller,
    lines.some(({ item }) => item.kind === 'run' && !hasEnded(item.run.status))
  );

  const itemOf = (event: React.SyntheticEvent): { item: Item; index: number } | null => {
    const line = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-index]') : null;
    const index = Number(line?.dataset['index'] ?? -1);
    const item = items.at(index);
    return item === null ? null : { item, index };
  };

  const onClick = (event: React.MouseEvent): void => {
    const hit = itemOf(event);
    if (hit === null) {
      return;
    }
    model.select(chosen => {
      if (event.shiftKey) {
        chosen.extend(items, hit.index);
      } else if (event.ctrlKey || event.metaKey) {
        chosen.toggle(hit.item);
      } else {
        chosen.pick(hit.item);
      }
    });
    if (hit.item.kind === 'experiment' && event.detail === 1) {
      void model.setOpen(hit.item.experiment.experiment_id, !hit.item.isOpen);
    }
  };

  return (
    <div
      ref={scroller}
      className={`jp-AmlRunBrowser-grid ${layout.isWide ? 'jp-AmlRunBrowser-mod-wide' : 'jp-AmlRunBrowser-mod-narrow'}`}
      role="treegrid"
      tabIndex={0}
      data-view={settings.view}
      aria-label={trans.__('Runs')}
      aria-multiselectable="true"
      aria-rowcount={items.length + (layout.isWide ? 1 : 0)}
      aria-activedescendant={activeIndex < 0 ? undefined : lineId(gridId, activeIndex)}
      onClick={onClick}
      onDoubleClick={event => {
        const hit = itemOf(event);
        if (hit?.item.kind === 'run') {
          props.onOpen(hit.item);
        }
      }}
      onContextMenu={event => {
        const hit = itemOf(event);
        if (hit !== null && !selection.has(hit.item)) {
          model.select(chosen => chosen.pick(hit.item));
        }
      }}
      onKeyDown={event =>
        handleKey(event.nativeEvent, {
          model,
          pageLines: Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / layout.rowPx) - 1),
          reveal: index => virtualizer.scrollToIndex(index),
          onOpen: props.onOpen,
          onSearch: props.onSearch,
          lineOf: index => document.getElementById(lineId(gridId, index))
        })
      }
    >
      <div
        className="jp-AmlRunBrowser-canvas"
        role="presentation"
        style={{ height: virtualizer.getTotalSize(), minWidth: layout.minPx }}
        onPointerEnter={() => model.hold(true)}
        onPointerLeave={() => model.hold(false)}
      >
        {layout.isWide && (
          <HeadLine
            layout={layout}
            trans={trans}
            order={settings.order}
            onOrder={order => model.setSettings({ order: { ...settings.order, ...order } })}
          />
        )}
        {lines.map(({ item, index, startPx }) => (
          <Line
            key={item.key}
            id={lineId(gridId, index)}
            index={index}
            startPx={startPx}
            item={item}
            layout={layout}
            isSelected={selection.has(item)}
            isActive={index === activeIndex}
            sparkline={item.kind === 'run' ? model.sparklines.get(item.run.run_id) : null}
            nowSeconds={nowSeconds}
            trans={trans}
          />
        ))}
      </div>
    </div>
  );
}

function lineId(gridId: string, index: number): string {
  return `${gridId}-${index}`;
}

/** Width of an element, as it is now. */
function useWidth(element: React.RefObject<HTMLElement>): number {
  const [width, setWidth] = React.useState(0);
  React.useLayoutEffect(() => {
    const node = element.current;
    if (node === null) {
      return;
    }
    const measure = (): void => {
      // Hidden it has none, and comes back as it was.
      if (node.clientWidth > 0) {
        setWidth(node.clientWidth);
      }
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

/** Seconds since the epoch; told anew from time to time while somebody sees it. */
function useNow(element: React.RefObject<HTMLElement>, isLive: boolean): number {
  const [, tell] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const timer = window.setInterval(
      () => {
        if (element.current?.offsetParent != null && !document.hidden) {
          tell();
        }
      },
      isLive ? LIVE_TICK_MS : CALM_TICK_MS
    );
    return () => window.clearInterval(timer);
  }, [element, isLive]);
  return Date.now() / 1000;
}

/** Keep in sight what is in sight when lines come or go above it; begin at the top when something else is listed. */
function useAnchor(
  scroller: React.RefObject<HTMLElement>,
  model: RunBrowserModel,
  layout: { rowPx: number; headPx: number }
): void {
  const { items, settings } = model;
  const anchor = React.useRef<{ key: string; offsetPx: number } | null>(null);
  const listed = React.useRef(settings);

  React.useLayoutEffect(() => {
    const node = scroller.current;
    if (node === null) {
      return;
    }
    if (listed.current !== settings) {
      listed.current = settings;
      anchor.current = null;
      node.scrollTop = 0;
    } else if (anchor.current !== null && node.scrollTop > 0) {
      const index = items.indexOf(anchor.current.key);
      const wanted = index * layout.rowPx - anchor.current.offsetPx;
      if (index >= 0 && Math.abs(wanted - node.scrollTop) >= 1) {
        node.scrollTop = wanted;
      }
    }
    const remember = (): void => {
      const index = Math.floor(node.scrollTop / layout.rowPx);
      const item = node.scrollTop > 0 ? items.at(index) : null;
      anchor.current =
        item === null || item.kind === 'gap'
          ? null
          : { key: item.key, offsetPx: index * layout.rowPx - node.scrollTop };
    };
    remember();
    node.addEventListener('scroll', remember, { passive: true });
    return () => node.removeEventListener('scroll', remember);
  }, [scroller, items, settings, layout.rowPx, layout.headPx]);
}
