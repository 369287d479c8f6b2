import type { INotebookTree } from '@jupyter-notebook/tree';
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import type { Widget } from '@lumino/widgets';

/** Where pages of runs are shown in this front end, and what their addresses are. */
export class MainArea {
  constructor(
    private readonly _app: JupyterFrontEnd,
    /** Notebook 7's list of files, where this is it. */
    private readonly _tree: INotebookTree | null
  ) {
    const isLab = _tree === null && PageConfig.getOption('notebookPage') === '';
    this._path = isLab ? 'lab' : 'tree';
    this.hasRoom = isLab || _tree !== null;
  }

  /** False on a page of Notebook 7 that shows one document: what is opened from there has a browser tab of its own. */
  readonly hasRoom: boolean;

  /** The address of a page of this front end. */
  urlOf(query: URLSearchParams): string {
    const { baseUrl } = this._app.serviceManager.serverSettings;
    const url = new URL(URLExt.join(baseUrl, this._path), window.location.href);
    url.search = query.toString();
    return url.href;
  }

  /** Bring a page to the front. */
  show(page: Widget): void {
    if (this._tree !== null) {
      if (!this._tree.widgets.includes(page)) {
        this._tree.addWidget(page);
      }
      this._tree.currentWidget = page;
      return;
    }
    if (!page.isAttached) {
      this._app.shell.add(page, 'main');
    }
    this._app.shell.activateById(page.id);
  }

  private readonly _path: 'lab' | 'tree';
}
