import type { TranslationBundle } from '@jupyterlab/translation';
import React, { type ReactNode } from 'react';

import { shownName } from '../../model/names';
import type { IRunPageModel } from '../../model/runPageTypes';

interface ICardProps {
  model: IRunPageModel;
  trans: TranslationBundle;
  name: string;
  /** What is beside the name, faintly. */
  note?: string | undefined;
  /** Between the name and the tools. */
  value?: ReactNode;
  tools?: ReactNode;
  isWide?: boolean;
  children: ReactNode;
}

/** The frame of one metric among the others. */
export function Card(props: ICardProps): React.JSX.Element {
  const { model, trans, name } = props;
  const { pinned } = model.settings;
  const isPinned = pinned.includes(name);
  const shown = shownName(name);
  const title = isPinned ? trans.__('Take it from the top') : trans.__('Pin to the top');
  return (
    <section
      className={`jp-AmlRunPage-card${props.isWide ? ' jp-mod-wide' : ''}`}
      aria-label={shown}
      data-metric={name}
    >
      <header className="jp-AmlRunPage-cardHead">
        <h3 className="jp-AmlRunPage-cardName" title={name}>
          <bdi>{shown}</bdi>
          {props.note && <span className="jp-AmlRunPage-note"> {props.note}</span>}
        </h3>
        {props.value}
        <span className="jp-AmlRunPage-cardTools">
          {props.tools}
          <button
            type="button"
            className="jp-AmlRunPage-tool"
            aria-pressed={isPinned}
            aria-label={`${title}: ${shown}`}
            title={title}
            onClick={() =>
              model.setSettings({ pinned: isPinned ? pinned.filter(one => one !== name) : [...pinned, name] })
            }
          >
            <span aria-hidden="true">{isPinned ? '★' : '☆'}</span>
          </button>
        </span>
      </header>
      {props.children}
    </section>
  );
}

/** Says why something cannot be shown. */
export function Trouble({ title, why }: { title: string; why: string }): React.JSX.Element {
  return (
    <div className="jp-AmlRunPage-box jp-mod-warn" role="status">
      <b>{title}</b>
      <div className="jp-AmlRunPage-message">{why}</div>
    </div>
  );
}
