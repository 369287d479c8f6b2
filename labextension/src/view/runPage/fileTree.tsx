import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { buildTree, matchingFiles, nameIn, PAGE_ROWS, rowsOf } from '../../model/fileTree';
import type { FileEntry, TreeRow } from '../../model/fileTree';
import { shownName, sizeText } from '../../model/names';

/** More are not listed of what a filter finds. */
const MAX_FOUND = 200;

/** A filter is of no use for fewer files. */
const FILTER_FROM = 8;

export interface IFileTreeProps {
  files: readonly FileEntry[];
  /** What is shown beside the tree. */
  picked: string | null;
  label: string;
  trans: TranslationBundle;
  onPick: (path: string) => void;
}

/** Files as a tree of folders, with a filter. */
export function FileTree({ files, picked, label, trans, onPick }: IFileTreeProps): React.JSX.Element {
  const [wanted, setWanted] = React.useState('');
  const [opened, setOpened] = React.useState<ReadonlyMap<string, boolean>>(new Map());
  const [limits, setLimits] = React.useState<ReadonlyMap<string, number>>(new Map());
  const root = React.useMemo(() => buildTree(files), [files]);
  const found = wanted.trim() === '' ? null : matchingFiles(files, wanted);
  const rows: TreeRow[] =
    found?.slice(0, MAX_FOUND).map(file => ({ kind: 'file', key: `file ${file.path}`, depth: 0, file })) ??
    rowsOf(root, { opened, limits });
  const act = (row: TreeRow, isOpen?: boolean) => {
    if (row.kind === 'file') {
      onPick(row.file.path);
    } else if (row.kind === 'folder') {
      setOpened(new Map(opened).set(row.folder.path, isOpen ?? !row.isOpen));
    } else {
      const limit = limits.get(row.folder.path) ?? PAGE_ROWS;
      setLimits(new Map(limits).set(row.folder.path, limit + 5 * PAGE_ROWS));
    }
  };
  const keys = useTreeKeys(rows, act);
  return (
    <div className="jp-AmlRunPage-tree">
      {files.length >= FILTER_FROM && (
        <input
          type="search"
          className="jp-AmlRunPage-input"
          placeholder={trans.__('Filter the files')}
          aria-label={trans.__('Filter the files')}
          value={wanted}
          data-lm-suppress-shortcuts="true"
          onChange={event => {
            setWanted(event.target.value);
          }}
        />
      )}
      <ul className="jp-AmlRunPage-treeRows" role="tree" aria-label={label} data-lm-suppress-shortcuts="true">
        {rows.map((row, place) => (
          <TreeLine
            key={row.key}
            row={row}
            isWholePath={found !== null}
            isPicked={row.kind === 'file' && row.file.path === picked}
            isReached={place === keys.reached}
            trans={trans}
            elementRef={keys.register(place)}
            onAct={() => {
              keys.reach(place);
              act(row);
            }}
            onKeyDown={keys.onKeyDown}
          />
        ))}
      </ul>
      {found !== null && found.length === 0 && (
        <p className="jp-AmlRunPage-note">{trans.__('No file has that in its path.')}</p>
      )}
      {found !== null && found.length > MAX_FOUND && (
        <p className="jp-AmlRunPage-note">
          {trans.__('and %1 more; write more of the name', (found.length - MAX_FOUND).toLocaleString())}
        </p>
      )}
    </div>
  );
}

/** Say how many files there are. */
export function countText(count: number, trans: TranslationBundle): string {
  return trans._n('%2 file', '%2 files', count, count.toLocaleString());
}

interface ITreeLineProps {
  row: TreeRow;
  isWholePath: boolean;
  isPicked: boolean;
  isReached: boolean;
  trans: TranslationBundle;
  elementRef: (element: HTMLLIElement | null) => void;
  onAct: () => void;
  onKeyDown: (event: React.KeyboardEvent) => void;
}

function TreeLine(props: ITreeLineProps): React.JSX.Element {
  const { row, trans } = props;
  const size = row.kind === 'file' ? row.file.size_bytes : row.kind === 'folder' ? row.folder.sizeBytes : null;
  const name =
    row.kind === 'file'
      ? nameIn(props.isWholePath ? 0 : row.depth, row.file.path)
      : row.kind === 'folder'
        ? row.folder.name
        : trans.__('%1 more', row.count.toLocaleString());
  return (
    <li
      ref={props.elementRef}
      role="treeitem"
      className={`jp-AmlRunPage-treeRow jp-mod-${row.kind}`}
      aria-level={row.depth + 1}
      aria-expanded={row.kind === 'folder' ? row.isOpen : undefined}
      aria-selected={props.isPicked}
      tabIndex={props.isReached ? 0 : -1}
      title={row.kind === 'file' ? shownName(row.file.path, 1_000) : undefined}
      style={{ paddingInlineStart: `${row.depth * 16 + 4}px` }}
      onClick={props.onAct}
      onKeyDown={props.onKeyDown}
    >
      <span className="jp-AmlRunPage-treeSign" aria-hidden="true">
        {row.kind === 'folder' ? (row.isOpen ? '▾' : '▸') : ''}
      </span>
      <bdi className="jp-AmlRunPage-treeName">{shownName(name === '' ? ' ' : name, props.isWholePath ? 120 : 80)}</bdi>
      {row.kind === 'folder' && <span className="jp-AmlRunPage-note">{countText(row.folder.fileCount, trans)}</span>}
      {size !== null && <span className="jp-AmlRunPage-treeSize">{sizeText(size)}</span>}
    </li>
  );
}

/** Arrow keys, Home and End go from row to row; right opens a folder, left closes it or goes to the one around. */
function useTreeKeys(rows: readonly TreeRow[], act: (row: TreeRow, isOpen?: boolean) => void) {
  const [place, setPlace] = React.useState(0);
  const elements = React.useRef<(HTMLLIElement | null)[]>([]);
  const reached = Math.min(place, Math.max(0, rows.length - 1));
  const go = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setPlace(next);
    elements.current[next]?.focus();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const row = rows[reached];
    if (row === undefined || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const isFolder = row.kind === 'folder';
    switch (event.key) {
      case 'ArrowDown':
        go(reached + 1);
        break;
      case 'ArrowUp':
        go(reached - 1);
        break;
      case 'Home':
        go(0);
        break;
      case 'End':
        go(rows.length - 1);
        break;
      case 'ArrowRight':
        if (isFolder && !row.isOpen) {
          act(row, true);
        } else if (isFolder) {
          go(reached + 1);
        }
        break;
      case 'ArrowLeft':
        if (isFolder && row.isOpen) {
          act(row, false);
        } else {
          go(rows.slice(0, reached).reduce((found, one, at) => (one.depth < row.depth ? at : found), reached));
        }
        break;
      case 'Enter':
      case ' ':
        act(row);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const register = (at: number) => (element: HTMLLIElement | null) => {
    elements.current[at] = element;
  };
  return { reached, reach: setPlace, register, onKeyDown };
}
