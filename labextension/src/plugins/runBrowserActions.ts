import { Clipboard, Dialog, InputDialog, Notification, showDialog } from '@jupyterlab/apputils';
import { NotebookActions, type INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import type { ApiClient, Schemas } from '../api/client';
import type { RunBrowserModel } from '../model/runBrowserModel';
import { hasEnded, nameOf, type RunRow } from '../model/runQuery';
import { CommandIDs } from '../tokens';
import { TagDialogBody } from '../view/runBrowser/tagDialog';
import { shorten } from './notifications';

/** How long what was done can be undone with a click, and how long an error is shown. */
const UNDO_MS = 15_000;
const ERROR_MS = 15_000;

/** Command of JupyterLab that shows a folder in the file browser. */
const OPEN_PATH = 'filebrowser:open-path';

/** Runs of one workspace that something is done with. */
export interface Target {
  readonly workspace: string;
  readonly runs: readonly RunRow[];
}

/** What users do with runs: asks what has to be asked, does it, and says what came of it. */
export class RunBrowserActions {
  constructor(options: RunBrowserActions.IOptions) {
    this._options = options;
  }

  /** Write a cell that shows the run below the active one of the notebook in front. */
  insertDetails({ workspace, runs }: Target): void {
    const panel = this._options.notebooks?.currentWidget;
    const run = runs[0];
    const location = this._options.model.workspaces.find(one => one.key === workspace)?.location;
    if (panel == null || run === undefined || location === undefined) {
      return;
    }
    NotebookActions.insertBelow(panel.content);
    panel.content.activeCell?.model.sharedModel.setSource(detailsSource(location, run.run_id));
    this._options.activate(panel.id);
  }

  copyIds({ runs }: Target): void {
    Clipboard.copyToSystem(runs.map(run => run.run_id).join('\n'));
  }

  async copyCode({ workspace, runs }: Target): Promise<void> {
    const run = runs[0];
    if (run !== undefined) {
      const { code } = await this._options.client.getRun(workspace, run.run_id);
      Clipboard.copyToSystem(code);
    }
  }

  async rename({ workspace, runs }: Target): Promise<void> {
    const { model, trans } = this._options;
    const run = runs[0];
    if (run === undefined) {
      return;
    }
    const result = await InputDialog.getText({
      title: trans.__('Rename run'),
      label: trans.__('Name'),
      text: run.display_name ?? '',
      placeholder: run.run_id,
      okLabel: trans.__('Rename')
    });
    if (result.button.accept && result.value !== null) {
      await model.change(run.run_id, { display_name: result.value }, workspace);
      this._refreshPages(workspace, [run.run_id]);
    }
  }

  async tag({ workspace, runs }: Target): Promise<void> {
    const { model, trans } = this._options;
    const first = runs[0];
    if (first === undefined) {
      return;
    }
    const result = await showDialog({
      title:
        runs.length === 1
          ? trans.__('Tags of %1', shorten(nameOf(first)))
          : trans._n('Tags of %1 run', 'Tags of %1 runs', runs.length),
      body: new TagDialogBody(runs, trans),
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Save') })],
      focusNodeSelector: 'input'
    });
    if (!result.button.accept || result.value === null) {
      return;
    }
    const { tags, removed } = result.value;
    for (const run of runs) {
      const removable = removed.filter(key => key in run.tags);
      if (Object.keys(tags).length > 0 || removable.length > 0) {
        await model.change(run.run_id, { tags, remove_tags: removable }, workspace);
        this._refreshPages(workspace, [run.run_id]);
      }
    }
  }

  async cancel(target: Target): Promise<void> {
    const { trans } = this._options;
    const runs = target.runs.filter(run => !hasEnded(run.status));
    const isSure = await this._ask({
      title: trans._n('Cancel %1 run?', 'Cancel %1 runs?', runs.length),
      body: trans.__('What is logged so far is kept: %1', namesOf(runs, trans)),
      label: trans._n('Cancel the run', 'Cancel the runs', runs.length)
    });
    if (isSure) {
      await this._act('cancel', { ...target, runs });
    }
  }

  async archive(target: Target): Promise<void> {
    const { trans } = this._options;
    const done = await this._act('archive', target);
    const text = trans._n('%1 run is archived.', '%1 runs are archived.', done.length);
    this._offerUndo(text, 'unarchive', target.workspace, done);
  }

  async unarchive(target: Target): Promise<void> {
    await this._act('unarchive', target);
  }

  async delete(target: Target): Promise<void> {
    const { trans } = this._options;
    const runs = target.runs.filter(run => hasEnded(run.status));
    const left = target.runs.length - runs.length;
    const parts = [
      trans.__('To the trash goes, with its child runs: %1', namesOf(runs, trans)),
      left === 0
        ? ''
        : trans._n('%1 run that goes on stays; cancel it first.', '%1 runs that go on stay; cancel them first.', left)
    ];
    const isSure = await this._ask({
      title: trans._n('Delete %1 run?', 'Delete %1 runs?', runs.length),
      body: parts.filter(part => part !== '').join('\n\n'),
      label: trans.__('Delete')
    });
    if (isSure) {
      const done = await this._act('delete', { ...target, runs });
      const text = trans._n('%1 run is in the trash.', '%1 runs are in the trash.', done.length);
      this._offerUndo(text, 'restore', target.workspace, done);
    }
  }

  async restore(target: Target): Promise<void> {
    await this._act('restore', target);
  }

  async purge(target: Target): Promise<void> {
    const { trans } = this._options;
    const { runs } = target;
    const isSure = await this._ask({
      title: trans._n('Delete %1 run for good?', 'Delete %1 runs for good?', runs.length),
      body: trans.__('It cannot be undone. All that was logged and all files go: %1', namesOf(runs, trans)),
      label: trans.__('Delete for good')
    });
    if (isSure) {
      await this._act('purge', target);
    }
  }

  /** Show the run's folder in the file browser; where that cannot show it, copy the path. */
  async openFolder({ workspace, runs }: Target): Promise<void> {
    const { client, commands, trans } = this._options;
    const run = runs[0];
    if (run === undefined) {
      return;
    }
    const { folder, location } = await client.getRun(workspace, run.run_id);
    if (folder !== null && commands.hasCommand(OPEN_PATH)) {
      await commands.execute(OPEN_PATH, { path: `/${folder}` });
      return;
    }
    Clipboard.copyToSystem(location);
    Notification.info(trans.__('The file browser cannot show this folder. Its path is copied: %1', location), {
      autoClose: UNDO_MS
    });
  }

  /** Let the browser save the logs of each run as a zip. */
  downloadLogs({ workspace, runs }: Target): void {
    for (const run of runs) {
      const link = document.createElement('a');
      link.href = this._options.client.zipUrl(workspace, run.run_id, 'logs');
      link.download = '';
      document.body.append(link);
      link.click();
      link.remove();
    }
  }

  /** Put an experiment aside, or bring it back. Its runs stay as they are. */
  async archiveExperiment(experiment: Schemas['Experiment'], isArchived: boolean): Promise<void> {
    const { model, trans } = this._options;
    const { experiment_id: id, name } = experiment;
    const { workspace } = model.settings;
    try {
      await model.archiveExperiment(id, isArchived, workspace);
    } catch (reason) {
      this.showError(reason);
      return;
    }
    if (!isArchived) {
      return;
    }
    const callback = (): void => {
      model.archiveExperiment(id, false, workspace).catch((reason: unknown) => this.showError(reason));
    };
    Notification.success(trans.__('The experiment %1 is archived.', shorten(name)), {
      autoClose: UNDO_MS,
      actions: [{ label: trans.__('Undo'), callback }]
    });
  }

  /** Say why something was not done. */
  showError(reason: unknown): void {
    Notification.error(reason instanceof Error ? reason.message : String(reason), { autoClose: ERROR_MS });
  }

  private async _ask(question: { title: string; body: string; label: string }): Promise<boolean> {
    const result = await showDialog({
      title: question.title,
      body: question.body,
      buttons: [
        Dialog.cancelButton({ label: this._options.trans.__('No') }),
        Dialog.warnButton({ label: question.label })
      ],
      defaultButton: 0
    });
    return result.button.accept;
  }

  /** Do it, say what was refused, and return the ids of the others. */
  private async _act(action: Schemas['ActionRequest']['action'], target: Target): Promise<string[]> {
    const ids = target.runs.map(run => run.run_id);
    if (ids.length === 0) {
      return [];
    }
    const results = await this._options.model.act(action, ids, target.workspace);
    const refused = results.map(result => result.error).filter(error => error !== null);
    const [first] = refused;
    if (first !== undefined) {
      const { trans } = this._options;
      const more = refused.length - 1;
      this.showError(
        more === 0 ? first.message : trans._n('%2 (and %1 more)', '%2 (and %1 more)', more, first.message)
      );
    }
    const done = results.filter(result => result.error === null).map(result => result.run_id);
    this._refreshPages(target.workspace, done);
    return done;
  }

  private _offerUndo(text: string, undo: 'restore' | 'unarchive', workspace: string, ids: readonly string[]): void {
    if (ids.length === 0) {
      return;
    }
    const { model, trans } = this._options;
    const callback = (): void => {
      model.act(undo, ids, workspace).then(
        () => this._refreshPages(workspace, ids),
        (reason: unknown) => this.showError(reason)
      );
    };
    Notification.success(text, { autoClose: UNDO_MS, actions: [{ label: trans.__('Undo'), callback }] });
  }

  /** Let the pages that are open show what became of their runs. */
  private _refreshPages(workspace: string, runIds: readonly string[]): void {
    const { commands } = this._options;
    commands
      .execute(CommandIDs.refreshRuns, { workspace, runIds: [...runIds] })
      .catch((reason: unknown) => this.showError(reason));
  }

  private readonly _options: RunBrowserActions.IOptions;
}

export namespace RunBrowserActions {
  export interface IOptions {
    model: RunBrowserModel;
    client: ApiClient;
    commands: CommandRegistry;
    trans: TranslationBundle;
    notebooks: INotebookTracker | null;
    /** Bring a widget to the front. */
    activate: (id: string) => void;
  }
}

/** Python of a cell that shows a run and takes no name that the notebook may use. */
export function detailsSource(location: string, runId: string): string {
  // What JSON writes for a text, Python reads as the same text.
  const [place, id] = [JSON.stringify(location), JSON.stringify(runId)];
  return `from aml_widgets import RunDetails, Workspace\n\nRunDetails(Workspace.open(${place}).get_run(${id})).show()`;
}

function namesOf(runs: readonly RunRow[], trans: TranslationBundle): string {
  const shown = runs.slice(0, 5).map(run => shorten(nameOf(run)));
  const more = runs.length - shown.length;
  const text = shown.join(', ');
  return more === 0 ? text : trans._n('%2 and %1 more', '%2 and %1 more', more, text);
}
