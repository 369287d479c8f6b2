import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Schemas } from '../../api/client';
import { exactText, numberOf, shortText } from '../../api/values';
import { shownName } from '../../model/names';
import type { IRunPageModel } from '../../model/runPageTypes';
import { hasEnded } from '../../model/runQuery';
import { isCharted } from '../../model/series';
import { momentText, spanText } from '../runBrowser/formats';
import { useNow } from './hooks';
import { pointsText } from './reading';

const MAX_NUMBERS = 4;
/** After so many intervals without news, what is shown is said to be old. */
const INTERVALS_UNTIL_STALE = 3;
const SPARE_SECONDS = 5;

/** When the run began and ended, how far it is, and when the server was last heard from. */
export function Times(props: {
  model: IRunPageModel;
  run: Schemas['Run'];
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, run, trans } = props;
  const goesOn = !hasEnded(run.status);
  const nowSeconds = useNow(goesOn) / 1_000;
  const heardAt = (model.heardAtMs ?? 0) / 1_000;
  const { isPaused } = model.settings;
  // Of a run that goes on, the span until the store answered is true whatever happened since.
  const isFollowed = goesOn && !isPaused && model.error === null && run.status !== 'NotResponding';
  const until =
    run.ended_at ?? (run.status === 'NotResponding' ? run.last_seen_at : null) ?? (isFollowed ? nowSeconds : heardAt);
  const silentSeconds = Math.max(0, nowSeconds - heardAt);
  const isStale = silentSeconds > INTERVALS_UNTIL_STALE * (model.intervalMs / 1_000) + SPARE_SECONDS;
  const steps = [...model.series.values()].filter(one => one.kind === 'scalar').map(one => one.lastStep ?? -Infinity);
  const step = Math.max(...steps);
  return (
    <dl className="jp-AmlRunPage-facts">
      <Fact label={run.started_at === null ? trans.__('Created') : trans.__('Started')}>
        {momentText(run.started_at ?? run.created_at)}
      </Fact>
      {run.ended_at !== null && <Fact label={trans.__('Ended')}>{momentText(run.ended_at)}</Fact>}
      {run.started_at !== null && (
        <Fact label={trans.__('Duration')}>{spanText(Math.max(0, until - run.started_at), trans)}</Fact>
      )}
      {Number.isFinite(step) && <Fact label={trans.__('Step')}>{step.toLocaleString('en-US')}</Fact>}
      {[...model.metrics.values()]
        .filter(metric => metric.kind === 'scalar' && isCharted(metric))
        .slice(0, MAX_NUMBERS)
        .map(metric => {
          const last = metric.columns.get(null)?.last ?? null;
          return numberOf(last) === null ? null : (
            <Fact key={metric.name} label={shownName(metric.name, 24)} title={exactText(last)}>
              {shortText(last).slice(0, 24)}
            </Fact>
          );
        })}
      {goesOn && (
        <Fact label={isPaused ? trans.__('Paused') : trans.__('Last heard')}>
          {isPaused ? (
            trans.__('as of %1', momentText(heardAt))
          ) : isStale ? (
            <b>{trans.__('no news since %1', momentText(heardAt))}</b>
          ) : (
            trans.__('%1 s ago', Math.round(silentSeconds))
          )}
        </Fact>
      )}
      {model.hasMore && (
        <Fact
          label={isPaused || model.error !== null ? trans.__('Read') : trans.__('Reading')}
          title={trans.__('The history is long: curves and last values go on until all of it is read.')}
        >
          <b>{trans.__('%1 so far', pointsText(model, trans))}</b>
        </Fact>
      )}
    </dl>
  );
}

function Fact(props: { label: string; title?: string; children: React.ReactNode }): React.JSX.Element {
  return (
    <div className="jp-AmlRunPage-fact" title={props.title}>
      <dt>
        <bdi>{props.label}</bdi>
      </dt>
      <dd>{props.children}</dd>
    </div>
  );
}
