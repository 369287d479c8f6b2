import { ILabShell, ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { Debouncer } from '@lumino/polling';

import { ApiClient } from '../api/client';
import { RunBrowserModel } from '../model/runBrowserModel';
import { RunBrowserPoll } from '../model/runBrowserPoll';
import { nameOf, readSettings } from '../model/runQuery';
import { CommandIDs, IRunApi, SETTINGS_ID } from '../tokens';
import { RunBrowserWidget } from '../view/runBrowser/widget';
import { notifyOfEnds } from './notifications';
import { RunBrowserActions } from './runBrowserActions';
import { addCommands } from './runBrowserCommands';

/** Where the panel's state is kept with JupyterLab's layout. */
const STATE_KEY = 'aml-widgets:run-browser';
/** How long a change of the state rests before it is kept. */
const KEEP_MS = 500;
const RANK = 350;
const DEFAULT_INTERVAL_SECONDS = 5;

const apiPlugin: JupyterFrontEndPlugin<IRunApi> = {
  id: 'aml-widgets:api',
  description: 'Asks the server for runs, for the other plugins.',
  autoStart: true,
  provides: IRunApi,
  activate: (app: JupyterFrontEnd): IRunApi => ({
    client: new ApiClient({ serverSettings: app.serviceManager.serverSettings })
  })
};

const sidebarPlugin: JupyterFrontEndPlugin<void> = {
  id: SETTINGS_ID,
  description: 'The runs of this server, in the sidebar.',
  autoStart: true,
  requires: [IRunApi],
  // Without the shell of JupyterLab, as in Notebook 7, there is no sidebar to be in.
  optional: [ILabShell, ILayoutRestorer, IStateDB, ISettingRegistry, ITranslator, ICommandPalette, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    api: IRunApi,
    shell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    notebooks: INotebookTracker | null
  ): void => {
    if (shell === null) {
      return;
    }
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load('aml_widgets');
    const model = new RunBrowserModel({ client: api.client });
    const actions = new RunBrowserActions({
      model,
      client: api.client,
      commands,
      trans,
      notebooks,
      activate: id => shell.activateById(id)
    });
    const widget = new RunBrowserWidget({
      model,
      trans,
      onOpen: item => {
        if (item.kind === 'run') {
          const args = { workspace: model.settings.workspace, runId: item.run.run_id, name: nameOf(item.run) };
          commands.execute(CommandIDs.openRun, args).catch((reason: unknown) => actions.showError(reason));
        }
      }
    });
    shell.add(widget, 'left', { rank: RANK });
    restorer?.add(widget, widget.id);

    const show = (): void => shell.activateById(widget.id);
    addCommands({
      commands,
      palette,
      trans,
      model,
      actions,
      notebooks,
      show,
      search: () => {
        show();
        widget.focusSearch();
      }
    });

    const preferences = new Preferences();
    notifyOfEnds({ model, commands, trans, isWanted: () => preferences.notifies });
    followNotebooks(app, model, notebooks);
    void start({ model, widget, state, registry, preferences });
  }
};

/** What is set in the settings editor. */
class Preferences {
  intervalSeconds = DEFAULT_INTERVAL_SECONDS;
  notifies = true;
  watchesWhileHidden = false;

  read(settings: ISettingRegistry.ISettings): void {
    const { refreshSeconds, notifyWhenRunEnds, watchWhileHidden } = settings.composite;
    this.intervalSeconds = typeof refreshSeconds === 'number' ? refreshSeconds : DEFAULT_INTERVAL_SECONDS;
    this.notifies = notifyWhenRunEnds !== false;
    this.watchesWhileHidden = watchWhileHidden === true;
  }
}

/** List the runs of the notebook in front, where that is asked for. */
function followNotebooks(app: JupyterFrontEnd, model: RunBrowserModel, notebooks: INotebookTracker | null): void {
  if (notebooks === null) {
    return;
  }
  const { contents } = app.serviceManager;
  const follow = (): void => {
    const path = notebooks.currentWidget?.context.path;
    model.setNotebook(path === undefined ? null : contents.localPath(path));
  };
  notebooks.currentChanged.connect((_, panel) => {
    follow();
    panel?.context.pathChanged.connect(follow);
  });
  follow();
}

/** List as it was listed last, and begin to ask. */
async function start(options: {
  model: RunBrowserModel;
  widget: RunBrowserWidget;
  state: IStateDB | null;
  registry: ISettingRegistry | null;
  preferences: Preferences;
}): Promise<void> {
  const { model, widget, state, registry, preferences } = options;
  const intervalMs = (): number =>
    1000 * Math.max(preferences.intervalSeconds, model.server?.min_interval_seconds ?? 0);
  try {
    const kept: unknown = await state?.fetch(STATE_KEY);
    if (typeof kept === 'object' && kept !== null) {
      const open: unknown = 'open' in kept ? kept.open : [];
      const ids: readonly unknown[] = Array.isArray(open) ? open : [];
      model.restore(
        readSettings('settings' in kept ? kept.settings : null),
        ids.filter(id => typeof id === 'string')
      );
    }
  } catch (reason) {
    console.warn('How runs were listed last is not known.', reason);
  }
  const poll = new RunBrowserPoll({
    model,
    isHidden: () => !widget.isVisible && !(preferences.watchesWhileHidden && model.hasRunning),
    intervalMs: intervalMs()
  });
  const keep = new Debouncer(async () => {
    const open = [...model.openExperiments];
    const kept: unknown = JSON.parse(JSON.stringify({ settings: model.settings, open }));
    await state?.save(STATE_KEY, kept as ReadonlyPartialJSONValue);
  }, KEEP_MS);
  widget.shown.connect(() => poll.ask());
  widget.disposed.connect(() => {
    poll.dispose();
    keep.dispose();
    model.dispose();
  });
  model.changed.connect(() => poll.setInterval(intervalMs()));

  model.settingsChanged.connect(() => {
    // An invocation that a later one takes the place of is rejected, and nothing is wrong then.
    keep.invoke().catch(() => undefined);
  });

  try {
    const settings = await registry?.load(SETTINGS_ID);
    if (settings !== undefined) {
      preferences.read(settings);
      settings.changed.connect(() => {
        preferences.read(settings);
        poll.setInterval(intervalMs());
      });
      poll.setInterval(intervalMs());
    }
  } catch (reason) {
    console.warn('The settings of the run browser could not be read; the usual ones are used.', reason);
  }
}

export const runBrowserPlugins: JupyterFrontEndPlugin<unknown>[] = [apiPlugin, sidebarPlugin];
