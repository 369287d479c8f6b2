import { Clipboard, Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import React, { useState } from 'react';

import type { ApiClient, Schemas } from '../../api/client';
import { exactText, numberOf, shortText } from '../../api/values';
import { shownName } from '../../model/names';
import type { IPanelProps, IRunPageModel } from '../../model/runPageTypes';
import { hasEnded, nameOf } from '../../model/runQuery';
import { isCharted } from '../../model/series';
import { momentText, spanText } from '../runBrowser/formats';
import { useAction, useModel, useNow } from './hooks';
import { lookOf, statusText } from './status';
import { Tags } from './tags';

const OPEN_PATH = 'filebrowser:open-path';
const MAX_NUMBERS = 4;
/** After so many intervals without news, what is shown is said to be old. */
const INTERVALS_UNTIL_STALE = 3;
const SPARE_SECONDS = 5;

interface IHeaderProps extends IPanelProps {
  isReadOnly: boolean;
  /** The address of this page as it is looked at now. */
  makeLink: () => string;
}

/** Which run this is, how it stands, how fresh that is, and what can be done about it. */
export function Header(props: IHeaderProps): React.JSX.Element {
  const { model, trans, isReadOnly } = props;
  useModel(model);
  const { reply } = model;
  const action = useAction();
  if (reply === null) {
    return (
      <header className="jp-AmlRunPage-header">
        <div className="jp-AmlRunPage-title">
          <h1 className="jp-AmlRunPage-name">
            <bdi>{shownName(model.runId)}</bdi>
          </h1>
          <button type="button" className="jp-AmlRunPage-button" onClick={() => void model.refresh()}>
            {trans.__('Refresh')}
          </button>
        </div>
        <Silence model={model} trans={trans} />
      </header>
    );
  }
  const { run } = reply;
  return (
    <header className="jp-AmlRunPage-header">
      <div className="jp-AmlRunPage-title">
        <Status status={run.status} trans={trans} />
        <Editable
          key={`name ${run.run_id}`}
          value={run.display_name ?? ''}
          shown={nameOf(run)}
          label={trans.__('Name')}
          className="jp-AmlRunPage-name"
          isReadOnly={isReadOnly}
          trans={trans}
          save={text => action.run(() => model.change({ display_name: text }))}
        />
        <Buttons {...props} reply={reply} run={action.run} isBusy={action.isBusy} />
      </div>
      <div className="jp-AmlRunPage-where">
        <span>
          {trans.__('Experiment')} <b>{shownName(run.experiment_name, 80)}</b>
        </span>
        <span>
          {trans.__('Run')} <b>{run.number}</b>
        </span>
        <span>
          {trans.__('Id')} <code>{run.run_id}</code>
        </span>
        <span>
          {trans.__('Workspace')} <b>{shownName(reply.workspace_name, 60)}</b>
        </span>
        {run.trashed_at !== null && <b className="jp-AmlRunPage-badge">{trans.__('In the trash')}</b>}
        {run.archived_at !== null && <b className="jp-AmlRunPage-badge">{trans.__('Archived')}</b>}
      </div>
      <Tags
        tags={run.tags}
        isReadOnly={isReadOnly}
        trans={trans}
        set={(key, value) => action.run(() => model.change({ tags: { [key]: value } }))}
        remove={key => action.run(() => model.change({ remove_tags: [key] }))}
      />
      <Editable
        key={`description ${run.run_id}`}
        value={run.description ?? ''}
        shown={run.description || (isReadOnly ? '' : trans.__('No description'))}
        label={trans.__('Description')}
        className={`jp-AmlRunPage-description${run.description ? '' : ' jp-mod-empty'}`}
        isReadOnly={isReadOnly}
        isLong
        trans={trans}
        save={text => action.run(() => model.change({ description: text }))}
      />
      <Times model={model} run={run} trans={trans} />
      {action.problem !== null && (
        <div className="jp-AmlRunPage-box jp-mod-warn" role="alert">
          {action.problem}
        </div>
      )}
      <Silence model={model} trans={trans} />
      {run.status === 'NotResponding' && (
        <div className="jp-AmlRunPage-box jp-mod-warn" role="status">
          {run.last_seen_at === null
            ? trans.__('The process that wrote this run is gone.')
            : trans.__('The process that wrote this run is gone; last sign of life %1.', momentText(run.last_seen_at))}
        </div>
      )}
      {run.error !== null && <ErrorBox error={run.error} trans={trans} />}
    </header>
  );
}

/** A status as a word, a sign and a colour. */
function Status({ status, trans }: { status: Schemas['Status']; trans: TranslationBundle }): React.JSX.Element {
  const { look, sign } = lookOf(status);
  return (
    <span className={`jp-AmlRunPage-status jp-mod-${look}`} role="status">
      <span aria-hidden="true">{sign}</span> {statusText(status, trans)}
    </span>
  );
}

function Buttons(
  props: IHeaderProps & {
    reply: Schemas['RunReply'];
    run: (action: () => Promise<void>) => void;
    isBusy: boolean;
  }
): React.JSX.Element {
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

/** Entries behind a button. It closes with a choice, with Escape, and when the focus goes elsewhere. */
function Menu({ label, children }: { label: string; children: React.ReactNode }): React.JSX.Element {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <div
      className="jp-AmlRunPage-menu"
      onBlur={event => {
        if (!event.currentTarget.contains(event.relatedTarget)) {
          setIsOpen(false);
        }
      }}
      onKeyDown={event => {
        if (event.key === 'Escape' && isOpen) {
          event.stopPropagation();
          setIsOpen(false);
        }
      }}
    >
      <button
        type="button"
        className="jp-AmlRunPage-button"
        aria-haspopup="true"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        {label} <span aria-hidden="true">▾</span>
      </button>
      {isOpen && (
        <div className="jp-AmlRunPage-menuEntries" onClick={() => setIsOpen(false)}>
          {children}
        </div>
      )}
    </div>
  );
}

/** A text, and a field for it after a click. */
function Editable(props: {
  value: string;
  shown: string;
  label: string;
  className: string;
  isReadOnly: boolean;
  isLong?: boolean;
  trans: TranslationBundle;
  save: (text: string) => void;
}): React.JSX.Element | null {
  const { value, shown, label, trans } = props;
  const [text, setText] = useState<string | null>(null);
  if (text === null) {
    if (shown === '') {
      return null;
    }
    const Text = props.isLong ? 'div' : 'h1';
    return (
      <div className={props.className}>
        <Text title={props.isLong ? undefined : shown}>
          <bdi>{props.isLong ? shown : shownName(shown)}</bdi>
        </Text>
        {!props.isReadOnly && (
          <button
            type="button"
            className="jp-AmlRunPage-tool"
            aria-label={trans.__('Edit: %1', label)}
            title={trans.__('Edit: %1', label)}
            onClick={() => setText(value)}
          >
            <span aria-hidden="true">✎</span>
          </button>
        )}
      </div>
    );
  }
  const keep = (): void => {
    setText(null);
    if (text !== value) {
      props.save(text);
    }
  };
  const shared = {
    className: 'jp-mod-styled',
    'aria-label': label,
    value: text,
    autoFocus: true,
    onKeyDown: (event: React.KeyboardEvent) => {
      if (event.key === 'Escape') {
        event.stopPropagation();
        setText(null);
      } else if (event.key === 'Enter' && (!props.isLong || event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        keep();
      }
    }
  };
  return (
    <div className={`${props.className} jp-mod-editing`}>
      {props.isLong ? (
        <textarea {...shared} rows={4} maxLength={100_000} onChange={event => setText(event.target.value)} />
      ) : (
        <input {...shared} maxLength={1_000} onChange={event => setText(event.target.value)} />
      )}
      <button type="button" className="jp-AmlRunPage-button" onClick={keep}>
        {trans.__('Save')}
      </button>
      <button type="button" className="jp-AmlRunPage-button" onClick={() => setText(null)}>
        {trans.__('Discard')}
      </button>
    </div>
  );
}

function Times(props: { model: IRunPageModel; run: Schemas['Run']; trans: TranslationBundle }): React.JSX.Element {
  const { model, run, trans } = props;
  const goesOn = !hasEnded(run.status);
  const nowSeconds = useNow(goesOn) / 1_000;
  const heardAt = (model.heardAtMs ?? 0) / 1_000;
  const { isPaused } = model.settings;
  // Of a run that goes on, the span until the store answered is true whatever happened since.
  const isFollowed = goesOn && !isPaused && model.error === null && run.status !== 'NotResponding';
  const until =
    run.ended_at ?? (run.status === 'NotResponding' ? run.last_seen_at : null) ?? (isFollowed ? nowSeconds : heardAt);
  const silentSeconds = Math.max(0, nowSeconds - heardAt);
  const isStale = silentSeconds > INTERVALS_UNTIL_STALE * (model.intervalMs / 1_000) + SPARE_SECONDS;
  const steps = [...model.series.values()].filter(one => one.kind === 'scalar').map(one => one.lastStep ?? -Infinity);
  const step = Math.max(...steps);
  return (
    <dl className="jp-AmlRunPage-facts">
      <Fact label={run.started_at === null ? trans.__('Created') : trans.__('Started')}>
        {momentText(run.started_at ?? run.created_at)}
      </Fact>
      {run.ended_at !== null && <Fact label={trans.__('Ended')}>{momentText(run.ended_at)}</Fact>}
      {run.started_at !== null && (
        <Fact label={trans.__('Duration')}>{spanText(Math.max(0, until - run.started_at), trans)}</Fact>
      )}
      {Number.isFinite(step) && <Fact label={trans.__('Step')}>{step.toLocaleString('en-US')}</Fact>}
      {[...model.metrics.values()]
        .filter(metric => metric.kind === 'scalar' && isCharted(metric))
        .slice(0, MAX_NUMBERS)
        .map(metric => {
          const last = metric.columns.get(null)?.last ?? null;
          return numberOf(last) === null ? null : (
            <Fact key={metric.name} label={shownName(metric.name, 24)} title={exactText(last)}>
              {shortText(last).slice(0, 24)}
            </Fact>
          );
        })}
      {goesOn && (
        <Fact label={isPaused ? trans.__('Paused') : trans.__('Last heard')}>
          {isPaused ? (
            trans.__('as of %1', momentText(heardAt))
          ) : isStale ? (
            <b>{trans.__('no news since %1', momentText(heardAt))}</b>
          ) : (
            trans.__('%1 s ago', Math.round(silentSeconds))
          )}
        </Fact>
      )}
    </dl>
  );
}

function Fact(props: { label: string; title?: string; children: React.ReactNode }): React.JSX.Element {
  return (
    <div className="jp-AmlRunPage-fact" title={props.title}>
      <dt>
        <bdi>{props.label}</bdi>
      </dt>
      <dd>{props.children}</dd>
    </div>
  );
}

/** Says that the store does not answer, or does not have the run. What was known stays. */
function Silence({ model, trans }: { model: IRunPageModel; trans: TranslationBundle }): React.JSX.Element | null {
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
function ErrorBox({ error, trans }: { error: Schemas['RunError']; trans: TranslationBundle }): React.JSX.Element {
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
