import { compareNaturally } from './naturalOrder';

/** What a tree is made of. */
export interface FileEntry {
  readonly path: string;
  readonly size_bytes: number;
  /** Absent where no time is kept, as in a snapshot. */
  readonly written_at?: number;
}

/** A folder and all that is below it. */
export interface Folder<T extends FileEntry = FileEntry> {
  /** Below the root, empty for the root itself. */
  readonly path: string;
  readonly name: string;
  readonly folders: readonly Folder<T>[];
  readonly files: readonly T[];
  /** Of all files below, at any depth. */
  readonly sizeBytes: number;
  readonly fileCount: number;
}

/** A line of a tree as it is drawn. */
export type TreeRow<T extends FileEntry = FileEntry> =
  | {
      readonly kind: 'folder';
      readonly key: string;
      readonly depth: number;
      readonly folder: Folder<T>;
      readonly isOpen: boolean;
    }
  | { readonly kind: 'file'; readonly key: string; readonly depth: number; readonly file: T }
  | {
      readonly kind: 'more';
      readonly key: string;
      readonly depth: number;
      readonly folder: Folder<T>;
      readonly count: number;
    };

/** Folders below so many are not told apart: what is left of the path is the file's name. */
const MAX_DEPTH = 24;

/** A folder with more files is closed until somebody opens it. */
const SMALL_FOLDER = 30;

/** How many rows of a folder are shown at first, and with each "more". */
export const PAGE_ROWS = 200;

/** What nearly every run has, and is looked for most. */
const FIRST = ['logs', 'azureml-logs', 'outputs'];

/** Put files into their folders. */
export function buildTree<T extends FileEntry>(files: Iterable<T>): Folder<T> {
  const root = new Draft<T>('', '');
  for (const file of files) {
    let folder = root;
    const names = file.path.split('/');
    for (const name of names.slice(0, Math.min(names.length - 1, MAX_DEPTH))) {
      folder = folder.below(name);
    }
    folder.files.push(file);
  }
  return finish(root);
}

/** The name of a file in the folder that it is shown in. */
export function nameIn(folderDepth: number, path: string): string {
  return path.split('/').slice(folderDepth).join('/');
}

/** List what is seen of a tree: in each open folder its folders, then its files. */
export function rowsOf<T extends FileEntry>(
  root: Folder<T>,
  choice: { opened: ReadonlyMap<string, boolean>; limits: ReadonlyMap<string, number> }
): TreeRow<T>[] {
  const rows: TreeRow<T>[] = [];
  const add = (folder: Folder<T>, depth: number) => {
    const limit = choice.limits.get(folder.path) ?? PAGE_ROWS;
    for (const below of folder.folders.slice(0, limit)) {
      const isOpen = choice.opened.get(below.path) ?? below.fileCount <= SMALL_FOLDER;
      rows.push({ kind: 'folder', key: `folder ${below.path}`, depth, folder: below, isOpen });
      if (isOpen) {
        add(below, depth + 1);
      }
    }
    const room = Math.max(0, limit - folder.folders.length);
    for (const file of folder.files.slice(0, room)) {
      rows.push({ kind: 'file', key: `file ${file.path}`, depth, file });
    }
    const count = folder.folders.length + folder.files.length - limit;
    if (count > 0) {
      rows.push({ kind: 'more', key: `more ${folder.path}`, depth, folder, count });
    }
  };
  add(root, 0);
  return rows;
}

/** List the files whose path holds every word of a text, capital or not. */
export function matchingFiles<T extends FileEntry>(files: Iterable<T>, wanted: string): T[] {
  const words = wanted
    .toLowerCase()
    .split(/\s+/)
    .filter(word => word !== '');
  return [...files]
    .filter(file => words.every(word => file.path.toLowerCase().includes(word)))
    .sort((one, other) => compareNaturally(one.path, other.path));
}

class Draft<T extends FileEntry> {
  constructor(
    readonly path: string,
    readonly name: string
  ) {}

  readonly folders = new Map<string, Draft<T>>();
  readonly files: T[] = [];

  below(name: string): Draft<T> {
    let folder = this.folders.get(name);
    if (folder === undefined) {
      folder = new Draft<T>(this.path === '' && this.name === '' ? name : `${this.path}/${name}`, name);
      this.folders.set(name, folder);
    }
    return folder;
  }
}

function finish<T extends FileEntry>(draft: Draft<T>): Folder<T> {
  const isRoot = draft.path === '';
  const rank = (name: string) => (isRoot && FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  const folders = [...draft.folders.values()]
    .map(finish)
    .sort((one, other) => rank(one.name) - rank(other.name) || compareNaturally(one.name, other.name));
  const files = draft.files.sort((one, other) => compareNaturally(one.path, other.path));
  return {
    path: draft.path,
    name: draft.name,
    folders,
    files,
    sizeBytes: sum(folders.map(folder => folder.sizeBytes)) + sum(files.map(file => file.size_bytes)),
    fileCount: sum(folders.map(folder => folder.fileCount)) + files.length
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
