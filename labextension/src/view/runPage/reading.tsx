import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IRunPageModel } from '../../model/runPageTypes';
import { pointCount } from '../../model/series';
import { useModel } from './hooks';

interface IReadingProps {
  model: IRunPageModel;
  trans: TranslationBundle;
}

/** How many points are known, in words. */
export function pointsText(model: IRunPageModel, trans: TranslationBundle): string {
  const count = readCount(model);
  return trans._n('%2 point', '%2 points', count, count.toLocaleString('en-US'));
}

/**
 * Tells who listens that a history is so long that it is read with several answers, and when it is there. The count between these
 * changes too often to be spoken.
 */
export function SpokenReading({ model, trans }: IReadingProps): React.JSX.Element {
  useModel(model);
  const [hasRead, setHasRead] = React.useState(false);
  if (model.hasMore && !hasRead) {
    setHasRead(true);
  }
  const text = model.hasMore
    ? trans.__('The history of this run is long. It is still being read.')
    : hasRead
      ? trans.__('The whole history of this run is read: %1.', pointsText(model, trans))
      : '';
  return (
    <div className="jp-AmlChart-spoken" role="status">
      {text}
    </div>
  );
}

function readCount(model: IRunPageModel): number {
  return [...model.metrics.values()].reduce((sum, metric) => sum + pointCount(metric), 0);
}
