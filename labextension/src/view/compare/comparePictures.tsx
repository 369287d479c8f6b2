import * as React from 'react';

import { pictureAt, pictureRows } from '../../model/comparePictures';
import type { PictureRow } from '../../model/comparePictures';
import { shownName } from '../../model/names';
import { nameOf } from '../../model/runQuery';
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
  const rows = pictureRows(runs).filter(row => words.every(word => row.name.toLowerCase().includes(word)));
  if (rows.length === 0) {
    return null;
  }
  return (
    <section className="jp-AmlCompare-pictures" aria-label={trans.__('Pictures')}>
      <h3 className="jp-AmlCompare-heading">{trans.__('Pictures')}</h3>
      {rows.slice(0, limit).map(row => (
        <Pictures key={row.name} {...props} row={row} />
      ))}
      {rows.length > limit && (
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

function Pictures({ model, runs, colors, trans, row }: IComparedProps & { row: PictureRow }): React.JSX.Element {
  const last = row.steps.length - 1;
  const [chosen, setChosen] = React.useState<number | null>(null); // null: the newest, also of those to come
  const place = Math.min(chosen ?? last, last);
  const step = row.steps[place] ?? -Infinity;
  const name = shownName(row.name, 80);
  return (
    <div className="jp-AmlCompare-pictureRow">
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
      <ul className="jp-AmlCompare-pictureList">
        {runs.map(({ run }, at) => {
          const pictures = row.runs[at];
          const picture = pictures == null ? null : pictureAt(pictures, step);
          if (model.settings.hidden.includes(run.run_id)) {
            return null;
          }
          return (
            <li key={run.run_id} className="jp-AmlCompare-picture">
              <span className="jp-AmlCompare-pictureName">
                <span className="jp-AmlCompare-swatch" style={{ background: colors.get(run.run_id) }} />
                <bdi>{shownName(nameOf(run), 40)}</bdi>
              </span>
              {picture === null ? (
                <span className="jp-AmlCompare-note">{trans.__('no picture')}</span>
              ) : (
                <>
                  <img
                    loading="lazy"
                    src={model.client.fileUrl(model.workspace, run.run_id, picture.path)}
                    alt={trans.__('%1 of %2', name, shownName(nameOf(run), 60))}
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

function stepText(step: number): string {
  return Number.isFinite(step) ? step.toLocaleString() : '–';
}
