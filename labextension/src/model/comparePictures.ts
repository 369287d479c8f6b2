import type { ApiClient, Schemas } from '../api/client';
import { toDouble } from '../api/values';
import type { ComparedRun } from './compareTable';
import { pathIn } from './picturePaths';

type NewestPicture = Schemas['ComparedRun']['images'][number];

/** So many pictures of one name, the newest, can be gone through. */
const MAX_PICTURES = 500;

/** A picture, and when it was logged; -Infinity where no step is known. */
export interface PlacedPicture {
  readonly step: number;
  readonly path: string;
}

/** Pictures of one name by run, as far as they were read; of other runs the newest is known. */
export type PictureHistories = ReadonlyMap<string, readonly PlacedPicture[]>;

/** Pictures of one name, of all runs. */
export interface PictureRow {
  readonly name: string;
  /** The steps at which some run has one, in order. */
  readonly steps: readonly number[];
  /** For each run its pictures by step, null where it has none. */
  readonly runs: readonly (readonly PlacedPicture[] | null)[];
}

/** List the names under which some run has pictures. */
export function pictureNames(runs: readonly ComparedRun[]): string[] {
  return [...new Set(runs.flatMap(run => run.images.map(image => image.name)))];
}

/** Put pictures of one name side by side. One without a step comes before those with one. */
export function pictureRow(
  name: string,
  runs: readonly ComparedRun[],
  histories: PictureHistories = new Map()
): PictureRow {
  const byRun = runs.map(run => {
    const newest = run.images.filter(image => image.name === name).map(placed);
    // What has come since the history was read is the newest.
    const all = new Map([...(histories.get(run.run.run_id) ?? []), ...newest].map(picture => [picture.step, picture]));
    return all.size === 0 ? null : [...all.values()].sort((one, other) => one.step - other.step);
  });
  const steps = new Set(byRun.flatMap(found => found?.map(one => one.step) ?? []));
  return { name, steps: [...steps].sort((one, other) => one - other), runs: byRun };
}

/** The picture that a run had at a step: that step's, or the newest before it. */
export function pictureAt(pictures: readonly PlacedPicture[], step: number): PlacedPicture | null {
  const before = pictures.filter(picture => picture.step <= step);
  return before[before.length - 1] ?? null;
}

/** How many pictures of a name a run has logged. */
export function pictureCount(run: ComparedRun, name: string): number {
  return run.summaries.find(one => one.name === name && one.kind === 'image')?.count ?? 0;
}

/** Read the newest pictures of a name. What was logged under it and names no file is left out. */
export async function readPictures(
  client: ApiClient,
  workspace: string,
  runId: string,
  name: string
): Promise<PlacedPicture[]> {
  const { rows, steps } = await client.getRows(workspace, runId, name, -MAX_PICTURES, MAX_PICTURES);
  return rows.flatMap((cells, place) => {
    const cell = cells[0];
    const path = cell?.has_value ? pathIn(cell.value) : null;
    const step = steps[place];
    return path === null || step === undefined ? [] : [{ step: toDouble(step), path }];
  });
}

function placed(image: NewestPicture): PlacedPicture {
  return { step: image.step === null ? -Infinity : toDouble(image.step), path: image.path };
}
