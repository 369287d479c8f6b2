import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { isolatedName } from '../../model/names';
import { DEFAULT_SETTINGS, LOOK_KEYS, MAX_COLUMNS } from '../../model/runPageSettings';
import type { ChartSize, IRunPageModel, ViewSettings, XAxis } from '../../model/runPageTypes';
import { sliderPlace, smoothingAt } from '../../model/smoothing';

const METRIC = 'metric:';
const MAX_LISTED = 500;
const MAX_AT_A_GLANCE = 3;

interface IControlsProps {
  model: IRunPageModel;
  trans: TranslationBundle;
  /** Metrics that can be x. */
  xNames: readonly string[];
  cardCount: number;
  matchedCount: number;
  wrongFilter: string | null;
}

/** What says how charts are drawn, and which. */
export function ChartControls(props: IControlsProps): React.JSX.Element {
  const { model, trans, cardCount, matchedCount } = props;
  const { settings } = model;
  const hasFilter = cardCount > MAX_AT_A_GLANCE || settings.filter !== '';
  return (
    <div className="jp-AmlRunPage-controls" role="toolbar" aria-label={trans.__('Charts')}>
      <XChoice {...props} />
      <Smoothing model={model} trans={trans} />
      <Check model={model} name="isLogX" label={trans.__('Log x')} title={trans.__('Logarithmic x axis')} />
      <Check model={model} name="isLogY" label={trans.__('Log y')} title={trans.__('Logarithmic y axis')} />
      <Check
        model={model}
        name="cutsOutliers"
        label={trans.__('Cut outliers')}
        title={trans.__('Leave outliers out of the y axis')}
      />
      <label className="jp-AmlRunPage-control">
        {trans.__('Columns')}
        <select
          className="jp-mod-styled"
          value={settings.columns}
          onChange={event => model.setSettings({ columns: Number(event.target.value) })}
        >
          <option value={0}>{trans.__('Auto')}</option>
          {Array.from({ length: MAX_COLUMNS }, (_, place) => (
            <option key={place} value={place + 1}>
              {place + 1}
            </option>
          ))}
        </select>
      </label>
      <label className="jp-AmlRunPage-control">
        {trans.__('Size')}
        <select
          className="jp-mod-styled"
          value={settings.size}
          onChange={event => model.setSettings({ size: event.target.value as ChartSize })}
        >
          <option value="small">{trans.__('Small')}</option>
          <option value="medium">{trans.__('Medium')}</option>
          <option value="large">{trans.__('Large')}</option>
        </select>
      </label>
      <button
        type="button"
        className="jp-AmlRunPage-button"
        disabled={isPlain(settings)}
        title={trans.__('Show charts as at first')}
        onClick={() => model.setSettings(plainLook())}
      >
        {trans.__('Reset')}
      </button>
      {hasFilter && (
        <div className="jp-AmlRunPage-filter">
          <input
            type="search"
            className="jp-mod-styled"
            aria-label={trans.__('Filter charts by name')}
            aria-invalid={props.wrongFilter !== null}
            placeholder={trans.__('Filter charts')}
            value={settings.filter}
            onChange={event => model.setSettings({ filter: event.target.value })}
          />
          <Check
            model={model}
            name="isFilterPattern"
            label={trans.__('Regex')}
            title={trans.__('Read the filter as a regular expression')}
          />
          <span className="jp-AmlRunPage-note" role="status">
            {settings.filter !== '' && props.wrongFilter === null
              ? trans.__('%1 of %2 charts', matchedCount.toLocaleString('en-US'), cardCount.toLocaleString('en-US'))
              : trans.__('%1 charts', cardCount.toLocaleString('en-US'))}
          </span>
        </div>
      )}
      {props.wrongFilter !== null && (
        <div className="jp-AmlRunPage-wrong" role="alert">
          {props.wrongFilter} {trans.__('All charts are shown.')}
        </div>
      )}
    </div>
  );
}

function XChoice({ model, trans, xNames }: IControlsProps): React.JSX.Element {
  const { settings } = model;
  const chosen = settings.xMetric;
  const listed = xNames.slice(0, MAX_LISTED);
  const names = chosen === null || listed.includes(chosen) ? listed : [...listed, chosen];
  const choose = (value: string): void => {
    if (value.startsWith(METRIC)) {
      model.setSettings({ xAxis: 'metric', xMetric: value.slice(METRIC.length) });
    } else {
      model.setSettings({ xAxis: value as XAxis, xMetric: null });
    }
  };
  return (
    <label className="jp-AmlRunPage-control">
      {trans.__('X axis')}
      <select
        className="jp-mod-styled"
        value={settings.xAxis === 'metric' ? METRIC + (chosen ?? '') : settings.xAxis}
        onChange={event => choose(event.target.value)}
      >
        <option value="step">{trans.__('Step')}</option>
        <option value="relative">{trans.__('Time since the start')}</option>
        <option value="wall">{trans.__('Time of day')}</option>
        {names.map(name => (
          <option key={name} value={METRIC + name}>
            {isolatedName(name, 60)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Smoothing({ model, trans }: { model: IRunPageModel; trans: TranslationBundle }): React.JSX.Element {
  const { smoothing } = model.settings;
  const shown = smoothing > 0 ? String(Number(smoothing.toFixed(3))) : trans.__('off');
  return (
    <label className="jp-AmlRunPage-control">
      {trans.__('Smoothing')}
      <input
        type="range"
        min={0}
        max={100}
        step={1}
        value={sliderPlace(smoothing)}
        aria-valuetext={shown}
        onChange={event => model.setSettings({ smoothing: smoothingAt(Number(event.target.value)) })}
      />
      <output className="jp-AmlRunPage-sliderValue">{shown}</output>
    </label>
  );
}

type BooleanSetting = 'isLogX' | 'isLogY' | 'cutsOutliers' | 'isFilterPattern';

function Check(props: { model: IRunPageModel; name: BooleanSetting; label: string; title: string }): React.JSX.Element {
  const { model, name, label, title } = props;
  return (
    <label className="jp-AmlRunPage-control" title={title}>
      <input
        type="checkbox"
        checked={model.settings[name]}
        onChange={event => model.setSettings({ [name]: event.target.checked })}
      />
      {label}
    </label>
  );
}

function isPlain(settings: ViewSettings): boolean {
  return LOOK_KEYS.every(key => settings[key] === DEFAULT_SETTINGS[key]);
}

function plainLook(): Partial<ViewSettings> {
  return Object.fromEntries(LOOK_KEYS.map(key => [key, DEFAULT_SETTINGS[key]]));
}
