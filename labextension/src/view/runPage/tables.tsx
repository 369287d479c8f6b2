import type { TranslationBundle } from '@jupyterlab/translation';
import React, { memo, useEffect, useRef, useState } from 'react';

import type { Schemas } from '../../api/client';
import { exactText, shortText } from '../../api/values';
import { shownName } from '../../model/names';
import type { IRunPageModel } from '../../model/runPageTypes';
import { pointCount, type MetricState } from '../../model/series';
import { Card, Trouble } from './card';
import { useAction, useNear } from './hooks';
import { saveCsv } from './saving';
import { LongText } from './values';

const PAGE_ROWS = 20;
const MAX_COLUMNS = 100;

interface ITableCardProps {
  model: IRunPageModel;
  trans: TranslationBundle;
  metric: MetricState;
  pinned: readonly string[];
}

/** Rows of a metric, a page at a time: texts that were logged often, and rows without a course. */
export const TableCard = memo(function TableCard({ model, trans, metric }: ITableCardProps): React.JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const isNear = useNear(place);
  const total = pointCount(metric);
  const lastPage = Math.max(0, Math.ceil(total / PAGE_ROWS) - 1);
  const [wanted, setWanted] = useState<number | null>(null); // null: the newest, whichever that is
  const page = Math.min(wanted ?? lastPage, lastPage);
  const turn = (to: number): void => setWanted(to >= lastPage ? null : Math.max(0, to));
  const [rows, setRows] = useState<Schemas['Rows'] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const saving = useAction();
  useEffect(() => {
    if (!isNear || total === 0) {
      return;
    }
    let isOver = false;
    model.client.getRows(model.workspace, model.runId, metric.name, page * PAGE_ROWS, PAGE_ROWS).then(
      found => {
        if (!isOver) {
          setRows(found);
          setError(null);
        }
      },
      (reason: unknown) => {
        if (!isOver) {
          setError(reason instanceof Error ? reason.message : String(reason));
        }
      }
    );
    return () => {
      isOver = true;
    };
  }, [model, metric.name, isNear, page, total]);
  const name = shownName(metric.name);
  const firstRow = page * PAGE_ROWS;
  return (
    <Card
      model={model}
      trans={trans}
      name={metric.name}
      note={trans._n('%1 row', '%1 rows', total)}
      isWide={metric.columns.size > 4}
      tools={
        <button
          type="button"
          className="jp-AmlRunPage-tool"
          aria-label={trans.__('Save all rows of %1 as CSV', name)}
          title={trans.__('Save all rows as CSV')}
          disabled={saving.isBusy}
          onClick={() => saving.run(() => saveCsv(model, metric.name))}
        >
          {trans.__('CSV')}
        </button>
      }
    >
      <div ref={place} className="jp-AmlRunPage-tablePlace">
        {total === 0 && <span className="jp-AmlRunPage-note">{trans.__('no rows')}</span>}
        {rows !== null && <RowsTable rows={rows} name={name} trans={trans} />}
      </div>
      {lastPage > 0 && (
        <nav className="jp-AmlRunPage-pager" aria-label={trans.__('Pages of %1', name)}>
          <Turn label={trans.__('First rows')} sign="«" isOff={page === 0} onClick={() => turn(0)} />
          <Turn label={trans.__('Rows before')} sign="‹" isOff={page === 0} onClick={() => turn(page - 1)} />
          <span role="status">
            {trans.__(
              '%1–%2 of %3',
              (firstRow + 1).toLocaleString('en-US'),
              Math.min(total, firstRow + PAGE_ROWS).toLocaleString('en-US'),
              total.toLocaleString('en-US')
            )}
          </span>
          <Turn label={trans.__('Rows after')} sign="›" isOff={page === lastPage} onClick={() => turn(page + 1)} />
          <Turn label={trans.__('Last rows')} sign="»" isOff={page === lastPage} onClick={() => turn(lastPage)} />
        </nav>
      )}
      {error !== null && <Trouble title={trans.__('These rows cannot be read now')} why={error} />}
      {saving.problem !== null && <Trouble title={trans.__('The rows could not be saved')} why={saving.problem} />}
    </Card>
  );
});

function RowsTable(props: { rows: Schemas['Rows']; name: string; trans: TranslationBundle }): React.JSX.Element {
  const { rows, name, trans } = props;
  const columns = rows.columns.slice(0, MAX_COLUMNS);
  const isOneColumn = rows.columns.length === 1 && rows.columns[0] === null;
  const leftCount = rows.columns.length - columns.length;
  return (
    <div className="jp-AmlRunPage-scroll" role="region" aria-label={trans.__('Rows of %1', name)} tabIndex={0}>
      <table className="jp-AmlRunPage-table">
        <thead>
          <tr>
            <th scope="col">{isOneColumn ? trans.__('step') : trans.__('row')}</th>
            {columns.map((column, place) => (
              <th key={place} scope="col" title={column ?? ''}>
                <bdi>{column === null ? trans.__('value') : shownName(column, 60)}</bdi>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.rows.map((cells, place) => (
            <tr key={rows.seqs[place] ?? place}>
              <th scope="row">
                {isOneColumn ? shortText(rows.steps[place] ?? null) : (rows.start + place + 1).toLocaleString('en-US')}
              </th>
              {cells.slice(0, MAX_COLUMNS).map((cell, column) => (
                <td key={column} className={typeof cell.value === 'number' ? 'jp-mod-number' : ''}>
                  {cell.has_value ? <CellValue value={cell.value} trans={trans} /> : ''}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {leftCount > 0 && (
        <div className="jp-AmlRunPage-note">
          {trans._n('%1 column is not shown; the CSV has it', '%1 columns are not shown; the CSV has them', leftCount)}
        </div>
      )}
    </div>
  );
}

function CellValue({ value, trans }: { value: Schemas['Value']; trans: TranslationBundle }): React.JSX.Element {
  if (typeof value === 'string') {
    return <LongText text={value} trans={trans} />;
  }
  return <span title={exactText(value).slice(0, 400)}>{shortText(value).slice(0, 60)}</span>;
}

/** A button that turns a page. */
export function Turn(props: { label: string; sign: string; isOff: boolean; onClick: () => void }): React.JSX.Element {
  return (
    <button
      type="button"
      className="jp-AmlRunPage-tool"
      aria-label={props.label}
      title={props.label}
      disabled={props.isOff}
      onClick={props.onClick}
    >
      <span aria-hidden="true">{props.sign}</span>
    </button>
  );
}
