import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { shortText } from '../../api/values';
import { ASPECTS } from '../../model/compareSettings';
import type { Aspect } from '../../model/compareSettings';
import { compareCsv, compareRows, deltaOf } from '../../model/compareTable';
import type { CompareCell, CompareGroup, CompareRow } from '../../model/compareTable';
import { shownName } from '../../model/names';
import { nameOf } from '../../model/runQuery';
import { saveBlob } from '../runPage/saving';
import type { IComparedProps } from './comparePage';

/** How many rows of a group are shown at first, and with each "more". */
const PAGE_ROWS = 100;

const GROUPS: readonly CompareGroup[] = ['run', 'parameters', 'tags', 'metrics'];

/** Parameters, tags and values of metrics, a column for each run. */
export function CompareTable(props: IComparedProps): React.JSX.Element {
  const { model, runs, labels, colors, trans } = props;
  const { settings } = model;
  const rows = compareRows(runs, settings, Date.now() / 1000);
  const baseline = runs.findIndex(({ run }) => run.run_id === settings.baseline);
  const save = () => {
    const everything = { filter: '', onlyDifferences: false, aspects: ASPECTS };
    const all = compareRows(runs, everything, Date.now() / 1000);
    saveBlob(new Blob([compareCsv(runs, all)], { type: 'text/csv' }), 'comparison.csv');
  };
  const toggle = (aspect: Aspect, isShown: boolean) => {
    const aspects = ASPECTS.filter(one => (one === aspect ? isShown : settings.aspects.includes(one)));
    if (aspects.length > 0) {
      model.setSettings({ aspects });
    }
  };
  return (
    <section className="jp-AmlCompare-values" aria-label={trans.__('Values')}>
      <h3 className="jp-AmlCompare-heading">{trans.__('Parameters, tags and values')}</h3>
      <div className="jp-AmlRunPage-tools">
        <label className="jp-AmlCompare-control">
          <input
            type="checkbox"
            checked={settings.onlyDifferences}
            onChange={event => {
              model.setSettings({ onlyDifferences: event.target.checked });
            }}
          />
          {trans.__('Only differences')}
        </label>
        {ASPECTS.map(aspect => (
          <label key={aspect} className="jp-AmlCompare-control">
            <input
              type="checkbox"
              checked={settings.aspects.includes(aspect)}
              onChange={event => {
                toggle(aspect, event.target.checked);
              }}
            />
            {aspectWord(aspect, trans)}
          </label>
        ))}
        <button
          type="button"
          className="jp-AmlRunPage-button"
          title={trans.__('Save all values of these runs as CSV')}
          onClick={save}
        >
          {trans.__('Save as CSV')}
        </button>
      </div>
      {rows.length === 0 ? (
        <p className="jp-AmlCompare-note">
          {settings.onlyDifferences
            ? trans.__('These runs do not differ here.')
            : trans.__('Nothing has that in its name.')}
        </p>
      ) : (
        <div className="jp-AmlCompare-scroll" tabIndex={0} role="region" aria-label={trans.__('Table of values')}>
          <table className="jp-AmlCompare-table">
            <thead>
              <tr>
                <th scope="col">{trans.__('Name')}</th>
                {runs.map(({ run }, place) => (
                  <th key={run.run_id} scope="col" title={`${shownName(nameOf(run))}\n${run.run_id}`}>
                    <span className="jp-AmlCompare-swatch" style={{ background: colors.get(run.run_id) }} />
                    <bdi>{shownName(labels.get(run.run_id) ?? run.run_id, 40)}</bdi>
                    {place === baseline && <span className="jp-AmlCompare-note"> {trans.__('baseline')}</span>}
                  </th>
                ))}
              </tr>
            </thead>
            {GROUPS.map(group => (
              <Group
                key={group}
                group={group}
                rows={rows.filter(row => row.group === group)}
                baseline={baseline}
                columnCount={runs.length + 1}
                trans={trans}
              />
            ))}
          </table>
        </div>
      )}
    </section>
  );
}

interface IGroupProps {
  group: CompareGroup;
  rows: readonly CompareRow[];
  baseline: number;
  columnCount: number;
  trans: TranslationBundle;
}

function Group({ group, rows, baseline, columnCount, trans }: IGroupProps): React.JSX.Element | null {
  const [limit, setLimit] = React.useState(PAGE_ROWS);
  if (rows.length === 0) {
    return null;
  }
  return (
    <tbody>
      <tr className="jp-AmlCompare-group">
        <th scope="rowgroup" colSpan={columnCount}>
          <span>{groupWord(group, trans)}</span>
        </th>
      </tr>
      {rows.slice(0, limit).map(row => (
        <tr
          key={`${row.name} ${row.aspect ?? ''}`}
          className={row.isDifferent ? 'jp-mod-different' : undefined}
          data-name={row.name}
        >
          <th scope="row" title={shownName(row.name, 500)}>
            <bdi>{row.group === 'run' ? factWord(row.name, trans) : shownName(row.name, 60)}</bdi>
            {row.aspect !== null && <span className="jp-AmlCompare-note"> {aspectWord(row.aspect, trans)}</span>}
          </th>
          {row.cells.map((cell, place) => (
            <Cell
              key={place}
              cell={cell}
              baseline={place === baseline || baseline < 0 ? null : (row.cells[baseline] ?? null)}
              trans={trans}
            />
          ))}
        </tr>
      ))}
      {rows.length > limit && (
        <tr>
          <td colSpan={columnCount}>
            <button
              type="button"
              className="jp-AmlRunPage-button"
              onClick={() => {
                setLimit(limit + 5 * PAGE_ROWS);
              }}
            >
              {trans._n('Show the other row', 'Show more of the other %1 rows', rows.length - limit)}
            </button>
          </td>
        </tr>
      )}
    </tbody>
  );
}

interface ICellProps {
  cell: CompareCell | null;
  baseline: CompareCell | null;
  trans: TranslationBundle;
}

function Cell({ cell, baseline, trans }: ICellProps): React.JSX.Element {
  if (cell === null) {
    return (
      <td>
        <span className="jp-AmlCompare-note" aria-label={trans.__('none')}>
          –
        </span>
      </td>
    );
  }
  const delta = deltaOf(cell, baseline);
  const shown = cell.number === null ? shownName(cell.text, 120) : shortText(cell.value);
  return (
    <td className={cell.number === null ? undefined : 'jp-mod-numeric'} title={shownName(cell.text, 1_000)}>
      <bdi>{shown}</bdi>
      {delta !== null && <div className="jp-AmlCompare-delta">{deltaText(delta)}</div>}
    </td>
  );
}

/** Write by how much a number differs: with its sign, and as a share. */
function deltaText({ difference, share }: { difference: number; share: number | null }): string {
  if (difference === 0) {
    return '±0';
  }
  const sign = (value: number) => (value < 0 ? '−' : '+');
  const part =
    share === null || !Number.isFinite(share)
      ? ''
      : ` (${sign(share)}${Number(Math.abs(share * 100).toPrecision(3))} %)`;
  return `${sign(difference)}${shortText(Math.abs(difference))}${part}`;
}

function groupWord(group: CompareGroup, trans: TranslationBundle): string {
  return {
    run: trans.__('Run'),
    parameters: trans.__('Parameters'),
    tags: trans.__('Tags'),
    metrics: trans.__('Metrics')
  }[group];
}

function factWord(name: string, trans: TranslationBundle): string {
  const words: Readonly<Record<string, string>> = {
    Number: trans.__('Number'),
    Status: trans.__('Status'),
    Experiment: trans.__('Experiment'),
    Created: trans.__('Created (UTC)'),
    Duration: trans.__('Duration'),
    Target: trans.__('Target')
  };
  return words[name] ?? name;
}

function aspectWord(aspect: Aspect, trans: TranslationBundle): string {
  return { last: trans.__('last'), low: trans.__('lowest'), high: trans.__('highest') }[aspect];
}
