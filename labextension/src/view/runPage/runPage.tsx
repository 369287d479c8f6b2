import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import React from 'react';

import { RunPageModel } from '../../model/runPageModel';
import { nameOf } from '../../model/runQuery';
import { shownName } from '../../model/names';
import { runIcon } from './icon';
import { Header } from './header';
import { useModel } from './hooks';
import { runPanels } from './panels';
import { SpokenReading } from './reading';

const MAX_TITLE = 24;

/** The page of one run, in the main area. */
export class RunPage extends ReactWidget {
  constructor(private readonly _options: RunPage.IOptions) {
    super();
    const { model } = _options;
    this.id = `aml-run-page-${model.workspace}-${model.runId}`;
    this.addClass('jp-AmlRunPage');
    this.title.icon = runIcon;
    this.title.closable = true;
    this.node.tabIndex = -1;
    this._nameTitle();
    model.changed.connect(this._nameTitle, this);
  }

  get model(): RunPageModel {
    return this._options.model;
  }

  /** What the run is called. */
  get runName(): string {
    const { reply, runId } = this.model;
    return reply === null ? (this._options.name ?? runId) : nameOf(reply.run);
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._options.model.dispose();
      super.dispose();
    }
  }

  protected override render(): React.JSX.Element {
    return <Content {...this._options} />;
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.model.isVisible = true;
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.model.isVisible = false;
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.model.isVisible = this.isVisible;
  }

  protected override onBeforeDetach(message: Message): void {
    this.model.isVisible = false;
    super.onBeforeDetach(message);
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.node.focus();
  }

  private readonly _nameTitle = (): void => {
    const name = this.runName;
    this.title.label = shownName(name, MAX_TITLE);
    this.title.caption = `${shownName(name)}\n${this.model.runId}`;
  };
}

export namespace RunPage {
  export interface IOptions {
    model: RunPageModel;
    commands: CommandRegistry;
    trans: TranslationBundle;
    isReadOnly: boolean;
    /** What it is called until the server tells. */
    name?: string | undefined;
    makeLink: () => string;
  }
}

function Content(props: RunPage.IOptions): React.JSX.Element {
  const { model, commands, trans } = props;
  useModel(model);
  const current = runPanels.find(({ key }) => key === model.settings.tab) ?? runPanels[0];
  const prefix = `aml-${model.workspace}-${model.runId}`;
  const goTo = (place: number): void => {
    const panel = runPanels[(place + runPanels.length) % runPanels.length];
    if (panel !== undefined) {
      model.setSettings({ tab: panel.key });
      document.getElementById(`${prefix}-tab-${panel.key}`)?.focus();
    }
  };
  return (
    <>
      <Header {...props} />
      <SpokenReading model={model} trans={trans} />
      {!(model.isMissing && model.reply === null) && (
        <>
          <div className="jp-AmlRunPage-tabs" role="tablist" aria-label={trans.__('Parts of the run')}>
            {runPanels.map((panel, place) => {
              const isCurrent = panel === current;
              return (
                <button
                  key={panel.key}
                  id={`${prefix}-tab-${panel.key}`}
                  type="button"
                  role="tab"
                  aria-selected={isCurrent}
                  aria-controls={`${prefix}-panel`}
                  tabIndex={isCurrent ? 0 : -1}
                  onClick={() => model.setSettings({ tab: panel.key })}
                  onKeyDown={event => {
                    if (event.key === 'ArrowRight') {
                      goTo(place + 1);
                    } else if (event.key === 'ArrowLeft') {
                      goTo(place - 1);
                    } else if (event.key === 'Home') {
                      goTo(0);
                    } else if (event.key === 'End') {
                      goTo(runPanels.length - 1);
                    }
                  }}
                >
                  {panel.title(model, trans)}
                </button>
              );
            })}
          </div>
          {current !== undefined && (
            <div
              id={`${prefix}-panel`}
              className="jp-AmlRunPage-panel"
              role="tabpanel"
              aria-labelledby={`${prefix}-tab-${current.key}`}
            >
              <current.Component model={model} commands={commands} trans={trans} />
            </div>
          )}
        </>
      )}
    </>
  );
}
