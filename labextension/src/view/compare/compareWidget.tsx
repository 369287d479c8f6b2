import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { LabIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import type { CompareModel } from '../../model/compareModel';
import { ComparePage } from './comparePage';

const ICON_SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16" fill="none"><g class="jp-icon3" stroke="#616161" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"><path d="M2 2v12h12"/><path d="M4 11l3-4 3 2 4-6"/><path d="M4 7l3 4 3-6 4 5" opacity=".5"/></g></svg>';

export const compareIcon = new LabIcon({ name: 'aml-widgets:compare', svgstr: ICON_SVG });

/** Shows a comparison, and lets its model ask while it is seen. */
export class CompareWidget extends ReactWidget {
  constructor(options: CompareWidget.IOptions) {
    super();
    this.model = options.model;
    this._commands = options.commands;
    this._trans = options.trans;
    this.addClass('jp-AmlCompare');
    this.node.tabIndex = -1;
  }

  readonly model: CompareModel;

  override dispose(): void {
    if (!this.isDisposed) {
      this.model.dispose();
    }
    super.dispose();
  }

  protected override render(): React.JSX.Element {
    return <ComparePage model={this.model} commands={this._commands} trans={this._trans} />;
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.model.setVisible(true);
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.model.setVisible(this.isVisible);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.model.setVisible(false);
  }

  protected override onBeforeDetach(message: Message): void {
    this.model.setVisible(false);
    super.onBeforeDetach(message);
  }

  private readonly _commands: CommandRegistry;
  private readonly _trans: TranslationBundle;
}

export namespace CompareWidget {
  export interface IOptions {
    model: CompareModel;
    commands: CommandRegistry;
    trans: TranslationBundle;
  }
}
