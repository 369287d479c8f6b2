import type { TranslationBundle } from '@jupyterlab/translation';
import React, { memo } from 'react';

import { exactText, numberOf, shortText, type Value } from '../../api/values';
import { shownName } from '../../model/names';
import { pointCount, type MetricState } from '../../model/series';

const MAX_TILES = 40;
const MAX_ROWS = 20;
const MAX_FOLDED = 2_000;
const MAX_SHORT_TEXT = 300;
const MAX_TEXT = 2_000;

/** Metrics with a single value: numbers as tiles, texts and truth values as a table. Many of them fold behind the first. */
export const Values = memo(function Values(props: {
  metrics: readonly MetricState[];
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { metrics, trans } = props;
  const numbers = metrics.filter(isTile);
  const others = metrics.filter(metric => !isTile(metric));
  if (metrics.length === 0) {
    return null;
  }
  return (
    <div className="jp-AmlRunPage-values">
      <Tiles metrics={numbers.slice(0, MAX_TILES)} trans={trans} />
      <Folded metrics={numbers.slice(MAX_TILES)} trans={trans} Content={Tiles} />
      <Rows metrics={others.slice(0, MAX_ROWS)} trans={trans} />
      <Folded metrics={others.slice(MAX_ROWS)} trans={trans} Content={Rows} />
    </div>
  );
}, areSame);

interface IListProps {
  metrics: readonly MetricState[];
  trans: TranslationBundle;
}

function Tiles({ metrics }: IListProps): React.JSX.Element | null {
  if (metrics.length === 0) {
    return null;
  }
  return (
    <dl className="jp-AmlRunPage-tiles">
      {metrics.map(metric => {
        const value = valueOf(metric);
        return (
          <div key={metric.name} className="jp-AmlRunPage-tile" data-metric={metric.name}>
            <dt title={metric.name}>
              <bdi>{shownName(metric.name, 120)}</bdi>
            </dt>
            <dd title={exactText(value)}>{shortText(value).slice(0, 60)}</dd>
          </div>
        );
      })}
    </dl>
  );
}

function Rows({ metrics, trans }: IListProps): React.JSX.Element | null {
  if (metrics.length === 0) {
    return null;
  }
  return (
    <table className="jp-AmlRunPage-table">
      <tbody>
        {metrics.map(metric => (
          <tr key={metric.name} data-metric={metric.name}>
            <th scope="row" title={metric.name}>
              <bdi>{shownName(metric.name, 120)}</bdi>
            </th>
            <td>
              <SingleValue metric={metric} trans={trans} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function SingleValue({ metric, trans }: { metric: MetricState; trans: TranslationBundle }): React.JSX.Element {
  const value = valueOf(metric);
  if (pointCount(metric) === 0) {
    return <span className="jp-AmlRunPage-note">{trans.__('an empty list')}</span>;
  }
  if (typeof value !== 'string') {
    return <>{shortText(value)}</>;
  }
  return <LongText text={value} trans={trans} />;
}

/** A text that was logged; a long one is opened. */
export function LongText({ text, trans }: { text: string; trans: TranslationBundle }): React.JSX.Element {
  if (text === '') {
    return <span className="jp-AmlRunPage-note">{trans.__('empty text')}</span>;
  }
  if (text.length <= MAX_SHORT_TEXT) {
    return <bdi className="jp-AmlRunPage-text">{text}</bdi>;
  }
  return (
    <details>
      <summary>
        <bdi>{`${text.slice(0, MAX_SHORT_TEXT)}…`}</bdi>
      </summary>
      <bdi className="jp-AmlRunPage-text">{text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text}</bdi>
      {text.length > MAX_TEXT && (
        <div className="jp-AmlRunPage-note">
          {trans.__('the first %1 of %2 characters', count(MAX_TEXT), count(text.length))}
        </div>
      )}
    </details>
  );
}

function Folded(
  props: IListProps & { Content: (props: IListProps) => React.JSX.Element | null }
): React.JSX.Element | null {
  const { metrics, trans, Content } = props;
  if (metrics.length === 0) {
    return null;
  }
  const leftCount = metrics.length - MAX_FOLDED;
  return (
    <details>
      <summary>{trans.__('and %1 more', count(metrics.length))}</summary>
      <Content metrics={metrics.slice(0, MAX_FOLDED)} trans={trans} />
      {leftCount > 0 && (
        <div className="jp-AmlRunPage-note">{trans.__('and %1 that are not shown', count(leftCount))}</div>
      )}
    </details>
  );
}

function isTile(metric: MetricState): boolean {
  return pointCount(metric) === 1 && numberOf(valueOf(metric)) !== null;
}

function valueOf(metric: MetricState): Value {
  for (const series of metric.columns.values()) {
    return series.last;
  }
  return null;
}

function areSame(before: IListProps, after: IListProps): boolean {
  return (
    before.metrics.length === after.metrics.length &&
    before.metrics.every((metric, place) => metric === after.metrics[place])
  );
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
