import type { Schemas } from '../api/client';
import { nameOf } from './runQuery';

type Named = Pick<Schemas['Run'], 'run_id' | 'number' | 'display_name'>;

/** What to call runs that stand side by side: by their names, and where two are called the same, so that they can be told apart. */
export function runLabels(runs: Iterable<Named>): ReadonlyMap<string, string> {
  const all = [...runs];
  const numbered = (run: Named) => `${nameOf(run)} ${run.number === 0 ? run.run_id : `#${run.number}`}`;
  const candidates = [nameOf, numbered];
  const labels = new Map<string, string>();
  for (const run of all) {
    const isOnly = (label: (run: Named) => string) => all.filter(one => label(one) === label(run)).length === 1;
    labels.set(run.run_id, candidates.find(isOnly)?.(run) ?? `${nameOf(run)} ${run.run_id}`);
  }
  return labels;
}
