import { LabIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Status } from '../../model/runQuery';
import { statusText } from './formats';

/** The run browser's own: a curve above a list. */
export const runBrowserIcon = new LabIcon({
  name: 'aml-widgets:run-browser',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g fill="none" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round">
    <path class="jp-icon3 jp-icon-selectable" stroke="#616161" d="M3 3.5c2 6.5 4.5 8 8 8 3 0 5.5.7 10 .7"/>
    <path class="jp-icon3 jp-icon-selectable" stroke="#616161" d="M3.3 16.5h.01M8 16.5h13M3.3 21h.01M8 21h13"/>
  </g>
</svg>`
});

type Shape = 'clock' | 'play' | 'check' | 'cross' | 'bar' | 'question';

const SHAPES: Readonly<Record<Status, Shape>> = {
  NotStarted: 'clock',
  Starting: 'clock',
  Provisioning: 'clock',
  Preparing: 'clock',
  Queued: 'clock',
  Running: 'play',
  Finalizing: 'play',
  CancelRequested: 'bar',
  Completed: 'check',
  Failed: 'cross',
  Canceled: 'bar',
  NotResponding: 'question'
};

const PATHS: Readonly<Record<Shape, string>> = {
  clock: 'M8 4.5V8l2.5 1.5',
  play: 'M6.5 5.2v5.6L11 8z',
  check: 'M4.8 8.3l2.2 2.2 4.2-4.8',
  cross: 'M5.5 5.5l5 5M10.5 5.5l-5 5',
  bar: 'M4.8 8h6.4',
  question: 'M6.2 6.3a1.9 1.9 0 1 1 2.6 1.8c-.6.3-.8.6-.8 1.2M8 11.3h.01'
};

/** Status as a sign with a shape and a colour of its own, and in a word for who points at it or hears it. */
export function StatusIcon(props: { status: Status; trans: TranslationBundle }): React.JSX.Element {
  const shape = SHAPES[props.status];
  const label = statusText(props.status, props.trans);
  return (
    <svg
      className={`jp-AmlRunBrowser-status jp-AmlRunBrowser-mod-${shape}`}
      data-status={props.status}
      viewBox="0 0 16 16"
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      <circle cx="8" cy="8" r="6.6" />
      <path d={PATHS[shape]} />
    </svg>
  );
}
