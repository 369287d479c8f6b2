import type { ICommandPalette } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import type { Schemas } from '../api/client';
import type { RunBrowserModel } from '../model/runBrowserModel';
import { hasEnded, nameOf } from '../model/runQuery';
import { CommandIDs } from '../tokens';
import type { RunBrowserActions, Target } from './runBrowserActions';

/** Commands on the runs that are chosen in the sidebar. */
export namespace SidebarCommandIDs {
  export const openSelected = 'aml-widgets:open-selected-runs';
  export const insertDetails = 'aml-widgets:insert-run-details';
  export const copyIds = 'aml-widgets:copy-run-ids';
  export const copyCode = 'aml-widgets:copy-run-code';
  export const compareSelected = 'aml-widgets:compare-selected-runs';
  export const tag = 'aml-widgets:tag-runs';
  export const rename = 'aml-widgets:rename-run';
  export const cancel = 'aml-widgets:cancel-runs';
  export const archive = 'aml-widgets:archive-runs';
  export const unarchive = 'aml-widgets:unarchive-runs';
  export const deleteRuns = 'aml-widgets:delete-runs';
  export const restore = 'aml-widgets:restore-runs';
  export const purge = 'aml-widgets:purge-runs';
  export const openFolder = 'aml-widgets:open-run-folder';
  export const downloadLogs = 'aml-widgets:download-run-logs';
  export const archiveExperiment = 'aml-widgets:archive-experiment';
  export const unarchiveExperiment = 'aml-widgets:unarchive-experiment';
  export const refresh = 'aml-widgets:refresh-runs';
  export const search = 'aml-widgets:search-runs';
}

const MAX_COMPARED = 50;
const MAX_OPENED = 10;

export interface ICommandOptions {
  commands: CommandRegistry;
  palette: ICommandPalette | null;
  trans: TranslationBundle;
  model: RunBrowserModel;
  actions: RunBrowserActions;
  notebooks: INotebookTracker | null;
  show: () => void;
  search: () => void;
}

/** What a command needs to be offered. */
interface IOffer {
  label: string;
  /** Whether it makes sense for these runs. */
  fits: (target: Target) => boolean;
  /** Whether it changes anything, which a server may be set not to allow. */
  isChange?: boolean;
  run: (target: Target) => Promise<void> | void;
}

/** Give JupyterLab the commands of the sidebar. */
export function addCommands(options: ICommandOptions): void {
  const { commands, palette, trans, model, actions } = options;
  const category = trans.__('Run Browser');
  const describedBy = { args: { type: 'object', properties: {} } };
  const offerPalette = (command: string): void => {
    palette?.addItem({ command, category });
  };

  const target = (): Target | null => {
    const { workspace } = model.settings;
    const runs = workspace === null ? [] : model.selectedRuns();
    return workspace === null || runs.length === 0 ? null : { workspace, runs };
  };

  const offer = (id: string, own: IOffer): void => {
    const fits = (): boolean => {
      const chosen = target();
      return chosen !== null && own.fits(chosen);
    };
    commands.addCommand(id, {
      label: own.label,
      describedBy,
      isVisible: fits,
      isEnabled: () => fits() && !(own.isChange === true && model.server?.is_read_only === true),
      execute: async () => {
        const chosen = target();
        if (chosen === null) {
          return;
        }
        try {
          await own.run(chosen);
        } catch (reason) {
          actions.showError(reason);
        }
      }
    });
    offerPalette(id);
  };

  const isOne = ({ runs }: Target): boolean => runs.length === 1;
  const isListed = (view: typeof model.settings.view): boolean => model.settings.view === view;

  offer(SidebarCommandIDs.openSelected, {
    label: trans.__('Open Run Page'),
    fits: ({ runs }) => runs.length <= MAX_OPENED,
    run: async ({ workspace, runs }) => {
      for (const run of runs) {
        await commands.execute(CommandIDs.openRun, { workspace, runId: run.run_id, name: nameOf(run) });
      }
    }
  });
  offer(SidebarCommandIDs.insertDetails, {
    label: trans.__('Insert Cell with RunDetails'),
    fits: chosen => isOne(chosen) && options.notebooks?.currentWidget != null,
    run: chosen => actions.insertDetails(chosen)
  });
  offer(SidebarCommandIDs.copyIds, {
    label: trans.__('Copy Run ID'),
    fits: () => true,
    run: chosen => actions.copyIds(chosen)
  });
  offer(SidebarCommandIDs.copyCode, {
    label: trans.__('Copy Python Code'),
    fits: isOne,
    run: chosen => actions.copyCode(chosen)
  });
  offer(SidebarCommandIDs.compareSelected, {
    label: trans.__('Compare Selected Runs'),
    fits: ({ runs }) => runs.length >= 2 && runs.length <= MAX_COMPARED && commands.hasCommand(CommandIDs.compareRuns),
    run: async ({ workspace, runs }) => {
      await commands.execute(CommandIDs.compareRuns, { workspace, runIds: runs.map(run => run.run_id) });
    }
  });
  offer(SidebarCommandIDs.tag, {
    label: trans.__('Edit Tags…'),
    isChange: true,
    fits: () => !isListed('trash'),
    run: chosen => actions.tag(chosen)
  });
  offer(SidebarCommandIDs.rename, {
    label: trans.__('Rename Run…'),
    isChange: true,
    fits: chosen => isOne(chosen) && !isListed('trash'),
    run: chosen => actions.rename(chosen)
  });
  offer(SidebarCommandIDs.cancel, {
    label: trans.__('Cancel Run…'),
    isChange: true,
    fits: ({ runs }) => runs.some(run => !hasEnded(run.status)),
    run: chosen => actions.cancel(chosen)
  });
  offer(SidebarCommandIDs.archive, {
    label: trans.__('Archive'),
    isChange: true,
    fits: () => isListed('active'),
    run: chosen => actions.archive(chosen)
  });
  offer(SidebarCommandIDs.unarchive, {
    label: trans.__('Take out of the Archive'),
    isChange: true,
    fits: () => isListed('archived'),
    run: chosen => actions.unarchive(chosen)
  });
  offer(SidebarCommandIDs.deleteRuns, {
    label: trans.__('Delete…'),
    isChange: true,
    fits: ({ runs }) => !isListed('trash') && runs.some(run => hasEnded(run.status)),
    run: chosen => actions.delete(chosen)
  });
  offer(SidebarCommandIDs.restore, {
    label: trans.__('Restore from the Trash'),
    isChange: true,
    fits: () => isListed('trash'),
    run: chosen => actions.restore(chosen)
  });
  offer(SidebarCommandIDs.purge, {
    label: trans.__('Delete for Good…'),
    isChange: true,
    fits: () => isListed('trash'),
    run: chosen => actions.purge(chosen)
  });
  offer(SidebarCommandIDs.openFolder, {
    label: trans.__('Open Folder'),
    fits: isOne,
    run: chosen => actions.openFolder(chosen)
  });
  offer(SidebarCommandIDs.downloadLogs, {
    label: trans.__('Download Logs'),
    fits: ({ runs }) => runs.length <= MAX_OPENED,
    run: chosen => actions.downloadLogs(chosen)
  });

  const offerExperiment = (id: string, label: string, isArchived: boolean): void => {
    const find = (): Schemas['Experiment'] | null => {
      const experiment = model.selectedExperiment();
      return experiment !== null && (experiment.archived_at === null) === isArchived ? experiment : null;
    };
    commands.addCommand(id, {
      label,
      describedBy,
      isVisible: () => find() !== null,
      isEnabled: () => find() !== null && model.server?.is_read_only !== true,
      execute: async () => {
        const experiment = find();
        if (experiment !== null) {
          await actions.archiveExperiment(experiment, isArchived);
        }
      }
    });
    offerPalette(id);
  };
  offerExperiment(SidebarCommandIDs.archiveExperiment, trans.__('Archive Experiment'), true);
  offerExperiment(SidebarCommandIDs.unarchiveExperiment, trans.__('Take Experiment out of the Archive'), false);

  commands.addCommand(CommandIDs.showRunBrowser, {
    label: trans.__('Show Run Browser'),
    describedBy,
    execute: () => options.show()
  });
  commands.addCommand(SidebarCommandIDs.search, {
    label: trans.__('Search Runs'),
    describedBy,
    execute: () => options.search()
  });
  commands.addCommand(SidebarCommandIDs.refresh, {
    label: trans.__('Refresh Runs'),
    describedBy,
    execute: () => model.refresh()
  });
  offerPalette(CommandIDs.showRunBrowser);
  offerPalette(SidebarCommandIDs.search);
  offerPalette(SidebarCommandIDs.refresh);
}
