import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import type { Schemas } from '../../api/client';
import { shownName } from '../../model/names';

const MAX_TAGS = 12;

interface ITagsProps {
  tags: Schemas['Run']['tags'];
  isReadOnly: boolean;
  trans: TranslationBundle;
  set: (key: string, value: string | null) => void;
  remove: (key: string) => void;
}

/** The tags of a run, to change, to add and to take away. */
export function Tags(props: ITagsProps): React.JSX.Element | null {
  const { tags, isReadOnly, trans } = props;
  const [showsAll, setShowsAll] = useState(false);
  const [draft, setDraft] = useState<{ key: string; value: string; isNew: boolean } | null>(null);
  const entries = Object.entries(tags);
  const shown = showsAll ? entries : entries.slice(0, MAX_TAGS);
  if (entries.length === 0 && isReadOnly) {
    return null;
  }
  const save = (): void => {
    if (draft !== null && draft.key !== '') {
      props.set(draft.key, draft.value === '' ? null : draft.value);
      setDraft(null);
    }
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      setDraft(null);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      save();
    }
  };
  return (
    <div className="jp-AmlRunPage-tags" role="group" aria-label={trans.__('Tags')}>
      {shown.map(([key, value]) => {
        const text = value === null ? shownName(key, 60) : shownName(`${key}: ${value}`, 60);
        return (
          <span key={key} className="jp-AmlRunPage-tag" title={value === null ? key : `${key}: ${value}`}>
            {isReadOnly ? (
              <bdi>{text}</bdi>
            ) : (
              <>
                <button
                  type="button"
                  title={trans.__('Change this tag')}
                  onClick={() => setDraft({ key, value: value ?? '', isNew: false })}
                >
                  <bdi>{text}</bdi>
                </button>
                <button
                  type="button"
                  aria-label={trans.__('Remove the tag %1', shownName(key, 60))}
                  title={trans.__('Remove this tag')}
                  onClick={() => props.remove(key)}
                >
                  <span aria-hidden="true">×</span>
                </button>
              </>
            )}
          </span>
        );
      })}
      {entries.length > shown.length && (
        <button type="button" className="jp-AmlRunPage-tool" onClick={() => setShowsAll(true)}>
          {trans.__('and %1 more', entries.length - shown.length)}
        </button>
      )}
      {draft === null && !isReadOnly && (
        <button
          type="button"
          className="jp-AmlRunPage-tool"
          onClick={() => setDraft({ key: '', value: '', isNew: true })}
        >
          {trans.__('+ tag')}
        </button>
      )}
      {draft !== null && (
        <span className="jp-AmlRunPage-tagForm" onKeyDown={onKeyDown}>
          <input
            className="jp-mod-styled"
            aria-label={trans.__('Key of the tag')}
            placeholder={trans.__('key')}
            value={draft.key}
            readOnly={!draft.isNew}
            autoFocus={draft.isNew}
            onChange={event => setDraft({ ...draft, key: event.target.value })}
          />
          <input
            className="jp-mod-styled"
            aria-label={trans.__('Value of the tag')}
            placeholder={trans.__('value')}
            value={draft.value}
            autoFocus={!draft.isNew}
            onChange={event => setDraft({ ...draft, value: event.target.value })}
          />
          <button type="button" className="jp-AmlRunPage-button" disabled={draft.key === ''} onClick={save}>
            {trans.__('Save')}
          </button>
          <button type="button" className="jp-AmlRunPage-button" onClick={() => setDraft(null)}>
            {trans.__('Discard')}
          </button>
        </span>
      )}
    </div>
  );
}
