/** Somebody who shows a cursor where another chart of its group has it; null where there is none. */
export type CursorListener = (x: number | null) => void;

/** The charts on a page that share a cursor, by the name of their group. */
export class CursorGroups {
  join(name: string, listener: CursorListener): () => void {
    const group = this._groups.get(name) ?? new Set();
    this._groups.set(name, group);
    group.add(listener);
    return () => {
      group.delete(listener);
      if (group.size === 0 && this._groups.get(name) === group) {
        this._groups.delete(name);
      }
    };
  }

  /** Tell all but the one that says it. */
  move(name: string, x: number | null, from: CursorListener): void {
    for (const listener of this._groups.get(name) ?? []) {
      if (listener !== from) {
        listener(x);
      }
    }
  }

  private readonly _groups = new Map<string, Set<CursorListener>>();
}

/** Those of this page. */
export const cursorGroups = new CursorGroups();
