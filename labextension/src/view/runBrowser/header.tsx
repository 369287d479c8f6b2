import { filterIcon, LabIcon, refreshIcon, searchIcon, settingsIcon, clearIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { isolatedName } from '../../model/names';
import type { RunBrowserModel } from '../../model/runBrowserModel';
import { SCOPES } from '../../model/runQuery';
import { scopeText, scopeTitle } from './formats';

/** How long a search is typed before it is made. */
const TYPING_MS = 300;

/** Which of the two groups of options is shown. */
export type OptionsPage = 'filter' | 'columns';

interface IHeaderProps {
  model: RunBrowserModel;
  trans: TranslationBundle;
}

/** Title of the panel, and what is done with the list as a whole. */
export function TitleBar(
  props: IHeaderProps & { page: OptionsPage | null; onPage: (page: OptionsPage | null) => void; optionsId: string }
): React.JSX.Element {
  const { model, trans, page } = props;
  const { settings } = model;
  const isFiltered =
    settings.groups.length > 0 ||
    settings.view !== 'active' ||
    settings.includeChildren ||
    (settings.scope === 'experiments' && settings.archivedExperiments);
  const pageButton = (own: OptionsPage, icon: LabIcon, label: string, isMarked: boolean): React.JSX.Element => (
    <ToolButton
      icon={icon}
      label={label}
      isPressed={page === own}
      isMarked={isMarked}
      controls={props.optionsId}
      onClick={() => props.onPage(page === own ? null : own)}
    />
  );
  return (
    <div className="jp-AmlRunBrowser-titleBar">
      <h2 className="jp-AmlRunBrowser-title">{trans.__('Run Browser')}</h2>
      <div className="jp-AmlRunBrowser-tools" role="toolbar" aria-label={trans.__('List of runs')}>
        {pageButton('filter', filterIcon, trans.__('Filters'), isFiltered)}
        {pageButton('columns', settingsIcon, trans.__('Order and columns'), false)}
        <ToolButton icon={refreshIcon} label={trans.__('Ask again now')} onClick={() => void model.refresh()} />
      </div>
    </div>
  );
}

export function ToolButton(props: {
  icon: LabIcon;
  label: string;
  isPressed?: boolean;
  isMarked?: boolean;
  controls?: string;
  onClick: () => void;
}): React.JSX.Element {
  const { icon: Icon, label, isPressed } = props;
  return (
    <button
      type="button"
      className={`jp-AmlRunBrowser-tool ${props.isMarked === true ? 'jp-AmlRunBrowser-mod-marked' : ''}`}
      title={label}
      aria-label={label}
      aria-expanded={isPressed}
      aria-controls={isPressed === true ? props.controls : undefined}
      onClick={props.onClick}
    >
      <Icon.react tag="span" width="16px" height="16px" />
    </button>
  );
}

/** Which workspace is looked into. */
export function WorkspacePicker(props: IHeaderProps): React.JSX.Element | null {
  const { model, trans } = props;
  if (model.workspaces.length === 0) {
    return null;
  }
  const current = model.workspace;
  return (
    <select
      className="jp-AmlRunBrowser-select jp-AmlRunBrowser-workspaces"
      aria-label={trans.__('Workspace')}
      title={current === null ? '' : current.location}
      value={current?.key ?? ''}
      onChange={event => model.setSettings({ workspace: event.target.value })}
    >
      {model.workspaces.map(workspace => (
        <option key={workspace.key} value={workspace.key} title={workspace.location}>
          {workspace.error === null
            ? isolatedName(workspace.name)
            : trans.__('%1 (cannot be read)', isolatedName(workspace.name))}
        </option>
      ))}
    </select>
  );
}

/** Experiments, all runs, or runs of the notebook in front. */
export function ScopePicker(props: IHeaderProps): React.JSX.Element {
  const { model, trans } = props;
  const { scope } = model.settings;
  const onKeyDown = (event: React.KeyboardEvent<HTMLDivElement>): void => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) {
      return;
    }
    event.preventDefault();
    const place = (SCOPES.indexOf(scope) + step + SCOPES.length) % SCOPES.length;
    model.setSettings({ scope: SCOPES[place] ?? scope });
    const target = event.currentTarget.children[place];
    if (target instanceof HTMLElement) {
      target.focus();
    }
  };
  return (
    <div
      className="jp-AmlRunBrowser-scopes"
      role="radiogroup"
      aria-label={trans.__('What is listed')}
      onKeyDown={onKeyDown}
    >
      {SCOPES.map(own => (
        <button
          key={own}
          type="button"
          role="radio"
          aria-checked={own === scope}
          tabIndex={own === scope ? 0 : -1}
          className="jp-AmlRunBrowser-scope"
          title={scopeTitle(own, trans)}
          onClick={() => {
            if (own !== scope) {
              model.setSettings({ scope: own });
            }
          }}
        >
          {scopeText(own, trans)}
        </button>
      ))}
    </div>
  );
}

/** The search. It is made when typing pauses; Enter makes it at once, Escape empties it, and below it is the list. */
export function SearchBox(
  props: IHeaderProps & { input: React.RefObject<HTMLInputElement>; onLeave: () => void }
): React.JSX.Element {
  const { model, trans } = props;
  const { search } = model.settings;
  const [text, setText] = React.useState(search);
  // A search that was made here is what was typed, and by now more may be typed.
  const made = React.useRef(search);
  const make = (wanted: string): void => {
    made.current = wanted;
    model.setSettings({ search: wanted });
  };
  React.useEffect(() => {
    if (made.current !== search) {
      made.current = search;
      setText(search);
    }
  }, [search]);
  React.useEffect(() => {
    if (text === search) {
      return;
    }
    const timer = window.setTimeout(() => make(text), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [text, search, model]);
  const empty = (): void => {
    setText('');
    make('');
    props.input.current?.focus();
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Enter') {
      make(text);
    } else if (event.key === 'Escape' && text !== '') {
      empty();
      event.stopPropagation();
    } else if (event.key === 'ArrowDown') {
      props.onLeave();
      event.preventDefault();
    }
  };
  const help = trans.__(
    'Words of name, id, tag, experiment or description, and conditions: status:failed, tag:key=value, experiment:name, loss < 0.3, -word'
  );
  return (
    <div className="jp-AmlRunBrowser-search">
      <searchIcon.react tag="span" className="jp-AmlRunBrowser-searchIcon" width="16px" height="16px" />
      <input
        ref={props.input}
        type="search"
        className="jp-AmlRunBrowser-input"
        placeholder={trans.__('Search: name, tag:key, loss < 0.3')}
        aria-label={trans.__('Search runs')}
        title={help}
        value={text}
        spellCheck={false}
        autoComplete="off"
        maxLength={2000}
        onChange={event => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {text !== '' && <ToolButton icon={clearIcon} label={trans.__('Empty the search')} onClick={empty} />}
    </div>
  );
}
