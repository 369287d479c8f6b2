import { INotebookTree } from '@jupyter-notebook/tree';
import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Clipboard, MainAreaWidget, ToolbarButton, WidgetTracker } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon, refreshIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Schemas } from '../api/client';
import { CompareModel } from '../model/compareModel';
import {
  changedCompareSettings,
  comparedIds,
  decodeCompareLink,
  DEFAULT_COMPARE_SETTINGS,
  encodeCompareLink,
  MAX_RUNS,
  readCompareSettings,
  withoutCompareLink
} from '../model/compareSettings';
import type { CompareLink } from '../model/compareSettings';
import { CommandIDs, IRunApi } from '../tokens';
import { compareIcon, CompareWidget } from '../view/compare/compareWidget';
import { MainArea } from './mainArea';

type CompareArea = MainAreaWidget<CompareWidget>;

const comparePlugin: JupyterFrontEndPlugin<void> = {
  id: 'aml-widgets:compare',
  description: 'Puts runs side by side in the main area.',
  autoStart: true,
  requires: [IRunApi],
  optional: [ILayoutRestorer, ITranslator, INotebookTree],
  activate: (
    app: JupyterFrontEnd,
    api: IRunApi,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null,
    tree: INotebookTree | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('aml_widgets');
    const mainArea = new MainArea(app, tree);
    const tracker = new WidgetTracker<CompareArea>({ namespace: 'aml-widgets-compare' });

    const open = async (link: CompareLink): Promise<void> => {
      if (!mainArea.hasRoom) {
        const settings = { ...DEFAULT_COMPARE_SETTINGS, ...link.settings };
        window.open(mainArea.urlOf(encodeCompareLink({ ...link, settings })), '_blank', 'noopener');
        return;
      }
      const id = areaId(link);
      const server = await api.client.getServer().catch(() => null); // the page itself tells what is wrong
      // Nothing is awaited from here to `add`: of two who open the same comparison at once, the second finds the first's.
      let area = tracker.find(one => one.id === id);
      if (area === undefined) {
        area = make(link, id, server);
        await tracker.add(area);
      } else {
        area.content.model.setSettings(link.settings);
      }
      mainArea.show(area);
    };

    const make = (link: CompareLink, id: string, server: Schemas['Server'] | null): CompareArea => {
      const model = new CompareModel({
        client: api.client,
        ...link,
        ...(server === null ? {} : { minIntervalMs: server.min_interval_seconds * 1_000 })
      });
      const area = makeArea(model, app, trans, () => mainArea.urlOf(encodeCompareLink(model)));
      area.id = id;
      let saved = model.settings;
      model.changed.connect(() => {
        if (model.settings !== saved) {
          saved = model.settings;
          void tracker.save(area); // so that the layout brings it back as it is
        }
      });
      return area;
    };

    app.commands.addCommand(CommandIDs.compareRuns, {
      label: trans.__('Compare Runs'),
      icon: compareIcon,
      describedBy: { args: COMPARE_ARGS },
      execute: args => open(readArgs(args, trans))
    });
    if (restorer !== null) {
      void restorer.restore(tracker, {
        command: CommandIDs.compareRuns,
        name: area => area.id,
        args: ({ content: { model } }) => ({
          workspace: model.workspace,
          runIds: [...model.runIds],
          settings: changedCompareSettings(model.settings)
        })
      });
    }
    openLink(app, open);
  }
};

const COMPARE_ARGS = {
  type: 'object',
  properties: {
    workspace: { type: 'string', description: "The workspace's key" },
    runIds: { type: 'array', items: { type: 'string' }, description: 'The ids of the runs' },
    settings: { type: 'object', description: 'How they are compared' }
  },
  required: ['workspace', 'runIds']
} as const;

/** Make what is shown in the main area: the page, with what copies its link above. */
function makeArea(
  model: CompareModel,
  app: JupyterFrontEnd,
  trans: TranslationBundle,
  makeLink: () => string
): CompareArea {
  const content = new CompareWidget({ model, commands: app.commands, trans });
  const area = new MainAreaWidget({ content });
  area.title.icon = compareIcon;
  area.title.label = trans._n('Compare %1 run', 'Compare %1 runs', model.runIds.length);
  area.title.caption = model.runIds.join('\n');
  area.title.closable = true;
  area.toolbar.node.setAttribute('aria-label', trans.__('Comparison'));
  area.toolbar.addItem(
    'refresh',
    new ToolbarButton({
      icon: refreshIcon,
      tooltip: trans.__('Look for news now'),
      onClick: () => {
        model.refresh().catch(() => undefined); // the page tells why
      }
    })
  );
  area.toolbar.addItem(
    'copy-link',
    new ToolbarButton({
      icon: copyIcon,
      label: trans.__('Copy link'),
      tooltip: trans.__('Copy a link that shows this comparison'),
      onClick: () => {
        Clipboard.copyToSystem(makeLink());
      }
    })
  );
  return area;
}

/** Open what the address of the page compares, once JupyterLab stands. */
function openLink(app: JupyterFrontEnd, open: (link: CompareLink) => Promise<void>): void {
  const link = decodeCompareLink(new URLSearchParams(window.location.search));
  if (link === null) {
    return;
  }
  void app.restored.then(async () => {
    // Loaded again, the page shows what the layout remembers.
    const { pathname, search, hash } = window.location;
    window.history.replaceState(window.history.state, '', `${pathname}${withoutCompareLink(search)}${hash}`);
    await open(link);
  });
}

/** One comparison of the same runs is enough. */
function areaId({ workspace, runIds }: CompareLink): string {
  return `aml-compare-${workspace}-${runIds.slice(0, MAX_RUNS).join('-')}`;
}

function readArgs(args: ReadonlyPartialJSONObject, trans: TranslationBundle): CompareLink {
  const { workspace, runIds, settings } = args;
  const ids = Array.isArray(runIds) ? comparedIds(runIds.filter((id): id is string => typeof id === 'string')) : [];
  if (typeof workspace !== 'string' || ids.length === 0) {
    throw new Error(trans.__('A comparison needs the key of a workspace and the ids of runs.'));
  }
  return { workspace, runIds: ids, settings: readCompareSettings(settings) };
}

export const comparePlugins: JupyterFrontEndPlugin<unknown>[] = [comparePlugin];
