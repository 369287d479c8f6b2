import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Schemas } from '../../api/client';
import type { IRunPageModel } from '../../model/runPageTypes';
import { FilePreview } from './filePreview';
import { countText, FileTree } from './fileTree';
import { ZipLink } from './files';

interface ISnapshotProps {
  model: IRunPageModel;
  trans: TranslationBundle;
}

/** The source files that a run was submitted with. They are asked for when somebody wants to see them. */
export function SnapshotView({ model, trans }: ISnapshotProps): React.JSX.Element {
  const [isOpen, setOpen] = React.useState(false);
  return (
    <details
      className="jp-AmlRunPage-fold"
      onToggle={event => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary>{trans.__('Snapshot of the sources')}</summary>
      {isOpen && <SnapshotFiles model={model} trans={trans} />}
    </details>
  );
}

type Answer = { snapshot: Schemas['Snapshot'] } | { error: string } | null;

function SnapshotFiles({ model, trans }: ISnapshotProps): React.JSX.Element {
  const [answer, setAnswer] = React.useState<Answer>(null);
  const [path, setPath] = React.useState<string | null>(null);
  React.useEffect(() => {
    let isCurrent = true;
    model.client.getSnapshot(model.workspace, model.runId).then(
      snapshot => {
        if (isCurrent) {
          setAnswer({ snapshot });
        }
      },
      (reason: unknown) => {
        if (isCurrent) {
          setAnswer({ error: reason instanceof Error ? reason.message : String(reason) });
        }
      }
    );
    return () => {
      isCurrent = false;
    };
  }, [model]);
  const read = React.useCallback((url: string, maxBytes: number) => model.client.readText(url, maxBytes), [model]);
  if (answer === null) {
    return <p className="jp-AmlRunPage-note">{trans.__('Reading…')}</p>;
  }
  if ('error' in answer) {
    return (
      <p className="jp-AmlRunPage-problem" role="alert">
        {trans.__('The snapshot cannot be opened: %1', answer.error)}
      </p>
    );
  }
  const { snapshot } = answer;
  if (snapshot.snapshot_id === null) {
    return <p className="jp-AmlRunPage-note">{trans.__('This run has no snapshot of its sources.')}</p>;
  }
  const shown = snapshot.files.find(file => file.path === path);
  return (
    <>
      <div className="jp-AmlRunPage-tools">
        <span className="jp-AmlRunPage-note">
          {countText(snapshot.files.length, trans)}
          {snapshot.is_cut && trans.__('; more are in the zip')}
        </span>
        <ZipLink model={model} what="snapshot" label={trans.__('Download the snapshot')} trans={trans} />
      </div>
      <div className={`jp-AmlRunPage-filesBody${shown === undefined ? '' : ' jp-mod-split'}`}>
        <FileTree
          files={snapshot.files}
          picked={path}
          label={trans.__('Files of the snapshot')}
          trans={trans}
          onPick={setPath}
        />
        {shown !== undefined && (
          <FilePreview
            key={shown.path}
            file={shown}
            url={model.client.snapshotFileUrl(model.workspace, model.runId, shown.path)}
            downloadUrl={model.client.snapshotFileUrl(model.workspace, model.runId, shown.path)}
            read={read}
            trans={trans}
            onClose={() => {
              setPath(null);
            }}
          />
        )}
      </div>
    </>
  );
}
