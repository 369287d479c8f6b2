import { UseSignal } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { colorPlaces } from '../../model/compareColors';
import type { CompareModel } from '../../model/compareModel';
import { MAX_RUNS, MIN_RUNS } from '../../model/compareSettings';
import type { ComparedRun } from '../../model/compareTable';
import { isolatedName, shownName } from '../../model/names';
import { runLabels } from '../../model/runLabels';
import { hasEnded, nameOf } from '../../model/runQuery';
import { CommandIDs } from '../../tokens';
import { colorOf } from '../charts/colors';
import { lookOf, statusWord } from '../runPage/status';
import { CompareCharts } from './compareCharts';
import { CompareControls } from './compareControls';
import { ComparePictures } from './comparePictures';
import { CompareTable } from './compareTable';

export interface ICompareProps {
  model: CompareModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** What the parts of the page are given. */
export interface IComparedProps {
  model: CompareModel;
  runs: readonly ComparedRun[];
  /** What to call each run, by its id. */
  labels: ReadonlyMap<string, string>;
  /** The colour of each run, in CSS, by its id. */
  colors: ReadonlyMap<string, string>;
  trans: TranslationBundle;
}

/** Several runs side by side. */
export function ComparePage(props: ICompareProps): React.JSX.Element {
  return <UseSignal signal={props.model.changed}>{() => <Page {...props} />}</UseSignal>;
}

function Page({ model, commands, trans }: ICompareProps): React.JSX.Element {
  const colors = React.useMemo(
    () => new Map([...colorPlaces(model.runIds)].map(([id, place]) => [id, colorOf(place)])),
    [model]
  );
  const { runs, error } = model;
  const labels = React.useMemo(() => runLabels((runs ?? []).map(({ run }) => run)), [runs]);
  if (runs === null) {
    return error === null ? (
      <p className="jp-AmlCompare-note" role="status">
        {trans.__('Reading the runs…')}
      </p>
    ) : (
      <Problem model={model} text={trans.__('The runs cannot be read: %1', error)} trans={trans} />
    );
  }
  const compared: IComparedProps = { model, runs, labels, colors, trans };
  return (
    <div className="jp-AmlCompare-content">
      <h2 className="jp-AmlCompare-title">{trans._n('Comparing %1 run', 'Comparing %1 runs', runs.length)}</h2>
      {error !== null && <Problem model={model} text={trans.__('What is shown may be old: %1', error)} trans={trans} />}
      {error === null && model.seriesError !== null && (
        <Problem model={model} text={trans.__('Some lines cannot be read now: %1', model.seriesError)} trans={trans} />
      )}
      {model.leftOutCount > 0 && (
        <p className="jp-AmlCompare-note" role="status">
          {trans._n(
            'No more than %2 runs are compared at once: %1 is left out.',
            'No more than %2 runs are compared at once: the last %1 are left out.',
            model.leftOutCount,
            MAX_RUNS
          )}
        </p>
      )}
      {model.missing.length > 0 && (
        <p className="jp-AmlCompare-note" role="status">
          {trans.__('Not there any more: %1', model.missing.map(id => shownName(id, 60)).join(', '))}
        </p>
      )}
      {runs.length < MIN_RUNS && (
        <p className="jp-AmlCompare-note" role="status">
          {trans.__('Choose at least two runs in the Run Browser to compare them.')}
        </p>
      )}
      {runs.length > 0 && (
        <>
          <Legend {...compared} commands={commands} />
          <CompareControls {...compared} />
          <CompareCharts {...compared} />
          <ComparePictures {...compared} />
          <CompareTable {...compared} />
        </>
      )}
    </div>
  );
}

function Problem({
  model,
  text,
  trans
}: {
  model: CompareModel;
  text: string;
  trans: TranslationBundle;
}): React.JSX.Element {
  return (
    <div className="jp-AmlCompare-problem" role="alert">
      {text}{' '}
      <button
        type="button"
        className="jp-AmlRunPage-button"
        onClick={() => {
          model.refresh().catch(() => undefined); // the page tells why
        }}
      >
        {trans.__('Try again')}
      </button>
    </div>
  );
}

/** The runs with their colours. Each can be hidden in the charts, opened, or be the one the others are measured against. */
function Legend({
  model,
  runs,
  labels,
  colors,
  commands,
  trans
}: IComparedProps & { commands: CommandRegistry }): React.JSX.Element {
  const { hidden, baseline } = model.settings;
  const toggle = (id: string) => {
    model.setSettings({ hidden: hidden.includes(id) ? hidden.filter(one => one !== id) : [...hidden, id] });
  };
  return (
    <div className="jp-AmlCompare-legendBox">
      <ul className="jp-AmlCompare-legend" aria-label={trans.__('Runs')}>
        {runs.map(({ run }) => {
          const name = shownName(labels.get(run.run_id) ?? run.run_id, 60);
          const isHidden = hidden.includes(run.run_id);
          return (
            <li key={run.run_id} className="jp-AmlCompare-legendItem">
              <button
                type="button"
                className="jp-AmlCompare-key"
                aria-pressed={!isHidden}
                aria-label={trans.__('Lines of %1', name)}
                title={isHidden ? trans.__('Show the lines of %1', name) : trans.__('Hide the lines of %1', name)}
                onClick={() => {
                  toggle(run.run_id);
                }}
              >
                <span className="jp-AmlCompare-swatch" style={{ background: colors.get(run.run_id) }} />
                <bdi className="jp-AmlCompare-keyName">{name}</bdi>
              </button>
              <span
                className="jp-AmlRunPage-childStatus"
                data-look={lookOf(run.status).look}
                title={statusWord(run.status, trans)}
              >
                <span aria-hidden="true">{lookOf(run.status).sign}</span>
                {!hasEnded(run.status) && ` ${statusWord(run.status, trans)}`}
              </span>
              <button
                type="button"
                className="jp-AmlRunPage-link"
                title={trans.__('Open the page of %1', name)}
                aria-label={trans.__('Open the page of %1', name)}
                onClick={() => {
                  void commands.execute(CommandIDs.openRun, {
                    workspace: model.workspace,
                    runId: run.run_id,
                    name: nameOf(run)
                  });
                }}
              >
                ↗
              </button>
            </li>
          );
        })}
      </ul>
      <div className="jp-AmlRunPage-tools">
        <button
          type="button"
          className="jp-AmlRunPage-button"
          onClick={() => {
            model.setSettings({ hidden: hidden.length > 0 ? [] : runs.map(({ run }) => run.run_id) });
          }}
        >
          {hidden.length > 0 ? trans.__('Show all lines') : trans.__('Hide all lines')}
        </button>
        <label className="jp-AmlCompare-control">
          {trans.__('Baseline')}
          <select
            className="jp-AmlRunPage-select"
            value={runs.some(({ run }) => run.run_id === baseline) ? (baseline ?? '') : ''}
            onChange={event => {
              model.setSettings({ baseline: event.target.value === '' ? null : event.target.value });
            }}
          >
            <option value="">{trans.__('none')}</option>
            {runs.map(({ run }) => (
              <option key={run.run_id} value={run.run_id}>
                {isolatedName(labels.get(run.run_id) ?? run.run_id, 60)}
              </option>
            ))}
          </select>
        </label>
      </div>
    </div>
  );
}
