import type { JupyterFrontEnd } from '@jupyterlab/application';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';

import { comparePlugins } from '../src/plugins/compare';
import { CommandIDs, type IRunApi } from '../src/tokens';

// Of JupyterLab's large modules, what the command asks of them.
jest.mock('@jupyter-notebook/tree', () => ({ INotebookTree: {} }));
jest.mock('@jupyterlab/application', () => ({ ILayoutRestorer: {} }));
jest.mock('@jupyterlab/ui-components', () => ({}));
jest.mock('@jupyterlab/apputils', () => {
  const lumino = jest.requireActual<typeof import('@lumino/widgets')>('@lumino/widgets');
  class MainAreaWidget extends lumino.Widget {
    constructor(options: { content: unknown }) {
      super();
      this.content = options.content;
    }
    readonly content: unknown;
    readonly toolbar = { node: document.createElement('div'), addItem: () => true };
  }
  class WidgetTracker {
    find(fits: (widget: Widget) => boolean): Widget | undefined {
      return [...this._known].find(fits);
    }
    add(widget: Widget): Promise<void> {
      this._known.add(widget);
      return Promise.resolve();
    }
    save(): Promise<void> {
      return Promise.resolve();
    }
    private readonly _known = new Set<Widget>();
  }
  return { MainAreaWidget, WidgetTracker, ToolbarButton: class {}, Clipboard: {} };
});
jest.mock('../src/view/compare/compareWidget', () => ({
  compareIcon: undefined,
  CompareWidget: class {
    constructor(options: { model: unknown }) {
      this.model = options.model;
    }
    readonly model: unknown;
  }
}));

describe('the command that compares', () => {
  it('opens a comparison once, also when it is asked for twice before the server has answered', async () => {
    const commands = new CommandRegistry();
    const shown = new Set<Widget>();
    const shell = { add: (widget: Widget) => shown.add(widget), activateById: () => undefined };
    const app = { commands, shell, serviceManager: { serverSettings: { baseUrl: '/' } } } as unknown as JupyterFrontEnd;
    const api = {
      client: { getServer: () => Promise.resolve({ version: '', is_read_only: false, min_interval_seconds: 2 }) }
    } as unknown as IRunApi;
    void comparePlugins[0]?.activate(app, api, null, null, null);

    const args = { workspace: 'w', runIds: ['a', 'b'] };
    await Promise.all([commands.execute(CommandIDs.compareRuns, args), commands.execute(CommandIDs.compareRuns, args)]);

    expect(shown.size).toBe(1);
  });
});
