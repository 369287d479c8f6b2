import { LabIcon } from '@jupyterlab/ui-components';

/** A run's page: a curve between its axes. */
export const runIcon = new LabIcon({
  name: 'aml-widgets:run',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g fill="none" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round">
    <path class="jp-icon3 jp-icon-selectable" stroke="#616161" d="M3.5 3.5v17h17"/>
    <path class="jp-icon3 jp-icon-selectable" stroke="#616161" d="M7 6.5c1.5 6.5 4 8 7 8.5 2.5.4 4 .5 6 .5"/>
  </g>
</svg>`
});
