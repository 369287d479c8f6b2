import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import { accuracyOf, ratesOf, type ConfusionMatrix } from '../../model/documents';
import { shownName } from '../../model/names';
import { compact } from '../charts/ticks';

const MAX_CLASSES = 60;

type Shown = 'counts' | 'rates' | 'both';

/** A confusion matrix as a table; the shade of a cell is its part of the true class. */
export function MatrixView(props: {
  matrix: ConfusionMatrix;
  name: string;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { matrix, name, trans } = props;
  const [shown, setShown] = useState<Shown>('counts');
  const rates = ratesOf(matrix);
  const labels = matrix.labels.slice(0, MAX_CLASSES);
  const accuracy = accuracyOf(matrix);
  const cellText = (count: number, rate: number): string => {
    const rateText = Number.isFinite(rate) ? `${(rate * 100).toFixed(1)} %` : '–';
    const countText = Number.isFinite(count) ? compact(count) : '–';
    return shown === 'counts' ? countText : shown === 'rates' ? rateText : `${countText} (${rateText})`;
  };
  return (
    <>
      <div className="jp-AmlRunPage-cardBar">
        <label className="jp-AmlRunPage-control">
          {trans.__('Show')}
          <select className="jp-mod-styled" value={shown} onChange={event => setShown(event.target.value as Shown)}>
            <option value="counts">{trans.__('counts')}</option>
            <option value="rates">{trans.__('rates of the true class')}</option>
            <option value="both">{trans.__('counts and rates')}</option>
          </select>
        </label>
        <span className="jp-AmlRunPage-note">
          {Number.isFinite(accuracy)
            ? trans.__('accuracy %1 %', (accuracy * 100).toFixed(2))
            : trans.__('accuracy unknown')}
        </span>
      </div>
      <div className="jp-AmlRunPage-scroll" role="region" aria-label={name} tabIndex={0}>
        <table className="jp-AmlRunPage-matrix">
          <thead>
            <tr>
              <th scope="col" className="jp-mod-corner">
                {trans.__('true ↓ predicted →')}
              </th>
              {labels.map((label, place) => (
                <th key={place} scope="col" title={label}>
                  <bdi>{shownName(label, 30)}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {labels.map((label, row) => (
              <tr key={row}>
                <th scope="row" title={label}>
                  <bdi>{shownName(label, 30)}</bdi>
                </th>
                {labels.map((_, column) => {
                  const rate = rates[row]?.[column] ?? NaN;
                  return (
                    <td
                      key={column}
                      style={{ '--jp-aml-part': Number.isFinite(rate) ? rate : 0 } as React.CSSProperties}
                    >
                      {cellText(matrix.counts[row]?.[column] ?? NaN, rate)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {matrix.labels.length > MAX_CLASSES && (
        <div className="jp-AmlRunPage-note">
          {trans.__('the first %1 of %2 classes', MAX_CLASSES, matrix.labels.length)}
        </div>
      )}
    </>
  );
}
