import { exactText } from '../../api/values';
import { csvLine, csvValue, inertText } from '../../model/csv';
import { shownName } from '../../model/names';
import type { IRunPageModel } from '../../model/runPageTypes';
import type { ChartHandle } from '../charts/chart';
import { pngOf } from '../charts/picture';

/** As many rows as the server gives at once. */
const ROWS_AT_ONCE = 1_000;

/** Let the browser save something under a name. */
export function saveBlob(blob: Blob, fileName: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  // The browser has taken it by the next turn.
  window.setTimeout(() => URL.revokeObjectURL(url), 0);
}

/** A name as a file may be called. */
export function fileNameOf(name: string, ending: string): string {
  // eslint-disable-next-line no-control-regex -- these are not for names of files
  return `${name.replace(/[\\/:*?"<>|\x00-\x1f\x7f]/g, '_').slice(0, 100)}.${ending}`;
}

/** Save what is seen of a chart as a picture. Rejects where it cannot be drawn. */
export async function savePicture(chart: ChartHandle | null, name: string, kind: 'png' | 'svg'): Promise<void> {
  const picture = chart?.picture(shownName(name));
  if (picture === null || picture === undefined) {
    return; // it has just left the page
  }
  const blob = kind === 'svg' ? new Blob([picture.svg], { type: 'image/svg+xml' }) : await pngOf(picture);
  saveBlob(blob, fileNameOf(name, kind));
}

/** Save all points of a metric, as they were logged. */
export async function saveCsv(model: IRunPageModel, name: string): Promise<void> {
  const parts: string[] = [];
  let start = 0;
  for (;;) {
    const rows = await model.client.getRows(model.workspace, model.runId, name, start, ROWS_AT_ONCE);
    if (start === 0) {
      const columns = rows.columns.map(column => inertText(column ?? 'value'));
      parts.push(csvLine(['seq', 'step', 'logged_at', ...columns]));
    }
    rows.rows.forEach((cells, place) => {
      const at = new Date((rows.times[place] ?? NaN) * 1000);
      const facts = [
        String(rows.seqs[place] ?? ''),
        exactText(rows.steps[place] ?? null),
        Number.isNaN(at.getTime()) ? '' : at.toISOString()
      ];
      const values = cells.map(cell => (cell.has_value ? csvValue(cell.value) : ''));
      parts.push(csvLine([...facts, ...values]));
    });
    start += rows.rows.length;
    if (rows.rows.length === 0 || start >= rows.total) {
      break;
    }
  }
  saveBlob(new Blob(parts, { type: 'text/csv' }), fileNameOf(name, 'csv'));
}
