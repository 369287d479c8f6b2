import type { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { RunBrowserModel } from '../../model/runBrowserModel';
import type { Item } from '../../model/runBrowserSelection';
import { DEFAULT_SETTINGS } from '../../model/runQuery';
import { Grid } from './grid';
import { ScopePicker, SearchBox, TitleBar, WorkspacePicker, type OptionsPage } from './header';
import { Options } from './options';

export interface IRunBrowserProps {
  model: RunBrowserModel;
  trans: TranslationBundle;
  onOpen: (item: Item) => void;
  /** Give the keyboard to the list. */
  onList: () => void;
  /** Where the one who shows this finds the search box. */
  search: React.RefObject<HTMLInputElement>;
}

/** The run browser, whole. */
export function RunBrowser(props: IRunBrowserProps): React.JSX.Element {
  return <UseSignal signal={props.model.changed}>{() => <Content {...props} />}</UseSignal>;
}

const OPTIONS_ID = 'jp-AmlRunBrowser-options';

function Content(props: IRunBrowserProps): React.JSX.Element {
  const { model, trans, search } = props;
  const [page, setPage] = React.useState<OptionsPage | null>(null);
  return (
    <>
      <TitleBar model={model} trans={trans} page={page} onPage={setPage} optionsId={OPTIONS_ID} />
      <WorkspacePicker model={model} trans={trans} />
      <ScopePicker model={model} trans={trans} />
      <SearchBox model={model} trans={trans} input={search} onLeave={props.onList} />
      {page !== null && <Options id={OPTIONS_ID} page={page} model={model} trans={trans} />}
      <div className="jp-AmlRunBrowser-progress" data-busy={model.isLoading} aria-hidden="true" />
      <Trouble model={model} trans={trans} />
      {model.items.length > 0 ? (
        <Grid model={model} trans={trans} onOpen={props.onOpen} onSearch={() => search.current?.focus()} />
      ) : (
        <Nothing model={model} trans={trans} />
      )}
      <Foot model={model} trans={trans} />
    </>
  );
}

interface IPartProps {
  model: RunBrowserModel;
  trans: TranslationBundle;
}

/** Why there is no answer, and what can be done. */
function Trouble(props: IPartProps): React.JSX.Element {
  const { model, trans } = props;
  const { error } = model;
  const broken = model.workspace?.error ?? null;
  const message =
    error?.isLost === true ? trans.__('The server cannot be reached: %1', error.message) : (error?.message ?? broken);
  return (
    <div role="status" aria-live="polite">
      {message !== null && (
        <div className="jp-AmlRunBrowser-trouble">
          <span>{message}</span>
          {error?.isRefusal !== true && (
            <button type="button" className="jp-AmlRunBrowser-link" onClick={() => void model.refresh()}>
              {trans.__('Try again now')}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

/** What stands where there are no runs. */
function Nothing(props: IPartProps): React.JSX.Element {
  const { model, trans } = props;
  const { settings } = model;
  const isNarrowed = settings.search.trim() !== '' || settings.groups.length > 0;
  let text: string;
  if (!model.isRead) {
    text = model.error === null ? trans.__('Loading…') : '';
  } else if (model.workspace === null) {
    text = trans.__('There is no workspace yet. The first run that is logged makes one.');
  } else if (settings.scope === 'notebook' && model.notebook === null) {
    text = trans.__('No notebook is in front. Open one to see its runs here.');
  } else if (model.error?.isRefusal === true) {
    text = '';
  } else if (isNarrowed) {
    text = trans.__('No run fits the search and the filters.');
  } else if (settings.view === 'trash') {
    text = trans.__('The trash is empty.');
  } else if (settings.view === 'archived') {
    text = trans.__('No run is archived.');
  } else if (settings.scope === 'notebook') {
    text = trans.__('This notebook has no runs in this workspace yet.');
  } else {
    text = trans.__('No runs yet. The first one that is logged appears here by itself.');
  }
  return (
    <div className="jp-AmlRunBrowser-nothing">
      <p>{text}</p>
      {model.isRead && isNarrowed && (
        <button
          type="button"
          className="jp-AmlRunBrowser-link"
          onClick={() => model.setSettings({ search: '', groups: DEFAULT_SETTINGS.groups })}
        >
          {trans.__('Show all runs')}
        </button>
      )}
    </div>
  );
}

/** How many there are, how many are chosen, and what waits. */
function Foot(props: IPartProps): React.JSX.Element {
  const { model, trans } = props;
  const { total, waiting } = model;
  const chosen = model.selection.runIds.size;
  const shown = total.toLocaleString();
  return (
    <div className="jp-AmlRunBrowser-foot">
      {/* Without an answer none is known, which is not that there is none. */}
      {(total > 0 || model.error === null) && (
        <span>
          {model.isTree
            ? trans._n('%2 experiment', '%2 experiments', total, shown)
            : trans._n('%2 run', '%2 runs', total, shown)}
        </span>
      )}
      {chosen > 0 && <span>{trans.__('%1 selected', chosen.toLocaleString())}</span>}
      {waiting > 0 && (
        <button type="button" className="jp-AmlRunBrowser-link" onClick={() => model.showWaiting()}>
          {trans._n('Show %1 change', 'Show %1 changes', waiting)}
        </button>
      )}
    </div>
  );
}
