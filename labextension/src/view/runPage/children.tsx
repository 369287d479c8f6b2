import { UseSignal } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { shortText } from '../../api/values';
import { ChildrenModel, MAX_METRICS } from '../../model/childrenModel';
import {
  aspectOf,
  cellOf,
  CHILD_ASPECTS,
  countStatuses,
  filterChildren,
  ROWS_PER_PAGE,
  sortChildren,
  startsDescending
} from '../../model/childTable';
import type { Child, ChildAspect, ChildColumn } from '../../model/childTable';
import { colorPlaces } from '../../model/compareColors';
import { durationText, isolatedName, shownName } from '../../model/names';
import type { IPanelProps, IRunPageModel } from '../../model/runPageTypes';
import { durationSeconds, nameOf, numberText } from '../../model/runQuery';
import { CommandIDs } from '../../tokens';
import { colorOf } from '../charts/colors';
import { ChildChart, drawnChildren } from './childCurves';
import { lookOf, statusWord } from './status';

/** As many as are compared at once. */
const MAX_COMPARED = 50;

/** The child runs of a run as a table. */
export function ChildrenPanel({ model, commands, trans }: IPanelProps): React.JSX.Element {
  const [children, setChildren] = React.useState<ChildrenModel | null>(null);
  React.useEffect(() => {
    const made = new ChildrenModel(model);
    setChildren(made);
    return () => {
      made.dispose();
    };
  }, [model]);
  if (children === null) {
    return <></>;
  }
  return (
    <UseSignal signal={children.changed}>
      {() => <Children model={model} children_={children} commands={commands} trans={trans} />}
    </UseSignal>
  );
}

interface IChildrenProps {
  model: IRunPageModel;
  children_: ChildrenModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

interface IOrder {
  column: ChildColumn;
  isDescending: boolean;
}

function Children({ model, children_, commands, trans }: IChildrenProps): React.JSX.Element {
  const [filter, setFilter] = React.useState('');
  const [picked, setOrder] = React.useState<IOrder | null>(null);
  const [aspect, setAspect] = React.useState<ChildAspect>('best');
  const [page, setPage] = React.useState(0);
  const now = Date.now() / 1000;
  const all = children_.children;
  if (all.length === 0) {
    return <p className="jp-AmlRunPage-note">{trans.__('This run has no child runs.')}</p>;
  }
  const hasNumbers = all.some(child => child.number !== 0); // those of plain MLflow have none
  const [first] = children_.metrics;
  const order = picked ?? firstOrder(first, aspect);
  const rows = sortChildren(filterChildren(all, filter), order.column, order.isDescending, now, aspect);
  const lastPage = Math.max(0, Math.ceil(rows.length / ROWS_PER_PAGE) - 1);
  const shownPage = Math.min(page, lastPage);
  const shown = rows.slice(shownPage * ROWS_PER_PAGE, (shownPage + 1) * ROWS_PER_PAGE);
  const compared = rows.slice(0, MAX_COMPARED).map(child => child.run_id);
  const charted = typeof order.column === 'object' ? order.column.metric : first;
  const drawn = charted === undefined ? [] : drawnChildren(rows, charted).map(child => child.run_id);
  // In another order the same lines keep their colours.
  const colors = new Map([...colorPlaces([...drawn].sort())].map(([id, place]) => [id, colorOf(place)]));
  return (
    <section className="jp-AmlRunPage-children" aria-label={trans.__('Child runs')}>
      <StatusBar children_={all} trans={trans} />
      <div className="jp-AmlRunPage-tools">
        <input
          type="search"
          className="jp-AmlRunPage-input"
          placeholder={trans.__('Filter the child runs')}
          aria-label={trans.__('Filter the child runs by name, id, status or tag')}
          value={filter}
          data-lm-suppress-shortcuts="true"
          onChange={event => {
            setFilter(event.target.value);
            setPage(0);
          }}
        />
        <MetricChoice children_={children_} trans={trans} />
        {children_.metrics.length > 0 && (
          <select
            className="jp-AmlRunPage-select"
            aria-label={trans.__('Values of the metrics')}
            value={aspect}
            onChange={event => {
              setAspect(CHILD_ASPECTS.find(one => one === event.target.value) ?? 'best');
              setOrder(null); // what is best stands at the top again
            }}
          >
            {CHILD_ASPECTS.map(one => (
              <option key={one} value={one}>
                {aspectWord(one, trans)}
              </option>
            ))}
          </select>
        )}
        <button
          type="button"
          className="jp-AmlRunPage-button"
          disabled={compared.length < 2}
          onClick={() => {
            void commands.execute(CommandIDs.compareRuns, { workspace: model.workspace, runIds: compared });
          }}
        >
          {rows.length > MAX_COMPARED
            ? trans.__('Compare the first %1', MAX_COMPARED)
            : trans._n('Compare %1', 'Compare these %1', rows.length)}
        </button>
      </div>
      {children_.error !== null && (
        <p className="jp-AmlRunPage-problem" role="alert">
          {trans.__('The values cannot be read now: %1', children_.error)}
        </p>
      )}
      {charted !== undefined && drawn.length > 0 && (
        <ChildChart model={model} children_={rows} metric={charted} colors={colors} trans={trans} />
      )}
      <div className="jp-AmlRunPage-scroll" tabIndex={0} role="region" aria-label={trans.__('Table of child runs')}>
        <table className="jp-AmlRunPage-childTable">
          <thead>
            <tr>
              {columnsOf(children_.metrics, hasNumbers, trans).map(({ column, title }) => (
                <ColumnHead
                  key={JSON.stringify(column)}
                  column={column}
                  title={title}
                  aspect={aspect}
                  order={order}
                  trans={trans}
                  onSort={changed => {
                    setOrder(changed);
                    setPage(0);
                  }}
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map(child => (
              <ChildLine
                key={child.run_id}
                child={child}
                metrics={children_.metrics}
                hasNumbers={hasNumbers}
                aspect={aspect}
                color={colors.get(child.run_id)}
                now={now}
                trans={trans}
                onOpen={() => {
                  void commands.execute(CommandIDs.openRun, {
                    workspace: model.workspace,
                    runId: child.run_id,
                    name: nameOf(child)
                  });
                }}
              />
            ))}
          </tbody>
        </table>
      </div>
      {rows.length === 0 && <p className="jp-AmlRunPage-note">{trans.__('No child run has that.')}</p>}
      {lastPage > 0 && (
        <Pager page={shownPage} lastPage={lastPage} total={rows.length} trans={trans} onPage={setPage} />
      )}
    </section>
  );
}

/** Children are ordered by the first metric, the best at the top, until somebody wants it otherwise. */
function firstOrder(metric: string | undefined, aspect: ChildAspect): IOrder {
  const column: ChildColumn = metric === undefined ? 'number' : { metric };
  return { column, isDescending: startsDescending(column, aspect) };
}

function aspectWord(aspect: ChildAspect, trans: TranslationBundle): string {
  return {
    best: trans.__('Best values'),
    last: trans.__('Last values'),
    low: trans.__('Lowest values'),
    high: trans.__('Highest values')
  }[aspect];
}

function StatusBar({ children_, trans }: { children_: readonly Child[]; trans: TranslationBundle }): React.JSX.Element {
  return (
    <ul className="jp-AmlRunPage-counts">
      <li>
        <b>{trans._n('%2 child run', '%2 child runs', children_.length, children_.length.toLocaleString())}</b>
      </li>
      {countStatuses(children_).map(([status, count]) => (
        <li key={status} data-look={lookOf(status).look} className="jp-AmlRunPage-childStatus">
          <span aria-hidden="true">{lookOf(status).sign}</span> {count.toLocaleString()} {statusWord(status, trans)}
        </li>
      ))}
    </ul>
  );
}

function MetricChoice({
  children_,
  trans
}: {
  children_: ChildrenModel;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const chosen = children_.metrics;
  const others = children_.metricNames.filter(name => !chosen.includes(name));
  if (children_.metricNames.length === 0) {
    return null;
  }
  return (
    <>
      {chosen.map(name => (
        <button
          key={name}
          type="button"
          className="jp-AmlRunPage-button"
          title={trans.__('Take the column %1 away', shownName(name))}
          onClick={() => {
            children_.choose(chosen.filter(one => one !== name));
          }}
        >
          <bdi>{shownName(name, 40)}</bdi> ✕
        </button>
      ))}
      {others.length > 0 && chosen.length < MAX_METRICS && (
        <select
          className="jp-AmlRunPage-select"
          aria-label={trans.__('Add a column with a metric')}
          value=""
          onChange={event => {
            const name = others[Number(event.target.value)];
            if (name !== undefined) {
              children_.choose([...chosen, name]);
            }
          }}
        >
          <option value="">{trans.__('Add a metric…')}</option>
          {others.slice(0, 500).map((name, place) => (
            <option key={name} value={place}>
              {isolatedName(name, 60)}
            </option>
          ))}
        </select>
      )}
    </>
  );
}

function columnsOf(
  metrics: readonly string[],
  hasNumbers: boolean,
  trans: TranslationBundle
): { column: ChildColumn; title: string }[] {
  const number: { column: ChildColumn; title: string } = { column: 'number', title: '#' };
  return [
    ...(hasNumbers ? [number] : []),
    { column: 'name', title: trans.__('Name') },
    { column: 'status', title: trans.__('Status') },
    { column: 'created', title: trans.__('Created') },
    { column: 'duration', title: trans.__('Duration') },
    ...metrics.map(metric => ({ column: { metric }, title: shownName(metric, 40) }))
  ];
}

interface IColumnHeadProps {
  column: ChildColumn;
  title: string;
  aspect: ChildAspect;
  order: IOrder;
  trans: TranslationBundle;
  onSort: (order: IOrder) => void;
}

function ColumnHead({ column, title, aspect, order, trans, onSort }: IColumnHeadProps): React.JSX.Element {
  const isSorted = JSON.stringify(order.column) === JSON.stringify(column);
  const sorted = isSorted ? (order.isDescending ? 'descending' : 'ascending') : 'none';
  return (
    <th scope="col" aria-sort={sorted} className={isNumeric(column) ? 'jp-mod-numeric' : undefined}>
      <button
        type="button"
        className="jp-AmlRunPage-sort"
        title={trans.__('Sort by %1', title)}
        onClick={() => {
          onSort({ column, isDescending: isSorted ? !order.isDescending : startsDescending(column, aspect) });
        }}
      >
        <bdi>{title}</bdi>
        {typeof column === 'object' && (
          <span className="jp-AmlRunPage-note">
            {' '}
            {
              { last: trans.__('last'), low: trans.__('lowest'), high: trans.__('highest') }[
                aspectOf(column.metric, aspect)
              ]
            }
          </span>
        )}
        <span aria-hidden="true">{isSorted ? (order.isDescending ? ' ▾' : ' ▴') : ''}</span>
      </button>
    </th>
  );
}

function isNumeric(column: ChildColumn): boolean {
  return typeof column === 'object' || column === 'number' || column === 'duration';
}

interface IChildLineProps {
  child: Child;
  metrics: readonly string[];
  hasNumbers: boolean;
  aspect: ChildAspect;
  /** Of its line in the chart. */
  color: string | undefined;
  now: number;
  trans: TranslationBundle;
  onOpen: () => void;
}

function ChildLine(props: IChildLineProps): React.JSX.Element {
  const { child, metrics, aspect, color, now, trans, onOpen } = props;
  const duration = durationSeconds(child, now);
  return (
    <tr className="jp-AmlRunPage-childRow" onClick={onOpen}>
      {props.hasNumbers && <td className="jp-mod-numeric">{numberText(child)}</td>}
      <th scope="row">
        <span className="jp-AmlRunPage-childSwatch" style={{ background: color }} />
        <button
          type="button"
          className="jp-AmlRunPage-link"
          title={trans.__('Show %1', shownName(nameOf(child)))}
          onClick={event => {
            event.stopPropagation(); // the row does the same
            onOpen();
          }}
        >
          <bdi>{shownName(nameOf(child), 80)}</bdi>
        </button>
      </th>
      <td>
        <span className="jp-AmlRunPage-childStatus" data-look={lookOf(child.status).look}>
          <span aria-hidden="true">{lookOf(child.status).sign}</span> {statusWord(child.status, trans)}
        </span>
      </td>
      <td>{new Date(child.created_at * 1000).toLocaleString()}</td>
      <td className="jp-mod-numeric">{duration === null ? '–' : durationText(duration)}</td>
      {metrics.map(metric => {
        const value = cellOf(child, metric, aspect);
        return (
          <td key={metric} className="jp-mod-numeric">
            {value === undefined ? '–' : shownName(shortText(value), 40)}
          </td>
        );
      })}
    </tr>
  );
}

interface IPagerProps {
  page: number;
  lastPage: number;
  total: number;
  trans: TranslationBundle;
  onPage: (page: number) => void;
}

function Pager({ page, lastPage, total, trans, onPage }: IPagerProps): React.JSX.Element {
  const buttons: [string, number, boolean][] = [
    [trans.__('First'), 0, page === 0],
    [trans.__('Previous'), page - 1, page === 0],
    [trans.__('Next'), page + 1, page === lastPage],
    [trans.__('Last'), lastPage, page === lastPage]
  ];
  const first = page * ROWS_PER_PAGE + 1;
  const last = Math.min(total, (page + 1) * ROWS_PER_PAGE);
  return (
    <nav className="jp-AmlRunPage-tools" aria-label={trans.__('Pages of child runs')}>
      {buttons.map(([label, to, isDisabled]) => (
        <button
          key={label}
          type="button"
          className="jp-AmlRunPage-button"
          disabled={isDisabled}
          onClick={() => {
            onPage(to);
          }}
        >
          {label}
        </button>
      ))}
      <span className="jp-AmlRunPage-note">
        {trans.__('%1–%2 of %3', first.toLocaleString(), last.toLocaleString(), total.toLocaleString())}
      </span>
    </nav>
  );
}
