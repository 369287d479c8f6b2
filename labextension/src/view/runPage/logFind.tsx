import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { LogModel } from '../../model/logModel';
import { findMatches, MAX_MATCHES, nextMatch } from '../../model/logSearch';
import type { LogMatch } from '../../model/logSearch';
import { LogMarks, revealMatch } from './logMarks';
import type { IScroll } from './logScroll';

export interface ISearch {
  query: string;
  matches: readonly LogMatch[];
  current: number;
  setQuery: (query: string) => void;
  go: (steps: number) => void;
}

/** Find a text in what is loaded of a log. */
export function useSearch(log: LogModel, scroll: IScroll): ISearch {
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

/** Where the text is written, and which of the places is shown. */
export function SearchField({
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
