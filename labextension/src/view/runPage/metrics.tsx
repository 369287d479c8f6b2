import React, { useMemo, useState } from 'react';

import { shownName } from '../../model/names';
import { arrange, nameFilter, WrongFilter, type CardSection, type NameFilter } from '../../model/metricSections';
import type { IPanelProps } from '../../model/runPageTypes';
import { hasEnded } from '../../model/runQuery';
import { cardKind, numberCount, type CardKind, type MetricState } from '../../model/series';
import { ChartCard } from './chartCard';
import { ChartControls } from './chartControls';
import { DocumentCard } from './documents';
import { useModel } from './hooks';
import { ImageCard } from './images';
import { TableCard } from './tables';
import { Values } from './values';

/** So many cards have a place on the page until more are asked for; only those in sight are drawn. */
const CARDS_AT_ONCE = 300;

/** What the run has logged: single values, and a card for all else. */
export function MetricsPanel(props: IPanelProps): React.JSX.Element {
  const { model, trans } = props;
  useModel(model);
  const { metrics, settings, reply } = model;
  const [limit, setLimit] = useState(CARDS_AT_ONCE);
  const kinds = useMemo(() => new Map([...metrics.values()].map(metric => [metric.name, cardKind(metric)])), [metrics]);
  const values = useMemo(() => [...metrics.values()].filter(({ name }) => kinds.get(name) === 'value'), [metrics]);
  const cardNames = useMemo(() => [...metrics.keys()].filter(name => kinds.get(name) !== 'value'), [metrics]);
  const xNames = useMemo(
    () => cardNames.filter(name => kinds.get(name) === 'line' && metrics.get(name)?.kind === 'scalar'),
    [metrics]
  );
  const { wanted, wrong } = useMemo(
    () => readFilter(settings.filter, settings.isFilterPattern, trans),
    [settings.filter, settings.isFilterPattern]
  );
  const sections = useMemo(
    () =>
      arrange(
        cardNames,
        { pinned: settings.pinned, collapsed: settings.collapsed, wanted },
        { pinned: trans.__('Pinned'), others: trans.__('Others') }
      ),
    [cardNames, settings.pinned, settings.collapsed, wanted]
  );
  if (reply === null) {
    return <div className="jp-AmlRunPage-empty">{model.error === null ? trans.__('Loading…') : ''}</div>;
  }
  if (metrics.size === 0) {
    return (
      <div className="jp-AmlRunPage-empty">
        {hasEnded(reply.run.status)
          ? trans.__('This run has logged no metrics.')
          : trans.__('No metrics yet. They appear here as the run logs them.')}
      </div>
    );
  }
  const matchedCount = sections.reduce((count, section) => count + section.names.length, 0);
  let room = limit;
  const shown = sections.map(section => {
    const names = section.isCollapsed ? [] : section.names.slice(0, Math.max(0, room));
    room -= names.length;
    return { section, names };
  });
  const openCount = sections.reduce((count, one) => count + (one.isCollapsed ? 0 : one.names.length), 0);
  return (
    <div className="jp-AmlRunPage-metrics">
      <Values metrics={values} trans={trans} />
      {cardNames.length > 0 && (
        <ChartControls
          model={model}
          trans={trans}
          xNames={xNames}
          cardCount={cardNames.length}
          matchedCount={matchedCount}
          wrongFilter={wrong}
        />
      )}
      {cardNames.length > 0 && matchedCount === 0 && (
        <div className="jp-AmlRunPage-empty">
          {trans.__('No chart has “%1” in its name.', shownName(settings.filter, 80))}{' '}
          <button type="button" className="jp-AmlRunPage-button" onClick={() => model.setSettings({ filter: '' })}>
            {trans.__('Clear the filter')}
          </button>
        </div>
      )}
      {shown.map(({ section, names }) => (
        <Section key={section.key} {...props} section={section} names={names} kinds={kinds} />
      ))}
      {openCount > limit && (
        <button type="button" className="jp-AmlRunPage-button" onClick={() => setLimit(limit + CARDS_AT_ONCE)}>
          {trans.__(
            'Show more: %1 of %2 are on the page',
            limit.toLocaleString('en-US'),
            openCount.toLocaleString('en-US')
          )}
        </button>
      )}
    </div>
  );
}

function Section(
  props: IPanelProps & { section: CardSection; names: readonly string[]; kinds: ReadonlyMap<string, CardKind> }
): React.JSX.Element {
  const { model, section, names, kinds } = props;
  const { metrics, settings } = model;
  const toggle = (): void => {
    const { collapsed } = settings;
    model.setSettings({
      collapsed: section.isCollapsed ? collapsed.filter(key => key !== section.key) : [...collapsed, section.key]
    });
  };
  const style = settings.columns > 0 ? { gridTemplateColumns: `repeat(${settings.columns}, minmax(0, 1fr))` } : {};
  return (
    <section className="jp-AmlRunPage-section">
      {section.title !== '' && (
        <h2 className="jp-AmlRunPage-sectionHead">
          <button type="button" aria-expanded={!section.isCollapsed} title={section.title} onClick={toggle}>
            <span aria-hidden="true" className="jp-AmlRunPage-turn">
              ▸
            </span>
            <bdi>{shownName(section.title, 120)}</bdi>
            <span className="jp-AmlRunPage-note">{section.names.length.toLocaleString('en-US')}</span>
          </button>
        </h2>
      )}
      {!section.isCollapsed && (
        <div className={`jp-AmlRunPage-grid jp-mod-${settings.size}`} style={style}>
          {names.map(name => {
            const metric = metrics.get(name);
            return metric === undefined ? null : (
              <MetricCard key={name} {...props} metric={metric} kind={kinds.get(name) ?? 'line'} />
            );
          })}
        </div>
      )}
    </section>
  );
}

function MetricCard({
  model,
  trans,
  metric,
  kind
}: IPanelProps & { metric: MetricState; kind: CardKind }): React.JSX.Element {
  const { settings, reply } = model;
  const { xAxis, xMetric, isLogX, isLogY, smoothing, cutsOutliers, size, pinned } = settings;
  const look = useMemo(
    () => ({ xAxis, xMetric, isLogX, isLogY, smoothing, cutsOutliers, size, pinned }),
    [xAxis, xMetric, isLogX, isLogY, smoothing, cutsOutliers, size, pinned]
  );
  switch (kind) {
    case 'table':
      return <TableCard model={model} trans={trans} metric={metric} pinned={pinned} />;
    case 'image':
      return <ImageCard model={model} trans={trans} metric={metric} pinned={pinned} />;
    case 'document':
      return <DocumentCard model={model} trans={trans} metric={metric} pinned={pinned} size={size} />;
    case 'value':
    case 'line': {
      const other = xAxis === 'metric' && xMetric !== null ? model.metrics.get(xMetric) : undefined;
      const isX = other !== undefined && [...other.columns.values()].some(series => numberCount(series) > 0);
      return (
        <ChartCard
          model={model}
          trans={trans}
          metric={metric}
          xMetric={isX ? other : null}
          startedAt={reply?.run.started_at ?? reply?.run.created_at ?? null}
          look={look}
        />
      );
    }
  }
}

function readFilter(
  text: string,
  isPattern: boolean,
  trans: IPanelProps['trans']
): { wanted: NameFilter | undefined; wrong: string | null } {
  if (text === '') {
    return { wanted: undefined, wrong: null };
  }
  try {
    return { wanted: nameFilter(text, isPattern), wrong: null };
  } catch (reason) {
    if (!(reason instanceof WrongFilter)) {
      throw reason;
    }
    const wrong = {
      length: trans.__('A regular expression has at most %1 characters here.', reason.message),
      syntax: trans.__('This is no regular expression: %1.', reason.message),
      endless: trans.__(
        'This regular expression might take for ever: it has repetitions of repetitions, or many of them, or many choices.'
      )
    }[reason.reason];
    return { wanted: undefined, wrong };
  }
}
