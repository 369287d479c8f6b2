import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import { shownName } from '../../model/names';

/** A text, and a field for it after a click. */
export function Editable(props: {
  value: string;
  shown: string;
  label: string;
  className: string;
  isReadOnly: boolean;
  isLong?: boolean;
  trans: TranslationBundle;
  save: (text: string) => void;
}): React.JSX.Element | null {
  const { value, shown, label, trans } = props;
  const [text, setText] = useState<string | null>(null);
  if (text === null) {
    if (shown === '') {
      return null;
    }
    const Text = props.isLong ? 'div' : 'h1';
    return (
      <div className={props.className}>
        <Text title={props.isLong ? undefined : shown}>
          <bdi>{props.isLong ? shown : shownName(shown)}</bdi>
        </Text>
        {!props.isReadOnly && (
          <button
            type="button"
            className="jp-AmlRunPage-tool"
            aria-label={trans.__('Edit: %1', label)}
            title={trans.__('Edit: %1', label)}
            onClick={() => setText(value)}
          >
            <span aria-hidden="true">✎</span>
          </button>
        )}
      </div>
    );
  }
  const keep = (): void => {
    setText(null);
    if (text !== value) {
      props.save(text);
    }
  };
  const shared = {
    className: 'jp-mod-styled',
    'aria-label': label,
    value: text,
    autoFocus: true,
    onKeyDown: (event: React.KeyboardEvent) => {
      if (event.key === 'Escape') {
        event.stopPropagation();
        setText(null);
      } else if (event.key === 'Enter' && (!props.isLong || event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        keep();
      }
    }
  };
  return (
    <div className={`${props.className} jp-mod-editing`}>
      {props.isLong ? (
        <textarea {...shared} rows={4} maxLength={100_000} onChange={event => setText(event.target.value)} />
      ) : (
        <input {...shared} maxLength={1_000} onChange={event => setText(event.target.value)} />
      )}
      <button type="button" className="jp-AmlRunPage-button" onClick={keep}>
        {trans.__('Save')}
      </button>
      <button type="button" className="jp-AmlRunPage-button" onClick={() => setText(null)}>
        {trans.__('Discard')}
      </button>
    </div>
  );
}
