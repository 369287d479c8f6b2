import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';
import * as React from 'react';

import type { RunBrowserModel } from '../../model/runBrowserModel';
import type { Item } from '../../model/runBrowserSelection';
import { runBrowserIcon } from './icons';
import { RunBrowser } from './panel';

/** The panel of the run browser in the sidebar. */
export class RunBrowserWidget extends ReactWidget {
  constructor(options: RunBrowserWidget.IOptions) {
    super();
    this._options = options;
    this.id = 'jp-AmlRunBrowser';
    this.addClass('jp-AmlRunBrowser');
    this.title.icon = runBrowserIcon;
    this.title.caption = options.trans.__('Run Browser');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.caption);
  }

  /** Somebody looks at it now. */
  get shown(): ISignal<this, void> {
    return this._shown;
  }

  /** Put the cursor where one searches. */
  focusSearch(): void {
    this._search.current?.focus();
    this._search.current?.select();
  }

  protected override render(): React.JSX.Element {
    const { model, trans, onOpen } = this._options;
    const onList = (): void => this._grid()?.focus();
    return <RunBrowser model={model} trans={trans} onOpen={onOpen} onList={onList} search={this._search} />;
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._shown.emit();
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    (this._grid() ?? this._search.current)?.focus();
  }

  private _grid(): HTMLElement | null {
    return this.node.querySelector<HTMLElement>('.jp-AmlRunBrowser-grid');
  }

  private readonly _options: RunBrowserWidget.IOptions;
  private readonly _search = React.createRef<HTMLInputElement>();
  private readonly _shown = new Signal<this, void>(this);
}

export namespace RunBrowserWidget {
  export interface IOptions {
    model: RunBrowserModel;
    trans: TranslationBundle;
    /** Open what a line stands for. */
    onOpen: (item: Item) => void;
  }
}
