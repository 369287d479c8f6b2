import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import type { RunBrowserModel } from '../model/runBrowserModel';
import { nameOf, type RunRow } from '../model/runQuery';
import { CommandIDs } from '../tokens';
import { statusText } from '../view/runBrowser/formats';

const SHOWN_MS = 10_000;
/** As many runs as are told one by one when they end at the same time. */
const MAX_TOLD = 3;
/** JupyterLab cuts notifications at 140 characters. */
const MAX_NAME = 60;

export interface INotifyOptions {
  model: RunBrowserModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
  /** Whether the user wants to know. */
  isWanted: () => boolean;
}

/** Tell when runs end that were seen going on. */
export function notifyOfEnds(options: INotifyOptions): void {
  const { model, trans } = options;
  model.runsEnded.connect((_, runs) => {
    if (!options.isWanted()) {
      return;
    }
    if (runs.length <= MAX_TOLD) {
      for (const run of runs) {
        tellOne(run, options);
      }
      return;
    }
    const failed = runs.filter(run => run.status === 'Failed').length;
    const text = trans._n('%1 run has ended', '%1 runs have ended', runs.length);
    const told = failed === 0 ? text : trans._n('%2, %1 failed', '%2, %1 failed', failed, text);
    Notification.emit(told, failed === 0 ? 'success' : 'warning', { autoClose: SHOWN_MS });
  });
}

function tellOne(run: RunRow, { model, commands, trans }: INotifyOptions): void {
  const { workspace } = model.settings;
  const open = (): void => {
    commands
      .execute(CommandIDs.openRun, { workspace, runId: run.run_id, name: nameOf(run) })
      .catch((reason: unknown) => {
        console.error('The run page could not be opened.', reason);
      });
  };
  const text = trans.__('%1: %2', shorten(nameOf(run)), statusText(run.status, trans));
  const type = run.status === 'Completed' ? 'success' : run.status === 'Failed' ? 'error' : 'info';
  Notification.emit(text, type, { autoClose: SHOWN_MS, actions: [{ label: trans.__('Open'), callback: open }] });
}

/** A name that leaves room for what is said of it. */
export function shorten(name: string): string {
  const characters = Array.from(name);
  return characters.length <= MAX_NAME ? name : `${characters.slice(0, MAX_NAME - 1).join('')}…`;
}
