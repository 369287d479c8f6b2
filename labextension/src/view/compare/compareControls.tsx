import * as React from 'react';

import { isolatedName } from '../../model/names';
import type { XAxis } from '../../model/runPageTypes';
import { sliderPlace, smoothingAt } from '../../model/smoothing';
import type { IComparedProps } from './comparePage';

const METRIC = 'metric:';
const MAX_LISTED = 500;

/** What says how the charts are drawn, and which. */
export function CompareControls({ model, trans }: IComparedProps): React.JSX.Element {
  const { settings } = model;
  const names = model.metricNames.slice(0, MAX_LISTED);
  const smoothing = settings.smoothing > 0 ? String(Number(settings.smoothing.toFixed(3))) : trans.__('off');
  return (
    <div className="jp-AmlRunPage-tools" role="toolbar" aria-label={trans.__('Charts')}>
      <label className="jp-AmlCompare-control">
        {trans.__('X axis')}
        <select
          className="jp-AmlRunPage-select"
          value={settings.xAxis === 'metric' ? METRIC + (settings.xMetric ?? '') : settings.xAxis}
          onChange={event => {
            const { value } = event.target;
            model.setSettings(
              value.startsWith(METRIC)
                ? { xAxis: 'metric', xMetric: value.slice(METRIC.length) }
                : { xAxis: value as XAxis, xMetric: null }
            );
          }}
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
      <label className="jp-AmlCompare-control">
        {trans.__('Smoothing')}
        <input
          type="range"
          min={0}
          max={100}
          step={1}
          value={sliderPlace(settings.smoothing)}
          aria-valuetext={smoothing}
          onChange={event => {
            model.setSettings({ smoothing: smoothingAt(Number(event.target.value)) });
          }}
        />
        <output className="jp-AmlCompare-sliderValue">{smoothing}</output>
      </label>
      {(['isLogX', 'isLogY'] as const).map(key => (
        <label key={key} className="jp-AmlCompare-control">
          <input
            type="checkbox"
            checked={settings[key]}
            onChange={event => {
              model.setSettings({ [key]: event.target.checked });
            }}
          />
          {key === 'isLogX' ? trans.__('Log x') : trans.__('Log y')}
        </label>
      ))}
      <input
        type="search"
        className="jp-AmlRunPage-input jp-AmlCompare-filter"
        placeholder={trans.__('Filter metrics, parameters and tags')}
        aria-label={trans.__('Filter metrics, parameters and tags by name')}
        value={settings.filter}
        data-lm-suppress-shortcuts="true"
        onChange={event => {
          model.setSettings({ filter: event.target.value });
        }}
      />
    </div>
  );
}
