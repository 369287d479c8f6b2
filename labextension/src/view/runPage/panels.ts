import type { TranslationBundle } from '@jupyterlab/translation';
import type { ComponentType } from 'react';

import type { IPanelProps, IRunPageModel } from '../../model/runPageTypes';
import { ChildrenPanel } from './children';
import { DetailsPanel } from './details';
import { FilesPanel } from './files';
import { LogsPanel } from './logs';
import { MetricsPanel } from './metrics';

/** A tab of the run page. */
export interface IRunPanel {
  readonly key: string;
  readonly title: (model: IRunPageModel, trans: TranslationBundle) => string;
  readonly Component: ComponentType<IPanelProps>;
}

/** The tabs of a run page, in order. */
export const runPanels: readonly IRunPanel[] = [
  { key: 'metrics', title: (_, trans) => trans.__('Metrics'), Component: MetricsPanel },
  { key: 'logs', title: (_, trans) => trans.__('Logs'), Component: LogsPanel },
  {
    key: 'files',
    title: (model, trans) => counted(trans.__('Files'), model.artifacts.size),
    Component: FilesPanel
  },
  {
    key: 'children',
    title: (model, trans) => counted(trans.__('Children'), model.children.size),
    Component: ChildrenPanel
  },
  { key: 'details', title: (_, trans) => trans.__('Details'), Component: DetailsPanel }
];

function counted(title: string, count: number): string {
  return count > 0 ? `${title} (${count.toLocaleString('en-US')})` : title;
}
