import { UseSignal } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Schemas } from '../../api/client';
import { LogModel, MAX_SHOWN_BYTES, PART_BYTES } from '../../model/logModel';
import { chooseLog, inOrder, newestGroup } from '../../model/logOrder';
import { fileName, isolatedName, sizeText } from '../../model/names';
import type { IPanelProps, IRunPageModel } from '../../model/runPageTypes';
import { SearchField, useSearch } from './logFind';
import { useScroll } from './logScroll';
import { LogBlock } from './logText';

/** The logs of a run: a list of them, and the end of one. */
export function LogsPanel({ model, trans }: IPanelProps): React.JSX.Element {
  return <UseSignal signal={model.changed}>{() => <Logs model={model} trans={trans} />}</UseSignal>;
}

interface ILogsProps {
  model: IRunPageModel;
  trans: TranslationBundle;
}

function Logs({ model, trans }: ILogsProps): React.JSX.Element {
  const log = useLogModel(model);
  const logs = inOrder([...model.artifacts.values()].filter(artifact => artifact.is_log));
  const chosen = chooseLog(logs, {
    picked: model.settings.logPath,
    path: log?.path ?? null,
    isFollowing: log?.isFollowing ?? true
  });
  const { path, size_bytes: sizeBytes, written_at: writtenAt } = chosen ?? { path: null, size_bytes: 0, written_at: 0 };
  React.useEffect(() => {
    if (log !== null && path !== null) {
      void log.show({ path, size_bytes: sizeBytes, written_at: writtenAt });
    }
  }, [log, path, sizeBytes, writtenAt]);
  if (chosen === null || log === null) {
    return <NoLogs model={model} trans={trans} />;
  }
  return (
    <section className="jp-AmlRunPage-logs" aria-label={trans.__('Logs')}>
      <UseSignal signal={log.changed}>
        {() => <LogView log={log} logs={logs} model={model} trans={trans} chosen={chosen} />}
      </UseSignal>
    </section>
  );
}

/** Make a model that lives as long as the panel is shown for this run. */
function useLogModel(model: IRunPageModel): LogModel | null {
  const [log, setLog] = React.useState<LogModel | null>(null);
  React.useEffect(() => {
    const made = new LogModel({
      read: (path, start, maxBytes, signal) =>
        model.client.getLog(model.workspace, model.runId, path, start, maxBytes, signal)
    });
    setLog(made);
    return () => {
      made.dispose();
    };
  }, [model]);
  return log;
}

function NoLogs({ model, trans }: ILogsProps): React.JSX.Element {
  const isOver = model.reply?.run.ended_at != null;
  return (
    <p className="jp-AmlRunPage-note jp-AmlRunPage-logsNone">
      {isOver ? trans.__('This run has written no log.') : trans.__('This run has written no log yet.')}{' '}
      {trans.__('Prints are kept for runs used in a with block, and for submitted scripts.')}
    </p>
  );
}

interface ILogViewProps extends ILogsProps {
  log: LogModel;
  logs: readonly Schemas['Artifact'][];
  chosen: Schemas['Artifact'];
}

function LogView({ log, logs, model, trans, chosen }: ILogViewProps): React.JSX.Element {
  const [wraps, setWraps] = React.useState(false);
  const [isNumbered, setNumbered] = React.useState(false);
  const showsNumbers = isNumbered && log.isNumbered;
  const scroll = useScroll(log, wraps);
  const search = useSearch(log, scroll);
  const downloadUrl = model.client.fileUrl(model.workspace, model.runId, chosen.path, { download: true });
  return (
    <>
      <div className="jp-AmlRunPage-tools">
        <LogPicker logs={logs} chosen={chosen} model={model} trans={trans} />
        <button
          type="button"
          className="jp-AmlRunPage-button"
          aria-pressed={log.isFollowing}
          title={trans.__('Stay at the end as the log grows')}
          onClick={() => {
            void log.follow(!log.isFollowing);
          }}
        >
          {trans.__('Follow')}
        </button>
        <button
          type="button"
          className="jp-AmlRunPage-button"
          aria-pressed={wraps}
          title={trans.__('Break long lines')}
          onClick={() => {
            setWraps(!wraps);
          }}
        >
          {trans.__('Wrap')}
        </button>
        <button
          type="button"
          className="jp-AmlRunPage-button"
          aria-pressed={showsNumbers}
          disabled={!log.isNumbered}
          title={
            log.isNumbered
              ? trans.__('Number the lines')
              : trans.__('The log was not read from its start, so the numbers of these lines are not known')
          }
          onClick={() => {
            setNumbered(!isNumbered);
          }}
        >
          {trans.__('Numbers')}
        </button>
        <a
          className="jp-AmlRunPage-button"
          href={downloadUrl}
          download={fileName(chosen.path)}
          title={trans.__('Save the whole file')}
        >
          {trans.__('Download')}
        </a>
        <SearchField search={search} isPart={log.start > 0 || log.isHeld} trans={trans} />
      </div>
      <p className="jp-AmlRunPage-note" aria-live="polite">
        {log.error === null ? summaryOf(log, model, trans) : trans.__('This log cannot be read now: %1', log.error)}
      </p>
      <div className="jp-AmlRunPage-logFrame">
        <div
          ref={scroll.scroller}
          className={`jp-AmlRunPage-log${wraps ? ' jp-mod-wraps' : ''}`}
          role="region"
          tabIndex={0}
          aria-label={trans.__('Text of the log')}
          aria-busy={log.isLoading}
          data-lm-suppress-shortcuts="true"
          onScroll={scroll.onScroll}
        >
          <LogTop log={log} trans={trans} />
          <div
            ref={scroll.text}
            className={`jp-AmlRunPage-logText${showsNumbers ? ' jp-mod-numbered' : ''}`}
            style={{ '--jp-AmlRunPage-number-width': `${String(lastLine(log)).length}ch` } as React.CSSProperties}
          >
            {log.blocks.map(block => (
              <LogBlock key={`${log.beginCount} ${log.earlierCount} ${block.key}`} block={block} trans={trans} />
            ))}
          </div>
        </div>
        {!log.isFollowing && (scroll.hasNews || log.isHeld) && (
          <button
            type="button"
            className="jp-AmlRunPage-button jp-AmlRunPage-logJump"
            onClick={() => {
              void log.follow(true);
              scroll.scroller.current?.focus({ preventScroll: true });
            }}
          >
            {trans.__('New lines below ↓')}
          </button>
        )}
      </div>
    </>
  );
}

function LogPicker({ logs, chosen, model, trans }: Omit<ILogViewProps, 'log'>): React.JSX.Element {
  const picked = model.settings.logPath;
  const newest = newestGroup(logs)[0]?.path ?? '';
  const current = logs.some(one => one.path === picked) ? (picked ?? '') : '';
  return (
    <select
      className="jp-AmlRunPage-select jp-AmlRunPage-logPicker"
      aria-label={trans.__('Log file')}
      value={current}
      onChange={event => {
        model.setSettings({ logPath: event.target.value === '' ? null : event.target.value });
      }}
    >
      <option value="">{trans.__('Newest: %1', isolatedName(current === '' ? chosen.path : newest, 80))}</option>
      {logs.map(one => (
        <option key={one.path} value={one.path}>
          {`${isolatedName(one.path, 80)} (${sizeText(one.size_bytes)})`}
        </option>
      ))}
    </select>
  );
}

function LogTop({ log, trans }: { log: LogModel; trans: TranslationBundle }): React.JSX.Element | null {
  if (log.start === 0) {
    return null;
  }
  const before = sizeText(log.start);
  return (
    <div className="jp-AmlRunPage-logBefore">
      {log.canLoadEarlier ? (
        <button
          type="button"
          className="jp-AmlRunPage-button"
          title={trans.__('%1 are not shown', before)}
          onClick={() => {
            void log.loadEarlier();
          }}
        >
          {trans.__('Show the %1 before this', sizeText(Math.min(log.start, PART_BYTES)))}
        </button>
      ) : (
        trans.__(
          '%1 before this are not shown, because %2 are here. Download the file to read them.',
          before,
          sizeText(MAX_SHOWN_BYTES)
        )
      )}
    </div>
  );
}

/** The number of the last line that is shown. */
function lastLine(log: LogModel): number {
  const rows = log.blocks[log.blocks.length - 1]?.rows;
  return (rows?.[rows.length - 1]?.number ?? 0) + 1;
}

/** Say how much of the file is shown. */
function summaryOf(log: LogModel, model: IRunPageModel, trans: TranslationBundle): string {
  if (log.isLoading) {
    return trans.__('Reading…');
  }
  if (log.sizeBytes === 0) {
    return model.reply?.run.ended_at != null ? trans.__('Nothing was printed.') : trans.__('Nothing was printed yet.');
  }
  const count = log.rowCount.toLocaleString();
  const lines = trans._n('%2 line', '%2 lines', log.rowCount, count);
  const size = sizeText(log.sizeBytes);
  if (log.isHeld) {
    return trans.__('%1, %2 of %3; more has come since', lines, sizeText(log.end - log.start), size);
  }
  return log.start > 0
    ? trans.__('the last %1, %2 of %3', lines, sizeText(log.end - log.start), size)
    : trans.__('%1, %2', lines, size);
}
