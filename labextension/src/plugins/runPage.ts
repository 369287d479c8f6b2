import { INotebookTree } from '@jupyter-notebook/tree';
import { ILayoutRestorer, IRouter, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Schemas } from '../api/client';
import { decodeLink, encodeLink, RUN_PARAMETER, withoutLink } from '../model/runPageLink';
import { RunPageModel } from '../model/runPageModel';
import { changedSettings, DEFAULT_SETTINGS, readSettings } from '../model/runPageSettings';
import { CommandIDs, IRunApi, type IRunReference } from '../tokens';
import { RunPage } from '../view/runPage/runPage';
import { MainArea } from './mainArea';

const OPEN_LINK = 'aml-widgets:open-link';

const runPagePlugin: JupyterFrontEndPlugin<void> = {
  id: 'aml-widgets:run-page',
  description: 'Shows a run in the main area.',
  autoStart: true,
  requires: [IRunApi],
  optional: [ITranslator, ILayoutRestorer, IRouter, INotebookTree],
  activate: (
    app: JupyterFrontEnd,
    api: IRunApi,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    router: IRouter | null,
    tree: INotebookTree | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('aml_widgets');
    const { commands } = app;
    const mainArea = new MainArea(app, tree);
    const tracker = new WidgetTracker<RunPage>({ namespace: 'aml-widgets-run-page' });
    const server = new ServerFacts(api);

    commands.addCommand(CommandIDs.openRun, {
      label: trans.__('Open Run'),
      describedBy: { args: OPEN_RUN_ARGS },
      execute: async args => {
        const reference = readReference(args);
        if (reference === null) {
          return; // nothing was named
        }
        const tab = args['tab'];
        const settings = { ...readSettings(args['settings']), ...(typeof tab === 'string' ? { tab } : {}) };
        if (!mainArea.hasRoom) {
          const link = encodeLink(reference, { ...DEFAULT_SETTINGS, ...settings });
          window.open(mainArea.urlOf(link), '_blank', 'noopener');
          return;
        }
        const facts = await server.get();
        const known = tracker.find(
          ({ model }) => model.workspace === reference.workspace && model.runId === reference.runId
        );
        const page = known ?? makePage(reference);
        if (known === undefined) {
          await tracker.add(page);
        } else {
          known.model.setSettings(settings);
        }
        mainArea.show(page);

        function makePage({ workspace, runId }: IRunReference): RunPage {
          const model = new RunPageModel({
            client: api.client,
            workspace,
            runId,
            settings,
            minIntervalMs: facts.min_interval_seconds * 1_000
          });
          const made = new RunPage({
            model,
            commands,
            trans,
            isReadOnly: facts.is_read_only,
            name: typeof args['name'] === 'string' ? args['name'] : undefined,
            makeLink: () => mainArea.urlOf(encodeLink({ workspace, runId }, model.settings))
          });
          let saved = [model.settings, made.runName] as const;
          model.changed.connect(() => {
            if (model.settings !== saved[0] || made.runName !== saved[1]) {
              saved = [model.settings, made.runName];
              void tracker.save(made); // so that the layout brings it back as it is
            }
          });
          return made;
        }
      }
    });

    commands.addCommand(CommandIDs.refreshRuns, {
      describedBy: { args: REFRESH_RUNS_ARGS },
      execute: async args => {
        const { workspace, runIds } = args;
        if (Array.isArray(runIds)) {
          // The page of a run that has ended does not ask by itself whether somebody changed it.
          const pages = tracker.filter(({ model }) => model.workspace === workspace && runIds.includes(model.runId));
          await Promise.all(pages.map(page => page.model.refresh()));
        }
      }
    });

    if (restorer !== null) {
      void restorer.restore(tracker, {
        command: CommandIDs.openRun,
        args: ({ model, runName }) => ({
          workspace: model.workspace,
          runId: model.runId,
          name: runName,
          settings: changedSettings(model.settings)
        }),
        name: ({ model }) => `${model.workspace}/${model.runId}`
      });
    }

    if (router !== null) {
      commands.addCommand(OPEN_LINK, {
        describedBy: { args: { type: 'object', properties: { search: { type: 'string' } } } },
        execute: async args => {
          const search = typeof args['search'] === 'string' ? args['search'] : window.location.search;
          const link = decodeLink(new URLSearchParams(search));
          await app.restored;
          if (link !== null) {
            await commands.execute(CommandIDs.openRun, {
              workspace: link.workspace,
              runId: link.runId,
              settings: link.settings as ReadonlyPartialJSONObject
            });
            // Loaded again from now on, the page shows what the layout remembers. Until now, a reload, such as JupyterLab does
            // by itself to reset a layout, has to find the link.
            const { pathname, hash } = window.location;
            window.history.replaceState(
              window.history.state,
              '',
              pathname + withoutLink(window.location.search) + hash
            );
          }
        }
      });
      router.register({ command: OPEN_LINK, pattern: new RegExp(`[?&]${RUN_PARAMETER}=`) });
    }
  }
};

export const runPagePlugins: JupyterFrontEndPlugin<unknown>[] = [runPagePlugin];

const OPEN_RUN_ARGS = {
  type: 'object',
  properties: {
    workspace: { type: 'string', description: "The workspace's key" },
    runId: { type: 'string', description: "The run's id" },
    name: { type: 'string', description: 'What the run is called until the server tells' },
    tab: { type: 'string', description: 'metrics, logs, files, children or details' },
    settings: { type: 'object', description: 'How the run is looked at' }
  },
  required: ['workspace', 'runId']
} as const;

const REFRESH_RUNS_ARGS = {
  type: 'object',
  properties: {
    workspace: { type: 'string', description: "The workspace's key" },
    runIds: { type: 'array', items: { type: 'string' }, description: 'Ids of the runs' }
  },
  required: ['workspace', 'runIds']
} as const;

/** What the server is set to, asked for once; while it does not answer, asked for again. */
class ServerFacts {
  constructor(private readonly _api: IRunApi) {}

  get(): Promise<Pick<Schemas['Server'], 'is_read_only' | 'min_interval_seconds'>> {
    this._asked ??= this._api.client.getServer();
    return this._asked.catch(() => {
      this._asked = null;
      return { is_read_only: false, min_interval_seconds: 0 };
    });
  }

  private _asked: Promise<Schemas['Server']> | null = null;
}

function readReference(args: ReadonlyPartialJSONObject): IRunReference | null {
  const { workspace, runId } = args;
  return typeof workspace === 'string' && typeof runId === 'string' && workspace && runId ? { workspace, runId } : null;
}
