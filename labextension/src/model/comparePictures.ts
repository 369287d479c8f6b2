import type { Schemas } from '../api/client';
import { toDouble } from '../api/values';
import type { ComparedRun } from './compareTable';

type Picture = Schemas['ComparedRun']['images'][number];

/** Pictures of one name, of all runs. */
export interface PictureRow {
  readonly name: string;
  /** The steps at which some run has one, in order. */
  readonly steps: readonly number[];
  /** For each run its pictures by step, null where it has none. */
  readonly runs: readonly (readonly { readonly step: number; readonly path: string }[] | null)[];
}

/** Put pictures of one name side by side. One without a step comes before those with one. */
export function pictureRows(runs: readonly ComparedRun[]): PictureRow[] {
  const names = [...new Set(runs.flatMap(run => run.images.map(image => image.name)))];
  return names.map(name => {
    const byRun = runs.map(run => {
      const found = run.images.filter(image => image.name === name).map(placed);
      return found.length === 0 ? null : found.sort((one, other) => one.step - other.step);
    });
    const steps = new Set(byRun.flatMap(found => found?.map(one => one.step) ?? []));
    return { name, steps: [...steps].sort((one, other) => one - other), runs: byRun };
  });
}

/** The picture that a run had at a step: that step's, or the newest before it. */
export function pictureAt(
  pictures: readonly { readonly step: number; readonly path: string }[],
  step: number
): { readonly step: number; readonly path: string } | null {
  const before = pictures.filter(picture => picture.step <= step);
  return before[before.length - 1] ?? null;
}

function placed(image: Picture): { step: number; path: string } {
  const step = image.step === null ? -Infinity : toDouble(image.step);
  return { step, path: image.path };
}
