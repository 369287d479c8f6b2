import { useEffect, useState } from 'react';

import { pathIn } from '../../model/picturePaths';
import type { IRunPageModel } from '../../model/runPageTypes';
import type { MetricState } from '../../model/series';

/** One of the files that were logged under one name. */
export interface IVersion {
  /** Its place among them, from 0. */
  place: number;
  total: number;
  /** Null where what was logged is no path. */
  path: string | null;
  step: number | null;
  at: number | null;
}

/** Which file a card shows: the newest one, until the user goes to another. */
export function useVersion(
  model: IRunPageModel,
  metric: MetricState
): { version: IVersion | null; goTo: (place: number) => void; error: string | null } {
  const series = metric.columns.get(null);
  const total = series?.count ?? 0;
  const [wanted, setWanted] = useState<number | null>(null);
  const [version, setVersion] = useState<IVersion | null>(null);
  const [error, setError] = useState<string | null>(null);
  const place = wanted === null ? total - 1 : Math.min(wanted, total - 1);
  useEffect(() => {
    let isOver = false;
    const read = async (): Promise<void> => {
      const rows = await model.client.getRows(model.workspace, model.runId, metric.name, Math.max(0, place), 1);
      const cell = rows.rows[0]?.[0];
      const step = rows.steps[0];
      if (!isOver) {
        setVersion({
          place,
          total,
          path: cell?.has_value ? pathIn(cell.value) : null,
          step: typeof step === 'number' ? step : null,
          at: rows.times[0] ?? null
        });
        setError(null);
      }
    };
    if (total > 0) {
      read().catch((reason: unknown) => {
        if (!isOver) {
          setError(reason instanceof Error ? reason.message : String(reason));
        }
      });
    }
    return () => {
      isOver = true;
    };
  }, [model, metric.name, place, total]);
  return { version, goTo: wish => setWanted(wish >= total - 1 ? null : Math.max(0, wish)), error };
}
