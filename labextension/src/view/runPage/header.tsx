import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Schemas } from '../../api/client';
import { shownName } from '../../model/names';
import type { IPanelProps } from '../../model/runPageTypes';
import { nameOf } from '../../model/runQuery';
import { momentText } from '../runBrowser/formats';
import { Editable } from './editable';
import { Buttons } from './headerButtons';
import { useAction, useModel } from './hooks';
import { ErrorBox, Silence } from './notices';
import { lookOf, statusText } from './status';
import { Tags } from './tags';
import { Times } from './times';

/** The property that says on which machine the run was logged. */
const HOST = 'aml_widgets.host';

interface IHeaderProps extends IPanelProps {
  isReadOnly: boolean;
  /** What the run is called until the server tells. */
  name?: string | undefined;
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
            <bdi>{shownName(props.name ?? model.runId)}</bdi>
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
  const host = run.properties[HOST];
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
        {run.number !== 0 && (
          <span>
            {trans.__('Run')} <b>{run.number}</b>
          </span>
        )}
        <span>
          {trans.__('Id')} <code>{run.run_id}</code>
        </span>
        <span>
          {trans.__('Workspace')} <b>{shownName(reply.workspace_name, 60)}</b>
        </span>
        {host !== undefined && (
          <span>
            {trans.__('on')} <b title={host}>{shownName(host, 60)}</b>
          </span>
        )}
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
