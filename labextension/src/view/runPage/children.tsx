import { UseSignal } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { shortText } from '../../api/values';
import { ChildrenModel, MAX_METRICS } from '../../model/childrenModel';
import { countStatuses, filterChildren, ROWS_PER_PAGE, sortChildren } from '../../model/childTable';
import type { Child, ChildColumn } from '../../model/childTable';
import { durationText, isolatedName, shownName } from '../../model/names';
import type { IPanelProps, IRunPageModel } from '../../model/runPageTypes';
import { durationSeconds, nameOf } from '../../model/runQuery';
import { CommandIDs } from '../../tokens';
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
  const [order, setOrder] = React.useState<IOrder>({ column: 'number', isDescending: false });
  const [page, setPage] = React.useState(0);
  const now = Date.now() / 1000;
  const all = children_.children;
  if (all.length === 0) {
    return <p className="jp-AmlRunPage-note">{trans.__('This run has no child runs.')}</p>;
  }
  const rows = sortChildren(filterChildren(all, filter), order.column, order.isDescending, now);
  const lastPage = Math.max(0, Math.ceil(rows.length / ROWS_PER_PAGE) - 1);
  const shownPage = Math.min(page, lastPage);
  const shown = rows.slice(shownPage * ROWS_PER_PAGE, (shownPage + 1) * ROWS_PER_PAGE);
  const compared = rows.slice(0, MAX_COMPARED).map(child => child.run_id);
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
      <div className="jp-AmlRunPage-scroll" tabIndex={0} role="region" aria-label={trans.__('Table of child runs')}>
        <table className="jp-AmlRunPage-childTable">
          <thead>
            <tr>
              {columnsOf(children_.metrics, trans).map(({ column, title }) => (
                <ColumnHead
                  key={JSON.stringify(column)}
                  column={column}
                  title={title}
                  order={order}
                  trans={trans}
                  onSort={setOrder}
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
                now={now}
                trans={trans}
                onOpen={() => {
                  void commands.execute(CommandIDs.openRun, { workspace: model.workspace, runId: child.run_id });
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

function StatusBar({ children_, trans }: { children_: readonly Child[]; trans: TranslationBundle }): React.JSX.Element {
  return (
    <ul className="jp-AmlRunPage-counts">
      <li>
        <b>{trans._n('%1 child run', '%1 child runs', children_.length)}</b>
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

function columnsOf(metrics: readonly string[], trans: TranslationBundle): { column: ChildColumn; title: string }[] {
  return [
    { column: 'number', title: '#' },
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
  order: IOrder;
  trans: TranslationBundle;
  onSort: (order: IOrder) => void;
}

function ColumnHead({ column, title, order, trans, onSort }: IColumnHeadProps): React.JSX.Element {
  const isSorted = JSON.stringify(order.column) === JSON.stringify(column);
  const sorted = isSorted ? (order.isDescending ? 'descending' : 'ascending') : 'none';
  return (
    <th scope="col" aria-sort={sorted} className={isNumeric(column) ? 'jp-mod-numeric' : undefined}>
      <button
        type="button"
        className="jp-AmlRunPage-sort"
        title={trans.__('Sort by %1', title)}
        onClick={() => {
          onSort({ column, isDescending: isSorted && !order.isDescending });
        }}
      >
        <bdi>{title}</bdi>
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
  now: number;
  trans: TranslationBundle;
  onOpen: () => void;
}

function ChildLine({ child, metrics, now, trans, onOpen }: IChildLineProps): React.JSX.Element {
  const duration = durationSeconds(child, now);
  return (
    <tr className="jp-AmlRunPage-childRow" onClick={onOpen}>
      <td className="jp-mod-numeric">{child.number}</td>
      <th scope="row">
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
        const cell = child.metrics[metric];
        return (
          <td key={metric} className="jp-mod-numeric">
            {cell === undefined ? '–' : shownName(shortText(cell.last), 40)}
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
