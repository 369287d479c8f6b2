import type { Schemas } from '../api/client';
import type { RunBrowserList } from './runBrowserList';
import { experimentKey, runKey, type Item, type Items } from './runBrowserSelection';

/** An experiment's line, or the runs of a list. */
type Segment =
  | { readonly kind: 'experiment'; readonly experiment: Schemas['Experiment']; readonly isOpen: boolean }
  | { readonly kind: 'runs'; readonly list: RunBrowserList; readonly level: number; readonly count: number };

/** The lines of one flat list. */
export function flatItems(list: RunBrowserList): Items {
  return new SegmentItems([{ kind: 'runs', list, level: 1, count: list.total }]);
}

/** Experiments, and below those that are open their runs. */
export function treeItems(
  experiments: readonly Schemas['Experiment'][],
  open: ReadonlyMap<string, RunBrowserList>
): Items {
  const segments: Segment[] = [];
  for (const experiment of experiments) {
    const list = open.get(experiment.experiment_id);
    segments.push({ kind: 'experiment', experiment, isOpen: list !== undefined });
    if (list !== undefined) {
      // Until the first page is here, the experiment says how many runs to leave room for.
      segments.push({ kind: 'runs', list, level: 2, count: list.isRead ? list.total : experiment.run_count });
    }
  }
  return new SegmentItems(segments);
}

class SegmentItems implements Items {
  constructor(segments: readonly Segment[]) {
    this._segments = segments;
    let start = 0;
    this._starts = segments.map(segment => {
      const own = start;
      start += segment.kind === 'runs' ? segment.count : 1;
      return own;
    });
    this.length = start;
  }

  readonly length: number;

  at(index: number): Item | null {
    if (index < 0 || index >= this.length) {
      return null;
    }
    const place = this._segmentAt(index);
    const segment = this._segments[place];
    const start = this._starts[place];
    if (segment === undefined || start === undefined) {
      return null;
    }
    if (segment.kind === 'experiment') {
      const { experiment, isOpen } = segment;
      return { kind: 'experiment', key: experimentKey(experiment.experiment_id), experiment, isOpen };
    }
    const run = segment.list.rows[index - start];
    return run === undefined
      ? { kind: 'gap', key: `gap:${index}`, level: segment.level }
      : { kind: 'run', key: runKey(run.run_id), run, level: segment.level };
  }

  indexOf(key: string): number {
    for (const [place, segment] of this._segments.entries()) {
      const start = this._starts[place] ?? 0;
      if (segment.kind === 'experiment') {
        if (experimentKey(segment.experiment.experiment_id) === key) {
          return start;
        }
      } else if (key.startsWith(RUN_PREFIX)) {
        const index = segment.list.indexOf(key.slice(RUN_PREFIX.length));
        if (index !== -1) {
          return start + index;
        }
      }
    }
    return -1;
  }

  /** The last segment that starts at the line or above it and is not empty. */
  private _segmentAt(index: number): number {
    let low = 0;
    let high = this._starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this._starts[middle] ?? 0) <= index) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private readonly _segments: readonly Segment[];
  private readonly _starts: readonly number[];
}

const RUN_PREFIX = runKey('');
