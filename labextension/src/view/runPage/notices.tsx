import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Schemas } from '../../api/client';
import type { IRunPageModel } from '../../model/runPageTypes';
import { momentText } from '../runBrowser/formats';

/** Says that the store does not answer, or does not have the run. What was known stays. */
export function Silence({
  model,
  trans
}: {
  model: IRunPageModel;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  if (model.error === null) {
    return null;
  }
  return (
    <div className={`jp-AmlRunPage-box ${model.isMissing ? 'jp-mod-bad' : 'jp-mod-warn'}`} role="alert">
      <b>
        {model.isMissing
          ? trans.__('The store does not have this run.')
          : trans.__('The server cannot tell about this run now.')}
      </b>{' '}
      {model.error.slice(0, 1_000)}
      {model.heardAtMs !== null && (
        <div className="jp-AmlRunPage-message">
          {trans.__('What is shown is from %1.', momentText(model.heardAtMs / 1_000))}
        </div>
      )}
    </div>
  );
}

/** Why a run failed: code, message and, folded, the traceback. */
export function ErrorBox({
  error,
  trans
}: {
  error: Schemas['RunError'];
  trans: TranslationBundle;
}): React.JSX.Element {
  return (
    <div className="jp-AmlRunPage-box jp-mod-bad" role="group" aria-label={trans.__('Error')}>
      <b>{error.error_type ? `${error.code} (${error.error_type})` : error.code}</b>
      <div className="jp-AmlRunPage-message">{error.message.slice(0, 4_000)}</div>
      {error.traceback && (
        <details>
          <summary>{trans.__('Traceback')}</summary>
          <pre className="jp-AmlRunPage-traceback" tabIndex={0}>
            {error.traceback.slice(-40_000)}
          </pre>
        </details>
      )}
    </div>
  );
}
