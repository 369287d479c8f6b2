import { UseSignal } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { sizeText } from '../../model/names';
import type { IPanelProps, IRunPageModel } from '../../model/runPageTypes';
import { FilePreview } from './filePreview';
import { countText, FileTree } from './fileTree';
import { SnapshotView } from './snapshot';

/** The files of a run and of its source snapshot: trees, previews and downloads. */
export function FilesPanel({ model, trans }: IPanelProps): React.JSX.Element {
  return (
    <>
      <UseSignal signal={model.changed}>{() => <Files model={model} trans={trans} />}</UseSignal>
      <SnapshotView model={model} trans={trans} />
    </>
  );
}

interface IFilesProps {
  model: IRunPageModel;
  trans: TranslationBundle;
}

function Files({ model, trans }: IFilesProps): React.JSX.Element {
  const files = useFiles(model);
  const read = React.useCallback((url: string, maxBytes: number) => model.client.readText(url, maxBytes), [model]);
  const { filePath } = model.settings;
  const shown = filePath === null ? undefined : model.artifacts.get(filePath);
  const isOver = model.reply?.run.ended_at != null;
  if (files.length === 0) {
    return (
      <p className="jp-AmlRunPage-note">
        {isOver ? trans.__('This run has no files.') : trans.__('This run has no files yet.')}
      </p>
    );
  }
  const total = sizeText(files.reduce((sum, file) => sum + file.size_bytes, 0));
  const url = (path: string) => model.client.fileUrl(model.workspace, model.runId, path);
  return (
    <section className="jp-AmlRunPage-files" aria-label={trans.__('Files')}>
      <div className="jp-AmlRunPage-tools">
        <span className="jp-AmlRunPage-note">{`${countText(files.length, trans)}, ${total}`}</span>
        <ZipLink model={model} what="files" label={trans.__('Download all')} trans={trans} />
        {files.some(file => file.path.startsWith('outputs/')) && (
          <ZipLink model={model} what="outputs" label={trans.__('Download outputs')} trans={trans} />
        )}
        {files.some(file => file.is_log) && (
          <ZipLink model={model} what="logs" label={trans.__('Download logs')} trans={trans} />
        )}
      </div>
      <div className={`jp-AmlRunPage-filesBody${shown === undefined ? '' : ' jp-mod-split'}`}>
        <FileTree
          files={files}
          picked={filePath}
          label={trans.__('Files of the run')}
          trans={trans}
          onPick={path => {
            model.setSettings({ filePath: path });
          }}
        />
        {shown !== undefined && (
          <FilePreview
            key={shown.path}
            file={shown}
            url={url(shown.path)}
            downloadUrl={model.client.fileUrl(model.workspace, model.runId, shown.path, { download: true })}
            read={read}
            trans={trans}
            onClose={() => {
              model.setSettings({ filePath: null });
            }}
          />
        )}
        {filePath !== null && shown === undefined && (
          <p className="jp-AmlRunPage-note">{trans.__('The file %1 is not there.', filePath)}</p>
        )}
      </div>
    </section>
  );
}

/** The files as a list that stays the same object while none of them changes. */
function useFiles(model: IRunPageModel): ReturnType<typeof listFiles> {
  const known = React.useRef<ReturnType<typeof listFiles>>([]);
  const files = listFiles(model);
  const isSame = files.length === known.current.length && files.every((file, place) => file === known.current[place]);
  if (!isSame) {
    known.current = files;
  }
  return known.current;
}

function listFiles(model: IRunPageModel) {
  return [...model.artifacts.values()];
}

interface IZipLinkProps extends IFilesProps {
  what: 'logs' | 'outputs' | 'files' | 'snapshot';
  label: string;
}

/** A link that saves files as one zip. */
export function ZipLink({ model, what, label, trans }: IZipLinkProps): React.JSX.Element {
  return (
    <a
      className="jp-AmlRunPage-button"
      href={model.client.zipUrl(model.workspace, model.runId, what)}
      download={`${model.runId}-${what}.zip`}
      title={trans.__('As one zip')}
    >
      {label}
    </a>
  );
}
