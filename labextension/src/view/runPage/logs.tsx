import { UseSignal } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Schemas } from '../../api/client';
import { LogModel, MAX_SHOWN_BYTES, PART_BYTES } from '../../model/logModel';
import { chooseLog, inOrder, newestGroup } from '../../model/logOrder';
import { findMatches, MAX_MATCHES, nextMatch } from '../../model/logSearch';
import type { LogMatch } from '../../model/logSearch';
import { fileName, isolatedName, sizeText } from '../../model/names';
import type { IPanelProps, IRunPageModel } from '../../model/runPageTypes';
import { LogMarks, revealMatch } from './logMarks';
import { LogBlock } from './logText';

/** How close to the end counts as being there, in pixels. */
const END_DISTANCE = 4;

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
          <div ref={scroll.text} className="jp-AmlRunPage-logText">
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

interface IScroll {
  scroller: React.RefObject<HTMLDivElement>;
  text: React.RefObject<HTMLDivElement>;
  hasNews: boolean;
  onScroll: () => void;
}

/** Stay at the end while the log is followed, and else at the place that is read. */
function useScroll(log: LogModel, wraps: boolean): IScroll {
  const scroller = React.useRef<HTMLDivElement>(null);
  const text = React.useRef<HTMLDivElement>(null);
  const last = React.useRef({ height: 0, top: 0, earlier: log.earlierCount, wraps });
  const seenEnd = React.useRef(log.end);
  if (log.isFollowing) {
    seenEnd.current = log.end;
  }
  const keepPlace = React.useCallback(() => {
    const box = scroller.current;
    if (box === null) {
      return;
    }
    if (log.isFollowing) {
      box.scrollTop = box.scrollHeight;
    } else if (last.current.earlier !== log.earlierCount) {
      box.scrollTop = last.current.top + box.scrollHeight - last.current.height;
    } else if (last.current.wraps !== wraps && last.current.height > 0) {
      box.scrollTop = (last.current.top / last.current.height) * box.scrollHeight;
    }
    last.current = { height: box.scrollHeight, top: box.scrollTop, earlier: log.earlierCount, wraps };
  }, [log, wraps]);
  React.useLayoutEffect(keepPlace);
  React.useEffect(() => {
    const observer = new ResizeObserver(keepPlace);
    for (const element of [scroller.current, text.current]) {
      if (element !== null) {
        observer.observe(element);
      }
    }
    return () => {
      observer.disconnect();
    };
  }, [keepPlace]);
  const onScroll = () => {
    const box = scroller.current;
    if (box === null || box.clientHeight === 0) {
      return;
    }
    const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < END_DISTANCE;
    // Only what the user scrolled: a box that grows is not at its end until the effect above has run.
    if (box.scrollHeight === last.current.height && isAtEnd !== log.isFollowing) {
      void log.follow(isAtEnd);
    }
    last.current.top = box.scrollTop;
  };
  return { scroller, text, hasNews: log.end > seenEnd.current, onScroll };
}

interface ISearch {
  query: string;
  matches: readonly LogMatch[];
  current: number;
  setQuery: (query: string) => void;
  go: (steps: number) => void;
}

function useSearch(log: LogModel, scroll: IScroll): ISearch {
  const [query, setQuery] = React.useState('');
  const [current, setCurrent] = React.useState(-1);
  const marks = React.useRef(new LogMarks());
  const { blocks } = log;
  const matches = React.useMemo(() => findMatches(blocks, query), [blocks, query]);
  const shown = matches.length === 0 ? -1 : Math.min(current < 0 ? matches.length - 1 : current, matches.length - 1);
  React.useEffect(() => {
    if (scroll.text.current !== null) {
      marks.current.paint(scroll.text.current, matches, shown);
    }
  }, [scroll.text, matches, shown]);
  React.useEffect(() => {
    const used = marks.current;
    return () => {
      used.clear();
    };
  }, []);
  const reveal = (match: LogMatch | undefined) => {
    if (match !== undefined && scroll.text.current !== null && scroll.scroller.current !== null) {
      revealMatch(scroll.text.current, scroll.scroller.current, match, () => {
        void log.follow(false);
      });
    }
  };
  return {
    query,
    matches,
    current: shown,
    setQuery: wanted => {
      // The last match is shown first, since logs are read from their end.
      const found = findMatches(blocks, wanted);
      setQuery(wanted);
      setCurrent(found.length - 1);
      reveal(found[found.length - 1]);
    },
    go: steps => {
      const next = nextMatch(matches.length, shown, steps);
      setCurrent(next);
      reveal(matches[next]);
    }
  };
}

function SearchField({
  search,
  isPart,
  trans
}: {
  search: ISearch;
  isPart: boolean;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { query, matches, current } = search;
  const total = matches.length < MAX_MATCHES ? matches.length.toLocaleString() : trans.__('10,000 and more');
  const count = matches.length === 0 ? trans.__('none') : trans.__('%1 of %2', (current + 1).toLocaleString(), total);
  const said = isPart ? trans.__('%1 in what is loaded', count) : count;
  return (
    <span className="jp-AmlRunPage-search" data-lm-suppress-shortcuts="true">
      <input
        type="search"
        className="jp-AmlRunPage-input"
        placeholder={trans.__('Search')}
        aria-label={trans.__('Search in this log')}
        value={query}
        onChange={event => {
          search.setQuery(event.target.value);
        }}
        onKeyDown={event => {
          if (event.key === 'Enter') {
            search.go(event.shiftKey ? -1 : 1);
            event.preventDefault();
          } else if (event.key === 'Escape') {
            search.setQuery('');
            event.preventDefault();
          }
        }}
      />
      <button
        type="button"
        className="jp-AmlRunPage-button"
        aria-label={trans.__('Previous match')}
        title={trans.__('Previous match')}
        disabled={matches.length === 0}
        onClick={() => {
          search.go(-1);
        }}
      >
        ↑
      </button>
      <button
        type="button"
        className="jp-AmlRunPage-button"
        aria-label={trans.__('Next match')}
        title={trans.__('Next match')}
        disabled={matches.length === 0}
        onClick={() => {
          search.go(1);
        }}
      >
        ↓
      </button>
      <output className="jp-AmlRunPage-note" aria-live="polite">
        {query === '' ? '' : said}
      </output>
    </span>
  );
}
