import { UseSignal } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { Schemas } from '../../api/client';
import { shownName } from '../../model/names';
import type { IPanelProps, IRunPageModel } from '../../model/runPageTypes';
import { CommandIDs } from '../../tokens';
import { CopyButton } from './copyButton';

/** Longer values, or those of more lines, are folded. */
const FOLDED_LENGTH = 300;
const FOLDED_LINES = 5;

/** With fewer facts a filter is of no use. */
const FILTER_FROM = 20;

/** What is known of a run beside its numbers and files. */
export function DetailsPanel({ model, commands, trans }: IPanelProps): React.JSX.Element {
  return (
    <UseSignal signal={model.changed}>
      {() => <Details model={model} run={model.reply?.run ?? null} commands={commands} trans={trans} />}
    </UseSignal>
  );
}

interface IDetailsProps {
  model: IRunPageModel;
  run: Schemas['Run'] | null;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

function Details({ model, run, commands, trans }: IDetailsProps): React.JSX.Element {
  const [groups, setGroups] = React.useState<readonly Schemas['FactGroup'][] | null>(null);
  const [error, setError] = React.useState<string | null>(null);
  const [wanted, setWanted] = React.useState('');
  // What is told here changes with the run's record only.
  const version = JSON.stringify(run);
  React.useEffect(() => {
    let isCurrent = true;
    model.client.getDetails(model.workspace, model.runId).then(
      details => {
        if (isCurrent) {
          setGroups(details.groups);
          setError(null);
        }
      },
      (reason: unknown) => {
        if (isCurrent) {
          setError(reason instanceof Error ? reason.message : String(reason));
        }
      }
    );
    return () => {
      isCurrent = false;
    };
  }, [model, version]);
  const factCount = groups?.reduce((sum, group) => sum + group.facts.length, 0) ?? 0;
  const shown = groups?.map(group => ({ group, facts: group.facts.filter(fact => hasText(fact, wanted)) }));
  return (
    <section className="jp-AmlRunPage-details" aria-label={trans.__('Details')}>
      {error !== null && (
        <p className="jp-AmlRunPage-problem" role="alert">
          {trans.__('The details cannot be read now: %1', error)}
        </p>
      )}
      {groups === null && error === null && <p className="jp-AmlRunPage-note">{trans.__('Reading…')}</p>}
      {run?.error != null && <RunErrorView error={run.error} trans={trans} />}
      {factCount > FILTER_FROM && (
        <input
          type="search"
          className="jp-AmlRunPage-input"
          placeholder={trans.__('Filter the details')}
          aria-label={trans.__('Filter the details')}
          value={wanted}
          data-lm-suppress-shortcuts="true"
          onChange={event => {
            setWanted(event.target.value);
          }}
        />
      )}
      {shown
        ?.filter(({ facts }) => wanted === '' || facts.length > 0)
        .map(({ group, facts }) => (
          <details
            key={`${group.key} ${wanted === '' ? 'all' : 'found'}`}
            className="jp-AmlRunPage-fold"
            open={group.is_open || wanted !== ''}
          >
            <summary>
              {group.title} {facts.length > 0 && <span className="jp-AmlRunPage-note">{facts.length}</span>}
            </summary>
            {facts.length === 0 ? (
              <p className="jp-AmlRunPage-note">{group.note}</p>
            ) : (
              <FactTable facts={facts} model={model} commands={commands} trans={trans} />
            )}
          </details>
        ))}
      {wanted !== '' && shown?.every(({ facts }) => facts.length === 0) && (
        <p className="jp-AmlRunPage-note">{trans.__('Nothing has that in its name or value.')}</p>
      )}
    </section>
  );
}

function hasText(fact: Schemas['Fact'], wanted: string): boolean {
  const text = wanted.trim().toLowerCase();
  return fact.label.toLowerCase().includes(text) || (fact.text ?? '').toLowerCase().includes(text);
}

function RunErrorView({ error, trans }: { error: Schemas['RunError']; trans: TranslationBundle }): React.JSX.Element {
  return (
    <details className="jp-AmlRunPage-fold" open>
      <summary>{trans.__('Error')}</summary>
      <p className="jp-AmlRunPage-problem">{error.error_type ?? error.code}</p>
      <pre className="jp-AmlRunPage-previewText" tabIndex={0}>
        {error.traceback ?? error.message}
      </pre>
      <CopyButton text={error.traceback ?? error.message} label={trans.__('Copy the error')} trans={trans} />
    </details>
  );
}

interface IFactTableProps {
  facts: readonly Schemas['Fact'][];
  model: IRunPageModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

function FactTable({ facts, model, commands, trans }: IFactTableProps): React.JSX.Element {
  return (
    <table className="jp-AmlRunPage-factTable">
      <tbody>
        {facts.map((fact, place) => (
          <tr key={`${place} ${fact.label}`}>
            <th scope="row">
              <bdi>{shownName(fact.label)}</bdi>
            </th>
            <td>
              {fact.text === null ? (
                <span className="jp-AmlRunPage-note">{trans.__('no value')}</span>
              ) : fact.run_id !== null ? (
                <button
                  type="button"
                  className="jp-AmlRunPage-link"
                  onClick={() => {
                    void commands.execute(CommandIDs.openRun, { workspace: model.workspace, runId: fact.run_id });
                  }}
                >
                  {fact.text}
                </button>
              ) : (
                <FactText text={fact.text} trans={trans} />
              )}
            </td>
            <td className="jp-AmlRunPage-factCopy">
              {fact.text !== null && fact.text !== '' && (
                <CopyButton text={fact.text} label={trans.__('Copy %1', shownName(fact.label, 80))} trans={trans} />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function FactText({ text, trans }: { text: string; trans: TranslationBundle }): React.JSX.Element {
  const lineCount = text.split('\n').length;
  if (text.length <= FOLDED_LENGTH && lineCount <= FOLDED_LINES) {
    return <span className="jp-AmlRunPage-factText">{text}</span>;
  }
  const kind =
    lineCount > 1 ? trans._n('%1 line', '%1 lines', lineCount) : trans._n('%1 character', '%1 characters', text.length);
  return (
    <details>
      <summary>
        {shownName(text.replace(/\s+/g, ' ').slice(0, 100))}… <span className="jp-AmlRunPage-note">{kind}</span>
      </summary>
      <pre className="jp-AmlRunPage-previewText" tabIndex={0}>
        {text}
      </pre>
    </details>
  );
}
