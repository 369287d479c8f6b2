import type { Schemas } from '../api/client';

/** The path that was logged, by itself or within v1's `aml://artifactId/ExperimentRun/dcid.<run id>/<path>`. */
export function pathIn(value: Schemas['Value']): string | null {
  if (typeof value !== 'string') {
    return null;
  }
  const mark = value.indexOf('/dcid.');
  if (mark < 0 || !value.startsWith('aml://')) {
    return value;
  }
  const slash = value.indexOf('/', mark + 1);
  return slash < 0 ? null : value.slice(slash + 1);
}
