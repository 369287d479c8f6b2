import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Schemas } from '../../api/client';
import { shownName } from '../../model/names';
import type { Item } from '../../model/runBrowserSelection';
import { columnId, hasEnded, nameOf, type RunRow } from '../../model/runQuery';
import type { RowLayout } from './columns';
import { ageText, cellText, columnTitle, momentText, tagsText, timesText, timeText, valueTexts } from './formats';
import { StatusIcon } from './icons';
import { Sparkline } from './sparkline';

/** As many characters of a name as are told to who points at it. */
const MAX_TITLE = 1_000;

/** What each line is given. */
interface ILineProps {
  id: string;
  index: number;
  /** Distance from the top. */
  startPx: number;
  layout: RowLayout;
  isSelected: boolean;
  isActive: boolean;
  trans: TranslationBundle;
}

/** One line of the list: an experiment, a run, or the room of a run that is not read yet. */
export function Line(
  props: ILineProps & { item: Item; sparkline: Schemas['Sparkline'] | null; nowSeconds: number }
): React.JSX.Element {
  const { item, sparkline, nowSeconds, ...line } = props;
  switch (item.kind) {
    case 'experiment':
      return <ExperimentLine {...line} experiment={item.experiment} isOpen={item.isOpen} nowSeconds={nowSeconds} />;
    case 'run':
      return <RunLine {...line} run={item.run} level={item.level} sparkline={sparkline} nowSeconds={nowSeconds} />;
    case 'gap':
      return (
        <div {...lineAttributes(line, 'gap')} aria-level={item.level} aria-busy="true">
          <span role="gridcell" className="jp-AmlRunBrowser-gap">
            {props.trans.__('Loading…')}
          </span>
        </div>
      );
  }
}

/** The names of the columns; a click orders by one. */
export function HeadLine(props: {
  layout: RowLayout;
  trans: TranslationBundle;
  order: Required<Schemas['Order']>;
  onOrder: (order: Schemas['Order']) => void;
}): React.JSX.Element {
  const { layout, trans } = props;
  const head = (title: string, order: Schemas['Order'] | null, key: string, className = ''): React.JSX.Element => (
    <HeadCell
      key={key}
      title={title}
      className={className}
      order={order}
      current={props.order}
      trans={trans}
      onOrder={props.onOrder}
    />
  );
  return (
    <div
      className="jp-AmlRunBrowser-head"
      role="row"
      aria-rowindex={1}
      style={{ gridTemplateColumns: layout.template }}
    >
      {head(trans.__('Name'), { by: 'name' }, 'name', 'jp-AmlRunBrowser-nameCell')}
      {layout.metric !== null && (
        <>
          {head(layout.metric, null, 'sparkline')}
          {head(trans.__('Last'), { by: 'metric', metric: layout.metric, of: 'last' }, 'last', RIGHT)}
        </>
      )}
      {layout.columns.map(column => {
        const title = columnTitle(column, trans);
        if (column.kind === 'metric') {
          return head(title, { by: 'metric', metric: column.name, of: column.of }, columnId(column), RIGHT);
        }
        const by = column.key;
        const isOrder = by === 'status' || by === 'duration' || by === 'created';
        return head(title, isOrder ? { by } : null, columnId(column));
      })}
      {head(trans.__('Time'), { by: 'created' }, 'time', RIGHT)}
    </div>
  );
}

const RIGHT = 'jp-AmlRunBrowser-mod-right';

function HeadCell(props: {
  title: string;
  className: string;
  order: Schemas['Order'] | null;
  current: Required<Schemas['Order']>;
  trans: TranslationBundle;
  onOrder: (order: Schemas['Order']) => void;
}): React.JSX.Element {
  const { order, current, title } = props;
  const className = `jp-AmlRunBrowser-headCell ${props.className}`;
  if (order === null) {
    return (
      <span role="columnheader" className={className} title={title}>
        {title}
      </span>
    );
  }
  const isCurrent =
    order.by === current.by &&
    (order.by !== 'metric' || (order.metric === current.metric && (order.of ?? 'last') === current.of));
  const direction = current.is_descending ? 'descending' : 'ascending';
  const isDescending = isCurrent ? !current.is_descending : order.by !== 'name';
  return (
    <span role="columnheader" className={className} aria-sort={isCurrent ? direction : 'none'}>
      <button
        type="button"
        tabIndex={-1}
        title={props.trans.__('Order by %1', title)}
        onClick={() => props.onOrder({ ...order, is_descending: isDescending })}
      >
        <span>{title}</span>
        {isCurrent && <span aria-hidden="true">{current.is_descending ? '▾' : '▴'}</span>}
      </button>
    </span>
  );
}

function ExperimentLine(
  props: ILineProps & { experiment: Schemas['Experiment']; isOpen: boolean; nowSeconds: number }
): React.JSX.Element {
  const { experiment, trans } = props;
  const Caret = props.isOpen ? caretDownIcon : caretRightIcon;
  const count = trans._n('%2 run', '%2 runs', experiment.run_count, experiment.run_count.toLocaleString());
  const age = experiment.last_run_at === null ? '' : ageText(props.nowSeconds - experiment.last_run_at, trans);
  const isArchived = experiment.archived_at !== null;
  return (
    <div {...lineAttributes(props, 'experiment')} aria-level={1} aria-expanded={props.isOpen}>
      <span role="gridcell" className="jp-AmlRunBrowser-nameCell" title={shownName(experiment.name, MAX_TITLE)}>
        <Caret.react tag="span" className="jp-AmlRunBrowser-caret" width="16px" height="16px" />
        <bdi className="jp-AmlRunBrowser-name">{shownName(experiment.name)}</bdi>
      </span>
      <span role="gridcell" className="jp-AmlRunBrowser-counts">
        {isArchived && <span>{trans.__('archived')}</span>}
        {experiment.active_count > 0 && (
          <span
            className="jp-AmlRunBrowser-active"
            title={trans._n('%1 run goes on', '%1 runs go on', experiment.active_count)}
          >
            {trans.__('%1 running', experiment.active_count.toLocaleString())}
          </span>
        )}
        <span>{count}</span>
        {age !== '' && (
          <span className="jp-AmlRunBrowser-time" title={momentText(experiment.last_run_at ?? 0)}>
            {age}
          </span>
        )}
      </span>
    </div>
  );
}

function RunLine(
  props: ILineProps & { run: RunRow; level: number; sparkline: Schemas['Sparkline'] | null; nowSeconds: number }
): React.JSX.Element {
  const { run, layout, trans, nowSeconds } = props;
  const isLive = !hasEnded(run.status);
  const name = (
    <span role="gridcell" className="jp-AmlRunBrowser-nameCell" title={nameTitle(run, trans)}>
      <StatusIcon status={run.status} trans={trans} />
      <bdi className="jp-AmlRunBrowser-name">{shownName(nameOf(run))}</bdi>
      {layout.isWide && layout.showsExperiment && (
        <bdi className="jp-AmlRunBrowser-experimentName">{shownName(run.experiment_name)}</bdi>
      )}
    </span>
  );
  const time = (
    <span
      role="gridcell"
      className={`jp-AmlRunBrowser-time ${isLive ? 'jp-AmlRunBrowser-mod-live' : ''}`}
      title={timesText(run, nowSeconds, trans)}
    >
      {timeText(run, nowSeconds, trans)}
    </span>
  );
  const attributes = { ...lineAttributes(props, 'run'), 'aria-level': props.level };
  if (layout.isWide) {
    return (
      <div {...attributes}>
        {name}
        <MetricCells {...props} isLive={isLive} />
        {layout.columns.map(column => {
          const { text, title } = cellText(run, column, nowSeconds, trans);
          const className = column.kind === 'metric' ? 'jp-AmlRunBrowser-value' : 'jp-AmlRunBrowser-cell';
          return (
            <span key={columnId(column)} role="gridcell" className={className} title={title}>
              <bdi>{text}</bdi>
            </span>
          );
        })}
        {time}
      </div>
    );
  }
  return (
    <div {...attributes}>
      <span className="jp-AmlRunBrowser-firstLine" role="presentation">
        {name}
        {time}
      </span>
      <span className="jp-AmlRunBrowser-secondLine" role="presentation">
        {layout.showsExperiment && (
          <span role="gridcell" className="jp-AmlRunBrowser-cell" title={shownName(run.experiment_name, MAX_TITLE)}>
            <bdi>{shownName(run.experiment_name)}</bdi>
          </span>
        )}
        {layout.columns.map(column => {
          const { text } = cellText(run, column, nowSeconds, trans);
          const label = trans.__('%1: %2', columnTitle(column, trans), text);
          return text === '' ? null : (
            <span key={columnId(column)} role="gridcell" className="jp-AmlRunBrowser-cell" title={label}>
              <bdi>{column.kind === 'metric' ? label : text}</bdi>
            </span>
          );
        })}
        <MetricCells {...props} isLive={isLive} />
      </span>
    </div>
  );
}

/** Sparkline and last value of the chosen metric. */
function MetricCells(props: {
  run: RunRow;
  layout: RowLayout;
  sparkline: Schemas['Sparkline'] | null;
  isLive: boolean;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { run, layout, sparkline, trans } = props;
  const { metric } = layout;
  if (metric === null) {
    return null;
  }
  const cell = run.metrics[metric];
  const last = valueTexts(cell?.last ?? null);
  const label = cell === undefined ? '' : trans.__('%1: %2', metric, last.title);
  return (
    <>
      <span role="gridcell" className="jp-AmlRunBrowser-sparklineCell" title={label}>
        {sparkline !== null && sparkline.values.length > 0 && (
          <Sparkline values={sparkline.values} isLive={props.isLive} />
        )}
      </span>
      <span role="gridcell" className="jp-AmlRunBrowser-value" title={label}>
        <bdi>{last.text}</bdi>
      </span>
    </>
  );
}

function nameTitle(run: RunRow, trans: TranslationBundle): string {
  const lines = [
    run.number === 0
      ? trans.__('%1 (of %2)', shownName(nameOf(run), MAX_TITLE), shownName(run.experiment_name, MAX_TITLE))
      : trans.__(
          '%1 (run %2 of %3)',
          shownName(nameOf(run), MAX_TITLE),
          run.number,
          shownName(run.experiment_name, MAX_TITLE)
        ),
    run.run_id,
    Object.keys(run.tags).length === 0 ? null : trans.__('Tags: %1', tagsText(run.tags)),
    run.error_message === null ? null : trans.__('Error: %1', run.error_message)
  ];
  return lines.filter(line => line !== null).join('\n');
}

function lineAttributes(
  props: ILineProps,
  kind: 'run' | 'experiment' | 'gap'
): React.HTMLAttributes<HTMLDivElement> & Record<`data-${string}`, string | number> {
  const { layout } = props;
  const classes = [
    'jp-AmlRunBrowser-row',
    `jp-AmlRunBrowser-mod-${kind}`,
    props.isSelected ? 'jp-mod-selected' : '',
    props.isActive ? 'jp-mod-active' : ''
  ];
  const style: React.CSSProperties = { height: layout.rowPx, transform: `translateY(${props.startPx}px)` };
  if (layout.isWide && kind === 'run') {
    style.gridTemplateColumns = layout.template;
  }
  return {
    id: props.id,
    role: 'row',
    className: classes.filter(name => name !== '').join(' '),
    style,
    'aria-selected': props.isSelected,
    'aria-rowindex': props.index + (layout.isWide ? 2 : 1),
    'data-index': props.index
  };
}
