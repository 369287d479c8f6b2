import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { comparePlugins } from './plugins/compare';
import { runBrowserPlugins } from './plugins/runBrowser';
import { runPagePlugins } from './plugins/runPage';

const plugins: JupyterFrontEndPlugin<unknown>[] = [...runBrowserPlugins, ...runPagePlugins, ...comparePlugins];

export default plugins;
