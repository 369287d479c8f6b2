import type { Column, ListSettings } from '../../model/runQuery';

/** From this width on, runs stand in a table with a head; below it, each takes two lines. */
export const WIDE_PX = 340;
export const ROW_WIDE_PX = 28;
export const ROW_NARROW_PX = 46;
export const HEAD_PX = 26;

/** How the lines are laid out. */
export interface RowLayout {
  readonly isWide: boolean;
  readonly rowPx: number;
  readonly headPx: number;
  /** CSS of the columns of a wide line. */
  readonly template: string;
  /** Below this the table is scrolled sideways. */
  readonly minPx: number;
  readonly metric: string | null;
  readonly columns: readonly Column[];
  /** Whether the experiment's name is said beside the run's. */
  readonly showsExperiment: boolean;
}

const NAME_MIN_PX = 130;
const SPARKLINE_PX = 66;
const VALUE_PX = 66;
const COLUMN_PX = 92;
const TIME_PX = 76;

export function layOut(
  widthPx: number,
  settings: ListSettings,
  options: { metric: string | null; isTree: boolean }
): RowLayout {
  const { metric, isTree } = options;
  const isWide = widthPx >= WIDE_PX;
  const fixed = [
    ...(metric === null ? [] : [SPARKLINE_PX, VALUE_PX]),
    ...settings.columns.map(() => COLUMN_PX),
    TIME_PX
  ];
  return {
    isWide,
    rowPx: isWide ? ROW_WIDE_PX : ROW_NARROW_PX,
    headPx: isWide ? HEAD_PX : 0,
    template: [`minmax(${NAME_MIN_PX}px, 1fr)`, ...fixed.map(width => `${width}px`)].join(' '),
    minPx: isWide ? fixed.reduce((sum, width) => sum + width, NAME_MIN_PX) : 0,
    metric,
    columns: settings.columns,
    showsExperiment: !isTree && !settings.columns.some(column => column.kind === 'field' && column.key === 'experiment')
  };
}
