import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { lookOf } from '../../model/logColors';
import type { RowBlock } from '../../model/logWindow';
import type { TerminalRow, TextRun } from '../../model/terminal';

/** How many characters of a line are shown before the user asks for all of it. */
const MAX_SHOWN_LENGTH = 4_000;
const HEAD_LENGTH = 2_000;
const TAIL_LENGTH = 500;

export interface ILogBlockProps {
  block: RowBlock;
  trans: TranslationBundle;
}

/** Rows of a log. A block whose rows stay is not drawn anew. */
export const LogBlock = React.memo(function LogBlock({ block, trans }: ILogBlockProps): React.JSX.Element {
  return (
    <div className="jp-AmlRunPage-logBlock" data-block={block.key}>
      {block.rows.map((row, place) => (
        <LogRow key={place} row={row} trans={trans} />
      ))}
    </div>
  );
});

function LogRow({ row, trans }: { row: TerminalRow; trans: TranslationBundle }): React.JSX.Element {
  const [isWhole, setWhole] = React.useState(false);
  const cut = row.cutLength > 0 && (
    <span className="jp-AmlRunPage-logCut">
      {trans._n('%1 character before this', '%1 characters before this', row.cutLength)}
    </span>
  );
  if (row.length <= MAX_SHOWN_LENGTH) {
    // Without a line break an empty line would not be copied.
    return (
      <div className="jp-AmlRunPage-logRow" data-line={row.number + 1}>
        {cut}
        {row.length === 0 ? <br /> : <Runs runs={row.runs} />}
      </div>
    );
  }
  const tailStart = row.length - TAIL_LENGTH;
  return (
    <div className="jp-AmlRunPage-logRow" data-line={row.number + 1}>
      {cut}
      <Runs runs={cutRuns(row.runs, 0, HEAD_LENGTH)} />
      <button
        type="button"
        className="jp-AmlRunPage-logMore"
        aria-expanded={isWhole}
        onClick={() => {
          setWhole(!isWhole);
        }}
      >
        {trans._n('%1 more character', '%1 more characters', tailStart - HEAD_LENGTH)}
      </button>
      {isWhole && <Runs runs={cutRuns(row.runs, HEAD_LENGTH, tailStart)} />}
      <Runs runs={cutRuns(row.runs, tailStart, row.length)} />
    </div>
  );
}

function Runs({ runs }: { runs: readonly TextRun[] }): React.JSX.Element {
  return (
    <>
      {runs.map((run, place) => {
        const look = lookOf(run.style);
        if (look.className === '' && look.onBackground === undefined) {
          return <React.Fragment key={place}>{run.text}</React.Fragment>;
        }
        const own = look.ownColor === undefined ? {} : { '--jp-AmlRunPage-own-color': look.ownColor };
        return (
          <span key={place} className={look.className} style={{ ...look.onBackground, ...own }}>
            {run.text}
          </span>
        );
      })}
    </>
  );
}

/** Give the runs between two columns, which count characters. */
function cutRuns(runs: readonly TextRun[], start: number, end: number): TextRun[] {
  const found: TextRun[] = [];
  let place = 0;
  for (const run of runs) {
    const characters = Array.from(run.text);
    const text = characters.slice(Math.max(0, start - place), Math.max(0, end - place)).join('');
    if (text !== '') {
      found.push({ text, style: run.style });
    }
    place += characters.length;
    if (place >= end) {
      break;
    }
  }
  return found;
}
