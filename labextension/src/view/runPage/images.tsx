import type { TranslationBundle } from '@jupyterlab/translation';
import React, { memo, useEffect, useRef, useState } from 'react';

import { shownName, sizeText } from '../../model/names';
import type { IRunPageModel } from '../../model/runPageTypes';
import type { MetricState } from '../../model/series';
import { momentText } from '../charts/ticks';
import { Card, Trouble } from './card';
import { useNear } from './hooks';
import { useVersion } from './versions';

interface IImageCardProps {
  model: IRunPageModel;
  trans: TranslationBundle;
  metric: MetricState;
  pinned: readonly string[];
}

/** Pictures that were logged under one name: the newest, and a slider over all of them. */
export const ImageCard = memo(function ImageCard({ model, trans, metric }: IImageCardProps): React.JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const isNear = useNear(place);
  const { version, goTo, error } = useVersion(model, metric);
  const [isBroken, setIsBroken] = useState(false);
  const [isLarge, setIsLarge] = useState(false);
  const path = version?.path ?? null;
  const size = path === null ? undefined : model.artifacts.get(path)?.size_bytes;
  useEffect(() => setIsBroken(false), [path, size]);
  const name = shownName(metric.name);
  const shown = version === null ? '' : trans.__('%1 of %2', count(version.place + 1), count(version.total));
  const facts =
    version === null
      ? []
      : [
          version.step === null ? '' : trans.__('step %1', count(version.step)),
          version.at === null ? '' : momentText(version.at),
          size === undefined ? '' : sizeText(size)
        ].filter(Boolean);
  return (
    <Card
      model={model}
      trans={trans}
      name={metric.name}
      isWide={isLarge}
      tools={
        <>
          <button
            type="button"
            className="jp-AmlRunPage-tool"
            aria-pressed={isLarge}
            aria-label={trans.__('Show %1 large', name)}
            title={isLarge ? trans.__('Small again') : trans.__('Large')}
            onClick={() => setIsLarge(!isLarge)}
          >
            <span aria-hidden="true">{isLarge ? '−' : '+'}</span>
          </button>
          {path !== null && (
            <a
              className="jp-AmlRunPage-tool"
              href={model.client.fileUrl(model.workspace, model.runId, path, { download: true })}
              download
              aria-label={trans.__('Save the picture %1', name)}
              title={trans.__('Save the file')}
            >
              <span aria-hidden="true">↓</span>
            </a>
          )}
        </>
      }
    >
      <div ref={place} className={`jp-AmlRunPage-picture${isLarge ? ' jp-mod-large' : ''}`}>
        {isNear && path !== null && !isBroken && (
          <img
            src={model.client.fileUrl(model.workspace, model.runId, path)}
            alt={trans.__('%1, %2', name, shown)}
            onError={() => setIsBroken(true)}
          />
        )}
        {isBroken && path !== null && (
          <Trouble
            title={trans.__('This picture cannot be shown')}
            why={
              size === undefined
                ? trans.__('The run has no file “%1” yet.', shownName(path))
                : trans.__('“%1” is no picture that this browser can draw. The file can be saved.', shownName(path))
            }
          />
        )}
        {version !== null && path === null && (
          <Trouble title={trans.__('This picture cannot be shown')} why={trans.__('What was logged is no path.')} />
        )}
        {error !== null && <Trouble title={trans.__('These pictures cannot be read now')} why={error} />}
      </div>
      {version !== null && version.total > 1 && (
        <label className="jp-AmlRunPage-control">
          {trans.__('Picture')}
          <input
            type="range"
            className="jp-AmlRunPage-slider"
            min={1}
            max={version.total}
            step={1}
            value={version.place + 1}
            aria-valuetext={shown}
            onChange={event => goTo(Number(event.target.value) - 1)}
          />
          <output className="jp-AmlRunPage-sliderValue">{shown}</output>
        </label>
      )}
      <div className="jp-AmlRunPage-note">{facts.join(' · ')}</div>
    </Card>
  );
});

function count(number: number): string {
  return number.toLocaleString('en-US');
}
