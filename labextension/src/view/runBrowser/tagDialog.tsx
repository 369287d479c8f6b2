import type { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { RunRow } from '../../model/runQuery';
import { ToolButton } from './header';

/** Which tags to set, and which to take away. */
export interface TagChange {
  readonly tags: Record<string, string>;
  readonly removed: readonly string[];
}

/** Body of the dialog that tags runs: the tags that they have, and room for one more. */
export class TagDialogBody extends ReactWidget implements Dialog.IBodyWidget<TagChange> {
  constructor(runs: readonly RunRow[], trans: TranslationBundle) {
    super();
    this.addClass('jp-AmlRunBrowser-tagDialog');
    this._trans = trans;
    this._tags = commonTags(runs);
  }

  getValue(): TagChange {
    const key = this._key.trim();
    return { tags: key === '' ? {} : { [key]: this._value }, removed: [...this._removed] };
  }

  protected override render(): React.JSX.Element {
    return (
      <TagFields
        tags={this._tags}
        trans={this._trans}
        onKey={key => (this._key = key)}
        onValue={value => (this._value = value)}
        onRemove={(key, isRemoved) => {
          if (isRemoved) {
            this._removed.add(key);
          } else {
            this._removed.delete(key);
          }
        }}
      />
    );
  }

  private readonly _trans: TranslationBundle;
  private readonly _tags: ReadonlyMap<string, string | null>;
  private readonly _removed = new Set<string>();
  private _key = '';
  private _value = '';
}

/** Tags that any of the runs has; the value is null where it differs among them. */
function commonTags(runs: readonly RunRow[]): Map<string, string | null> {
  const tags = new Map<string, string | null>();
  for (const run of runs) {
    for (const [key, value] of Object.entries(run.tags)) {
      const text = value ?? '';
      tags.set(key, tags.has(key) && tags.get(key) !== text ? null : text);
    }
  }
  return tags;
}

function TagFields(props: {
  tags: ReadonlyMap<string, string | null>;
  trans: TranslationBundle;
  onKey: (key: string) => void;
  onValue: (value: string) => void;
  onRemove: (key: string, isRemoved: boolean) => void;
}): React.JSX.Element {
  const { tags, trans } = props;
  const [removed, setRemoved] = React.useState<ReadonlySet<string>>(new Set());
  const toggle = (key: string): void => {
    const next = new Set(removed);
    const isRemoved = !next.delete(key);
    if (isRemoved) {
      next.add(key);
    }
    setRemoved(next);
    props.onRemove(key, isRemoved);
  };
  return (
    <>
      {tags.size > 0 && (
        <ul className="jp-AmlRunBrowser-tags" aria-label={trans.__('Tags')}>
          {[...tags].map(([key, value]) => (
            <li key={key} className="jp-AmlRunBrowser-tag" data-removed={removed.has(key)}>
              <bdi>{key}</bdi>
              <bdi className="jp-AmlRunBrowser-tagValue">{value ?? trans.__('(different values)')}</bdi>
              <ToolButton
                icon={closeIcon}
                label={removed.has(key) ? trans.__('Keep the tag %1', key) : trans.__('Remove the tag %1', key)}
                onClick={() => toggle(key)}
              />
            </li>
          ))}
        </ul>
      )}
      <label className="jp-AmlRunBrowser-choice">
        <span>{trans.__('Tag')}</span>
        <input className="jp-mod-styled" type="text" onChange={event => props.onKey(event.target.value)} />
      </label>
      <label className="jp-AmlRunBrowser-choice">
        <span>{trans.__('Value')}</span>
        <input
          className="jp-mod-styled"
          type="text"
          placeholder={trans.__('none needed')}
          onChange={event => props.onValue(event.target.value)}
        />
      </label>
    </>
  );
}
