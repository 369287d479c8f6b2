import { Clipboard, Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import React, { useState } from 'react';

import type { ApiClient, Schemas } from '../../api/client';
import { shownName } from '../../model/names';
import type { IPanelProps, IRunPageModel } from '../../model/runPageTypes';
import { hasEnded, nameOf } from '../../model/runQuery';
import { Menu } from './menu';

const OPEN_PATH = 'filebrowser:open-path';

interface IButtonsProps extends IPanelProps {
  reply: Schemas['RunReply'];
  isReadOnly: boolean;
  /** The address of this page as it is looked at now. */
  makeLink: () => string;
  run: (action: () => Promise<void>) => void;
  isBusy: boolean;
}

/** What can be done about a run. */
export function Buttons(props: IButtonsProps): React.JSX.Element {
  const { model, trans, reply, commands, isReadOnly } = props;
  const { isPaused } = model.settings;
  const goesOn = !hasEnded(reply.run.status);
  const [said, setSaid] = useState('');
  const copy = (text: string, what: string): void => {
    Clipboard.copyToSystem(text);
    setSaid(trans.__('%1 copied', what));
  };
  return (
    <div className="jp-AmlRunPage-buttons" role="toolbar" aria-label={trans.__('Run')}>
      <span className="jp-AmlRunPage-note" role="status">
        {said}
      </span>
      <button type="button" className="jp-AmlRunPage-button" onClick={() => void model.refresh()}>
        {trans.__('Refresh')}
      </button>
      {goesOn && (
        <button
          type="button"
          className="jp-AmlRunPage-button"
          aria-pressed={isPaused}
          onClick={() => model.setSettings({ isPaused: !isPaused })}
        >
          {isPaused ? trans.__('Go on') : trans.__('Pause')}
        </button>
      )}
      {goesOn && reply.can_cancel && !isReadOnly && reply.run.status !== 'CancelRequested' && (
        <button
          type="button"
          className="jp-AmlRunPage-button jp-mod-danger"
          disabled={props.isBusy}
          onClick={() => props.run(() => askAndCancel(model, reply, trans))}
        >
          {trans.__('Cancel run…')}
        </button>
      )}
      <Menu label={trans.__('Copy')}>
        <button type="button" onClick={() => copy(reply.run.run_id, trans.__('Id'))}>
          {trans.__('Copy id')}
        </button>
        <button type="button" onClick={() => copy(reply.code, trans.__('Code'))}>
          {trans.__('Copy code')}
        </button>
        <button type="button" onClick={() => copy(props.makeLink(), trans.__('Link'))}>
          {trans.__('Copy link')}
        </button>
        <button type="button" onClick={() => copy(reply.location, trans.__('Path'))}>
          {trans.__('Copy path of the folder')}
        </button>
      </Menu>
      <Downloads model={model} trans={trans} />
      {reply.folder !== null && commands.hasCommand(OPEN_PATH) && (
        <OpenFolder folder={reply.folder} commands={commands} trans={trans} run={props.run} />
      )}
    </div>
  );
}

function OpenFolder(props: {
  folder: string;
  commands: CommandRegistry;
  trans: TranslationBundle;
  run: (action: () => Promise<void>) => void;
}): React.JSX.Element {
  const { folder, commands, trans, run } = props;
  const open = async (): Promise<void> => {
    await commands.execute(OPEN_PATH, { path: folder });
  };
  return (
    <button type="button" className="jp-AmlRunPage-button" title={folder} onClick={() => run(open)}>
      {trans.__('Open folder')}
    </button>
  );
}

function Downloads({ model, trans }: { model: IRunPageModel; trans: TranslationBundle }): React.JSX.Element {
  const kinds: [ApiClient.ZipContent, string][] = [
    ['files', trans.__('All files')],
    ['outputs', trans.__('Outputs')],
    ['logs', trans.__('Logs')],
    ['snapshot', trans.__('Snapshot')]
  ];
  return (
    <Menu label={trans.__('Download')}>
      {kinds.map(([what, label]) => (
        <a key={what} href={model.client.zipUrl(model.workspace, model.runId, what)} download>
          {trans.__('%1 (zip)', label)}
        </a>
      ))}
    </Menu>
  );
}

async function askAndCancel(model: IRunPageModel, reply: Schemas['RunReply'], trans: TranslationBundle): Promise<void> {
  const answer = await showDialog({
    title: trans.__('Cancel this run?'),
    body: trans.__('%1 will be ended. What it has logged stays.', shownName(nameOf(reply.run), 60)),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Let it run') }),
      Dialog.warnButton({ label: trans.__('Cancel run') })
    ]
  });
  if (answer.button.accept) {
    await model.cancel();
  }
}
