import * as React from 'react';

import { pictureAt, pictureCount, pictureNames, pictureRow, readPictures } from '../../model/comparePictures';
import type { PictureHistories, PlacedPicture } from '../../model/comparePictures';
import { shownName } from '../../model/names';
import { useNear } from '../runPage/hooks';
import type { IComparedProps } from './comparePage';

/** How many rows of pictures are shown at first, and with each "more". */
const PAGE_ROWS = 10;

/** Pictures of one name side by side. */
export function ComparePictures(props: IComparedProps): React.JSX.Element | null {
  const { model, runs, trans } = props;
  const [limit, setLimit] = React.useState(PAGE_ROWS);
  const words = model.settings.filter
    .toLowerCase()
    .split(/\s+/)
    .filter(word => word !== '');
  const names = pictureNames(runs).filter(name => words.every(word => name.toLowerCase().includes(word)));
  if (names.length === 0) {
    return null;
  }
  return (
    <section className="jp-AmlCompare-pictures" aria-label={trans.__('Pictures')}>
      <h3 className="jp-AmlCompare-heading">{trans.__('Pictures')}</h3>
      {names.slice(0, limit).map(name => (
        <Pictures key={name} {...props} metric={name} />
      ))}
      {names.length > limit && (
        <button
          type="button"
          className="jp-AmlRunPage-button"
          onClick={() => {
            setLimit(limit + PAGE_ROWS);
          }}
        >
          {trans.__('Show more pictures')}
        </button>
      )}
    </section>
  );
}

function Pictures(props: IComparedProps & { metric: string }): React.JSX.Element {
  const { model, runs, labels, colors, trans, metric } = props;
  const box = React.useRef<HTMLDivElement>(null);
  const { histories, problem } = useHistories(props, useNear(box));
  const row = pictureRow(metric, runs, histories);
  const last = row.steps.length - 1;
  const [chosen, setChosen] = React.useState<number | null>(null); // null: the newest, also of those to come
  const place = Math.min(chosen ?? last, last);
  const step = row.steps[place] ?? -Infinity;
  const name = shownName(row.name, 80);
  return (
    <div ref={box} className="jp-AmlCompare-pictureRow">
      <div className="jp-AmlRunPage-tools">
        <bdi>{name}</bdi>
        {last > 0 && (
          <label className="jp-AmlCompare-control">
            {trans.__('Step')}
            <input
              type="range"
              min={0}
              max={last}
              step={1}
              value={place}
              aria-label={trans.__('Step of %1', name)}
              aria-valuetext={stepText(step)}
              onChange={event => {
                const next = Number(event.target.value);
                setChosen(next === last ? null : next);
              }}
            />
            <output>{stepText(step)}</output>
          </label>
        )}
      </div>
      {problem !== null && (
        <p className="jp-AmlCompare-note" role="status">
          {trans.__('Earlier pictures cannot be read now: %1', problem)}
        </p>
      )}
      <ul className="jp-AmlCompare-pictureList">
        {runs.map(({ run }, at) => {
          const pictures = row.runs[at];
          const picture = pictures == null ? null : pictureAt(pictures, step);
          if (model.settings.hidden.includes(run.run_id)) {
            return null;
          }
          return (
            <li key={run.run_id} className="jp-AmlCompare-picture">
              <span className="jp-AmlCompare-pictureName" title={shownName(labels.get(run.run_id) ?? run.run_id, 500)}>
                <span className="jp-AmlCompare-swatch" style={{ background: colors.get(run.run_id) }} />
                <bdi>{shownName(labels.get(run.run_id) ?? run.run_id, 40)}</bdi>
              </span>
              {picture === null ? (
                <span className="jp-AmlCompare-note">{trans.__('no picture')}</span>
              ) : (
                <>
                  <img
                    loading="lazy"
                    src={model.client.fileUrl(model.workspace, run.run_id, picture.path)}
                    alt={trans.__('%1 of %2', name, shownName(labels.get(run.run_id) ?? run.run_id, 60))}
                  />
                  {picture.step !== step && (
                    <span className="jp-AmlCompare-note">{trans.__('of step %1', stepText(picture.step))}</span>
                  )}
                </>
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** The pictures of all steps, read once somebody looks, and again where more have come. */
function useHistories(
  { model, runs, metric }: IComparedProps & { metric: string },
  isNear: boolean
): { histories: PictureHistories; problem: string | null } {
  const [histories, setHistories] = React.useState<PictureHistories>(new Map());
  const [problem, setProblem] = React.useState<string | null>(null);
  const readCounts = React.useRef(new Map<string, number>());
  const counts = runs.map(run => [run.run.run_id, pictureCount(run, metric)] as const);
  const key = JSON.stringify(counts.filter(([, count]) => count > 1));
  React.useEffect(() => {
    if (!isNear) {
      return;
    }
    let isOver = false;
    const read = async (): Promise<void> => {
      for (const [runId, count] of JSON.parse(key) as [string, number][]) {
        if (isOver || readCounts.current.get(runId) === count) {
          continue;
        }
        const pictures: readonly PlacedPicture[] = await readPictures(model.client, model.workspace, runId, metric);
        readCounts.current.set(runId, count);
        setHistories(known => new Map(known).set(runId, pictures));
      }
      setProblem(null);
    };
    read().catch((reason: unknown) => {
      if (!isOver) {
        setProblem(reason instanceof Error ? reason.message : String(reason));
      }
    });
    return () => {
      isOver = true;
    };
  }, [model, metric, key, isNear]);
  return { histories, problem };
}

function stepText(step: number): string {
  return Number.isFinite(step) ? step.toLocaleString() : '–';
}
