import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { FileEntry } from '../../model/fileTree';
import { fileName, shownName, sizeText } from '../../model/names';
import * as previews from '../../model/preview';
import type { PreviewKind, Table } from '../../model/preview';
import { CopyButton } from './copyButton';

export interface IFilePreviewProps {
  file: FileEntry;
  /** Where its content is. */
  url: string;
  /** Where the browser gets it to save it. */
  downloadUrl: string;
  read: (url: string, maxBytes: number) => Promise<string>;
  trans: TranslationBundle;
  onClose: () => void;
}

/** One file, shown as what it is. */
export function FilePreview(props: IFilePreviewProps): React.JSX.Element {
  const { file, trans } = props;
  const isPicture = previews.isPictureName(file.path);
  return (
    <section className="jp-AmlRunPage-preview" aria-label={trans.__('Preview of %1', shownName(fileName(file.path)))}>
      <header className="jp-AmlRunPage-previewHead">
        <bdi className="jp-AmlRunPage-previewTitle" title={shownName(file.path, 1_000)}>
          {shownName(fileName(file.path), 120)}
        </bdi>
        <button
          type="button"
          className="jp-AmlRunPage-button"
          aria-label={trans.__('Close the preview')}
          title={trans.__('Close the preview')}
          onClick={props.onClose}
        >
          ✕
        </button>
      </header>
      <p className="jp-AmlRunPage-note">
        <bdi>{shownName(file.path, 300)}</bdi> · {sizeText(file.size_bytes)}
        {file.written_at !== undefined && ` · ${new Date(file.written_at * 1000).toLocaleString()}`}
      </p>
      <div className="jp-AmlRunPage-tools">
        <a className="jp-AmlRunPage-button" href={props.downloadUrl} download={fileName(file.path)}>
          {trans.__('Download')}
        </a>
        <CopyButton text={file.path} label={trans.__('Copy path')} trans={trans}>
          {trans.__('Copy path')}
        </CopyButton>
      </div>
      {isPicture ? <PicturePreview key={`${file.written_at ?? 0}`} {...props} /> : <TextPreview {...props} />}
    </section>
  );
}

function PicturePreview({ file, url, read, trans }: IFilePreviewProps): React.JSX.Element {
  const [size, setSize] = React.useState('');
  const [isBroken, setBroken] = React.useState(false);
  const isSvg = previews.isSvgName(file.path);
  const source = usePictureSource(file, url, isSvg ? read : null);
  const most = isSvg ? previews.MAX_TEXT_BYTES : previews.MAX_PICTURE_BYTES;
  if (file.size_bytes > most) {
    return <p className="jp-AmlRunPage-note">{trans.__('Such pictures are shown up to %1.', sizeText(most))}</p>;
  }
  if (isBroken) {
    return <p className="jp-AmlRunPage-note">{trans.__('This is no picture that a browser can show.')}</p>;
  }
  if (source !== null && typeof source !== 'string') {
    return (
      <p className="jp-AmlRunPage-problem" role="alert">
        {trans.__('This file cannot be read now: %1', source.message)}
      </p>
    );
  }
  return (
    <>
      <p className="jp-AmlRunPage-note">{size}</p>
      {source !== null && (
        <img
          className="jp-AmlRunPage-previewPicture"
          src={source}
          alt={shownName(fileName(file.path))}
          onLoad={event => {
            const { naturalWidth, naturalHeight } = event.currentTarget;
            setSize(trans.__('%1 × %2 pixels', naturalWidth, naturalHeight));
          }}
          onError={() => {
            setBroken(true);
          }}
        />
      )}
    </>
  );
}

/**
 * Where an image element finds the picture. SVG is given to it as data, for the server names it no picture: opened by itself
 * it would be a page that can hold scripts, which it is neither in an image element nor as data.
 */
function usePictureSource(
  file: FileEntry,
  url: string,
  readSvg: IFilePreviewProps['read'] | null
): string | Error | null {
  const [svg, setSvg] = React.useState<string | Error | null>(null);
  const isTooLarge = file.size_bytes > previews.MAX_TEXT_BYTES;
  React.useEffect(() => {
    if (readSvg === null || isTooLarge) {
      return;
    }
    let isCurrent = true;
    readSvg(url, previews.MAX_TEXT_BYTES).then(
      text => {
        if (isCurrent) {
          setSvg(`data:image/svg+xml,${encodeURIComponent(text)}`);
        }
      },
      (reason: unknown) => {
        if (isCurrent) {
          setSvg(reason instanceof Error ? reason : new Error(String(reason)));
        }
      }
    );
    return () => {
      isCurrent = false;
    };
  }, [url, readSvg, isTooLarge]);
  return readSvg === null ? withMoment(url, file) : svg;
}

/** A picture that is written again is another one to the browser. */
function withMoment(url: string, file: FileEntry): string {
  return file.written_at === undefined ? url : `${url}?at=${file.written_at}`;
}

type Reading = { text: string; limit: number } | { error: string } | null;

function TextPreview({ file, url, read, trans }: IFilePreviewProps): React.JSX.Element {
  const [limit, setLimit] = React.useState(previews.FIRST_TEXT_BYTES);
  const [isRaw, setRaw] = React.useState(false);
  const [reading, setReading] = React.useState<Reading>(null);
  // What is set out is read at once as far as that is done.
  const isSetOut = /\.(?:json|geojson|ipynb|csv|tsv)$/i.test(file.path);
  const wanted = isSetOut ? Math.max(limit, previews.MAX_SET_OUT_BYTES) : limit;
  React.useEffect(() => {
    let isCurrent = true;
    const tell = (value: Reading) => {
      if (isCurrent) {
        setReading(value);
      }
    };
    if (file.size_bytes === 0) {
      tell({ text: '', limit: wanted });
    } else {
      read(url, wanted).then(
        text => {
          tell({ text, limit: wanted });
        },
        (reason: unknown) => {
          tell({ error: reason instanceof Error ? reason.message : String(reason) });
        }
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [url, wanted, read, file.size_bytes, file.written_at]);
  if (reading === null) {
    return <p className="jp-AmlRunPage-note">{trans.__('Reading…')}</p>;
  }
  if ('error' in reading) {
    return (
      <p className="jp-AmlRunPage-problem" role="alert">
        {trans.__('This file cannot be read now: %1', reading.error)}
      </p>
    );
  }
  const isWhole = file.size_bytes <= reading.limit;
  const kind = previews.kindOf(file.path, reading.text);
  return (
    <>
      {(kind === 'json' || kind === 'table') && (
        <button
          type="button"
          className="jp-AmlRunPage-button jp-AmlRunPage-asText"
          aria-pressed={isRaw}
          onClick={() => {
            setRaw(!isRaw);
          }}
        >
          {trans.__('As text')}
        </button>
      )}
      <Content file={file} text={reading.text} kind={isRaw ? 'text' : kind} isWhole={isWhole} trans={trans} />
      {!isWhole && (kind === 'text' || isRaw) && (
        <p className="jp-AmlRunPage-note">
          {trans.__('%1 of %2 are shown.', sizeText(reading.limit), sizeText(file.size_bytes))}{' '}
          {reading.limit < previews.MAX_TEXT_BYTES ? (
            <button
              type="button"
              className="jp-AmlRunPage-button"
              onClick={() => {
                setLimit(Math.min(previews.MAX_TEXT_BYTES, wanted * 4));
              }}
            >
              {trans.__('Show more')}
            </button>
          ) : (
            trans.__('Download it to see the rest.')
          )}
        </p>
      )}
    </>
  );
}

interface IContentProps {
  file: FileEntry;
  text: string;
  kind: PreviewKind;
  isWhole: boolean;
  trans: TranslationBundle;
}

function Content({ file, text, kind, isWhole, trans }: IContentProps): React.JSX.Element {
  if (kind === 'empty') {
    return <p className="jp-AmlRunPage-note">{trans.__('This file is empty.')}</p>;
  }
  if (kind === 'bytes') {
    return (
      <p className="jp-AmlRunPage-note">
        {trans.__('This file is no text. Download it to open it with what made it.')}
      </p>
    );
  }
  try {
    if (kind === 'table') {
      return <Sheet table={previews.readTable(text, file.path, isWhole)} trans={trans} />;
    }
    if (kind === 'json') {
      if (!isWhole) {
        const limit = sizeText(previews.MAX_SET_OUT_BYTES);
        throw new previews.PreviewProblem(trans.__('JSON is set out up to %1, and this is larger.', limit));
      }
      return <PlainText text={previews.prettyJson(text)} trans={trans} />;
    }
  } catch (reason) {
    if (!(reason instanceof previews.PreviewProblem)) {
      throw reason;
    }
    return (
      <>
        <p className="jp-AmlRunPage-note">{trans.__('%1 Here is its text.', reason.message)}</p>
        <PlainText text={text} trans={trans} />
      </>
    );
  }
  return <PlainText text={text} trans={trans} />;
}

function PlainText({ text, trans }: { text: string; trans: TranslationBundle }): React.JSX.Element {
  return (
    <pre className="jp-AmlRunPage-previewText" tabIndex={0} aria-label={trans.__('Text of the file')}>
      {text}
    </pre>
  );
}

function Sheet({ table, trans }: { table: Table; trans: TranslationBundle }): React.JSX.Element {
  const hidden = table.columnCount - table.header.length;
  const rows = trans._n('%1 row', '%1 rows', table.rows.length);
  const columns = trans._n('%1 column', '%1 columns', table.columnCount);
  return (
    <>
      <p className="jp-AmlRunPage-note">
        {table.hasMore ? trans.__('The first %1, %2', rows, columns) : trans.__('%1, %2', rows, columns)}
        {hidden > 0 && trans.__(', of which the first %1 are shown', table.header.length)}
      </p>
      <div className="jp-AmlRunPage-scroll" tabIndex={0} role="region" aria-label={trans.__('Table')}>
        <table className="jp-AmlRunPage-sheet">
          <thead>
            <tr>
              {table.header.map((cell, place) => (
                <th key={place} scope="col" className={numeric(table, place)} title={longText(cell)}>
                  {shownName(cell, 300)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.map((row, place) => (
              <tr key={place}>
                {row.map((cell, column) => (
                  <td key={column} className={numeric(table, column)} title={longText(cell)}>
                    {shownName(cell, 300)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** What a cell that is cut off says. */
function longText(cell: string): string | undefined {
  return cell.length > 40 ? shownName(cell, 1_000) : undefined;
}

function numeric(table: Table, column: number): string | undefined {
  return table.isNumeric[column] ? 'jp-mod-numeric' : undefined;
}
