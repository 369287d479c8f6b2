import type { TranslationBundle } from '@jupyterlab/translation';
import React, { type RefObject } from 'react';

import { shownName } from '../../model/names';
import type { ChartHandle } from '../charts/chart';
import { Menu } from './menu';
import { savePicture } from './saving';

/** What of a card can be saved: its chart as a picture, and all that is behind it. */
export function SaveMenu(props: {
  chart: RefObject<ChartHandle | null>;
  name: string;
  trans: TranslationBundle;
  isBusy: boolean;
  run: (action: () => Promise<void>) => void;
  /** Save all points as CSV. */
  saveAll?: () => Promise<void>;
  /** Where the file is that the chart is made of. */
  fileUrl?: string;
}): React.JSX.Element {
  const { chart, name, trans, isBusy, run, saveAll, fileUrl } = props;
  const save = (kind: 'png' | 'svg'): void => run(() => savePicture(chart.current, name, kind));
  return (
    <Menu label={trans.__('Save')} ariaLabel={trans.__('Save %1', shownName(name))} className="jp-AmlRunPage-tool">
      <button type="button" disabled={isBusy} onClick={() => save('png')}>
        {trans.__('Save as PNG')}
      </button>
      <button type="button" disabled={isBusy} onClick={() => save('svg')}>
        {trans.__('Save as SVG')}
      </button>
      {saveAll !== undefined && (
        <button type="button" disabled={isBusy} onClick={() => run(saveAll)}>
          {trans.__('Save all points as CSV')}
        </button>
      )}
      {fileUrl !== undefined && (
        <a href={fileUrl} download>
          {trans.__('Save the file')}
        </a>
      )}
    </Menu>
  );
}
