import { addIcon, closeIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { isolatedName } from '../../model/names';
import type { RunBrowserModel } from '../../model/runBrowserModel';
import {
  ASPECTS,
  columnId,
  FIELDS,
  MAX_METRICS,
  ORDERS,
  STATUS_GROUPS,
  VIEWS,
  type Column,
  type ListSettings,
  type MetricAspect,
  type MetricChoice
} from '../../model/runQuery';
import { aspectText, columnTitle, fieldText, groupText, orderText, viewText } from './formats';
import { ToolButton, type OptionsPage } from './header';

interface IOptionsProps {
  model: RunBrowserModel;
  trans: TranslationBundle;
}

/** What is chosen less often, between the search and the list. */
export function Options(props: IOptionsProps & { page: OptionsPage; id: string }): React.JSX.Element {
  return (
    <div className="jp-AmlRunBrowser-options" id={props.id}>
      {props.page === 'filter' ? <FilterOptions {...props} /> : <ColumnOptions {...props} />}
    </div>
  );
}

function FilterOptions(props: IOptionsProps): React.JSX.Element {
  const { model, trans } = props;
  const { settings } = model;
  const set = (change: Partial<ListSettings>): void => model.setSettings(change);
  return (
    <>
      <fieldset className="jp-AmlRunBrowser-fieldset">
        <legend>{trans.__('Status')}</legend>
        <div className="jp-AmlRunBrowser-chips">
          {STATUS_GROUPS.map(group => {
            const isOn = settings.groups.includes(group);
            const groups = isOn ? settings.groups.filter(other => other !== group) : [...settings.groups, group];
            return (
              <button
                key={group}
                type="button"
                className="jp-AmlRunBrowser-chip"
                aria-pressed={isOn}
                onClick={() => set({ groups })}
              >
                {groupText(group, trans)}
              </button>
            );
          })}
        </div>
      </fieldset>
      <Choice
        label={trans.__('Show')}
        value={settings.view}
        options={VIEWS.map(view => [view, viewText(view, trans)])}
        onChoose={view => set({ view: VIEWS.find(own => own === view) ?? 'active' })}
      />
      <CheckBox
        label={trans.__('Running ones on top')}
        isOn={settings.runningFirst}
        onChange={runningFirst => set({ runningFirst })}
      />
      <CheckBox
        label={trans.__('Child runs, too')}
        isOn={settings.includeChildren}
        onChange={includeChildren => set({ includeChildren })}
      />
      {settings.scope === 'experiments' && (
        <CheckBox
          label={trans.__('Archived experiments, too')}
          isOn={settings.archivedExperiments}
          onChange={archivedExperiments => set({ archivedExperiments })}
        />
      )}
    </>
  );
}

function ColumnOptions(props: IOptionsProps): React.JSX.Element {
  const { model, trans } = props;
  const { settings, metricNames } = model;
  const { order, columns } = settings;
  const setOrder = (change: Partial<ListSettings['order']>): void =>
    model.setSettings({ order: { ...order, ...change } });
  const setColumns = (next: readonly Column[]): void => model.setSettings({ columns: next });
  const isOn = (column: Column): boolean => columns.some(other => columnId(other) === columnId(column));
  // Whoever chooses a metric chooses among those that there are now.
  React.useEffect(() => void model.readMetrics(), [model]);
  return (
    <>
      <Choice
        label={trans.__('Order by')}
        value={order.by}
        options={ORDERS.map(by => [by, orderText(by, trans)])}
        onChoose={chosen => {
          const by = ORDERS.find(own => own === chosen) ?? 'created';
          setOrder({ by, metric: order.metric ?? model.metric, is_descending: by !== 'name' });
        }}
      />
      {order.by === 'metric' && (
        <MetricAndAspect
          label={trans.__('Metric')}
          names={withName(metricNames, order.metric)}
          name={order.metric ?? ''}
          of={order.of}
          trans={trans}
          onChoose={(metric, of) => setOrder({ metric, of })}
        />
      )}
      <CheckBox
        label={trans.__('Descending')}
        isOn={order.is_descending}
        onChange={isDescending => setOrder({ is_descending: isDescending })}
      />
      <Choice
        label={trans.__('Curve of')}
        value={choiceValue(settings.metric)}
        options={[
          ['auto', trans.__('the most common metric')],
          ['none', trans.__('no metric')],
          ...withName(metricNames, settings.metric.kind === 'named' ? settings.metric.name : null).map(
            (name): [string, string] => [`named:${name}`, isolatedName(name)]
          )
        ]}
        onChoose={value => model.setSettings({ metric: toChoice(value) })}
      />
      <fieldset className="jp-AmlRunBrowser-fieldset">
        <legend>{trans.__('Columns')}</legend>
        <div className="jp-AmlRunBrowser-chips">
          {FIELDS.map(key => {
            const column: Column = { kind: 'field', key };
            return (
              <button
                key={key}
                type="button"
                className="jp-AmlRunBrowser-chip"
                aria-pressed={isOn(column)}
                onClick={() => setColumns(isOn(column) ? without(columns, column) : [...columns, column])}
              >
                {fieldText(key, trans)}
              </button>
            );
          })}
        </div>
        <MetricColumns columns={columns} names={metricNames} trans={trans} onChange={setColumns} />
      </fieldset>
    </>
  );
}

/** The columns with metrics, each to be taken away, and one more to be chosen. */
function MetricColumns(props: {
  columns: readonly Column[];
  names: readonly string[];
  trans: TranslationBundle;
  onChange: (columns: readonly Column[]) => void;
}): React.JSX.Element {
  const { columns, names, trans } = props;
  const [name, setName] = React.useState<string | null>(null);
  const [of, setOf] = React.useState<MetricAspect>('last');
  const chosen = name ?? names[0] ?? null;
  const metrics = columns.filter(column => column.kind === 'metric');
  const add = (): void => {
    if (chosen !== null) {
      const column: Column = { kind: 'metric', name: chosen, of };
      props.onChange([...without(columns, column), column]);
    }
  };
  return (
    <>
      {metrics.map(column => (
        <div key={columnId(column)} className="jp-AmlRunBrowser-metricColumn">
          <bdi title={columnTitle(column, trans)}>{columnTitle(column, trans)}</bdi>
          <ToolButton
            icon={closeIcon}
            label={trans.__('Without the column %1', columnTitle(column, trans))}
            onClick={() => props.onChange(without(columns, column))}
          />
        </div>
      ))}
      {chosen !== null && metrics.length < MAX_METRICS - 2 && (
        <div className="jp-AmlRunBrowser-metricColumn">
          <MetricAndAspect
            label={trans.__('Add')}
            names={names}
            name={chosen}
            of={of}
            trans={trans}
            onChoose={(nextName, nextOf) => {
              setName(nextName);
              setOf(nextOf);
            }}
          />
          <ToolButton icon={addIcon} label={trans.__('Add a column with this metric')} onClick={add} />
        </div>
      )}
    </>
  );
}

function MetricAndAspect(props: {
  label: string;
  names: readonly string[];
  name: string;
  of: MetricAspect;
  trans: TranslationBundle;
  onChoose: (name: string, of: MetricAspect) => void;
}): React.JSX.Element {
  const { names, name, of, trans } = props;
  return (
    <label className="jp-AmlRunBrowser-choice">
      <span>{props.label}</span>
      <select
        className="jp-AmlRunBrowser-select"
        value={name}
        onChange={event => props.onChoose(event.target.value, of)}
      >
        {names.map(own => (
          <option key={own} value={own}>
            {isolatedName(own)}
          </option>
        ))}
      </select>
      <select
        className="jp-AmlRunBrowser-select jp-AmlRunBrowser-mod-short"
        aria-label={trans.__('Which of its values')}
        value={of}
        onChange={event => props.onChoose(name, ASPECTS.find(own => own === event.target.value) ?? 'last')}
      >
        {ASPECTS.map(own => (
          <option key={own} value={own}>
            {aspectText(own, trans)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Choice(props: {
  label: string;
  value: string;
  options: readonly (readonly [value: string, label: string])[];
  onChoose: (value: string) => void;
}): React.JSX.Element {
  return (
    <label className="jp-AmlRunBrowser-choice">
      <span>{props.label}</span>
      <select
        className="jp-AmlRunBrowser-select"
        value={props.value}
        onChange={event => props.onChoose(event.target.value)}
      >
        {props.options.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

function CheckBox(props: { label: string; isOn: boolean; onChange: (isOn: boolean) => void }): React.JSX.Element {
  return (
    <label className="jp-AmlRunBrowser-checkBox">
      <input type="checkbox" checked={props.isOn} onChange={event => props.onChange(event.target.checked)} />
      <span>{props.label}</span>
    </label>
  );
}

function without(columns: readonly Column[], column: Column): Column[] {
  return columns.filter(other => columnId(other) !== columnId(column));
}

/** The names, with one more where that is not among them. */
function withName(names: readonly string[], name: string | null): readonly string[] {
  return name === null || names.includes(name) ? names : [name, ...names];
}

function choiceValue(choice: MetricChoice): string {
  return choice.kind === 'named' ? `named:${choice.name}` : choice.kind;
}

function toChoice(value: string): MetricChoice {
  if (value.startsWith('named:')) {
    return { kind: 'named', name: value.slice('named:'.length) };
  }
  return value === 'none' ? { kind: 'none' } : { kind: 'auto' };
}
