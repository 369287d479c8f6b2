import type { ApiClient, Schemas } from '../src/api/client';
import { pictureAt, pictureNames, pictureRow, readPictures } from '../src/model/comparePictures';
import {
  changedCompareSettings,
  decodeCompareLink,
  DEFAULT_COMPARE_SETTINGS,
  encodeCompareLink,
  readCompareSettings,
  withoutCompareLink
} from '../src/model/compareSettings';
import { compareCsv, compareRows, deltaOf } from '../src/model/compareTable';
import type { ComparedRun } from '../src/model/compareTable';
import { csvLine, csvValue, inertText } from '../src/model/csv';
import { runLabels } from '../src/model/runLabels';

function runOf(id: string, parts: Partial<Omit<ComparedRun, 'run'>> & { tags?: Schemas['Run']['tags'] }): ComparedRun {
  return {
    run: {
      run_id: id,
      number: 1,
      experiment_id: 'e',
      experiment_name: 'trial',
      status: 'Completed',
      created_at: 0,
      started_at: 0,
      ended_at: 60,
      last_seen_at: null,
      display_name: null,
      run_type: null,
      parent_run_id: null,
      target: 'local',
      tags: parts.tags ?? {},
      archived_at: null,
      trashed_at: null,
      description: null,
      root_run_id: id,
      error: null,
      properties: {}
    },
    parameters: parts.parameters ?? {},
    summaries: parts.summaries ?? [],
    images: parts.images ?? []
  };
}

function scalar(name: string, count: number, last: Schemas['Value'], low: number | null, high: number | null) {
  return {
    name,
    column: null,
    kind: 'scalar',
    description: '',
    count,
    first: last,
    last,
    low,
    high,
    nonfinite_count: 0,
    last_step: count - 1,
    last_logged_at: 0
  } satisfies Schemas['Summary'];
}

const RUNS = [
  runOf('a', {
    parameters: { lr: '0.1', depth: '3' },
    tags: { kind: '=1+1' },
    summaries: [scalar('loss', 3, 0.5, 0.25, 2), scalar('seed', 1, 7, 7, 7), scalar('note', 2, 'x', null, null)]
  }),
  runOf('b', {
    parameters: { lr: '0.2', depth: '3' },
    summaries: [scalar('loss', 3, 1, 0.25, 4), scalar('seed', 1, 7, 7, 7)]
  })
];

const rows = (change: object) => compareRows(RUNS, { ...DEFAULT_COMPARE_SETTINGS, ...change }, 100);
const shown = (change: object) => rows(change).map(row => `${row.group} ${row.name} ${row.aspect ?? ''}`.trim());

describe('compareRows', () => {
  it('lists facts, parameters, tags and values', () => {
    expect(shown({})).toEqual([
      'run Number',
      'run Status',
      'run Experiment',
      'run Created',
      'run Duration',
      'run Target',
      'parameters depth',
      'parameters lr',
      'tags kind',
      'metrics loss last',
      'metrics loss low',
      'metrics loss high',
      'metrics seed',
      'metrics note last'
    ]);
  });

  it('has no row of numbers where no run has one', () => {
    const unnumbered = RUNS.map(one => ({ ...one, run: { ...one.run, number: 0 } }));
    const [first] = compareRows(unnumbered, DEFAULT_COMPARE_SETTINGS, 100);
    expect(first?.name).toBe('Status');
  });

  it('leaves out what is the same everywhere', () => {
    expect(shown({ onlyDifferences: true })).toEqual([
      'parameters lr',
      'tags kind',
      'metrics loss last',
      'metrics loss high',
      'metrics note last'
    ]);
  });

  it('shows the values that are asked for, of single ones the only one', () => {
    expect(shown({ aspects: ['low'] }).filter(name => name.startsWith('metrics'))).toEqual([
      'metrics loss low',
      'metrics seed',
      'metrics note last'
    ]);
  });

  it('finds names by words', () => {
    expect(shown({ filter: 'LOS' }).filter(name => !name.startsWith('run'))).toHaveLength(3);
  });

  it('tells nothing from an empty text', () => {
    const [tag] = compareRows([runOf('a', { tags: { t: null } }), runOf('b', {})], DEFAULT_COMPARE_SETTINGS, 0).filter(
      row => row.group === 'tags'
    );
    expect(tag?.cells.map(cell => cell?.text ?? 'none')).toEqual(['', 'none']);
    expect(tag?.isDifferent).toBe(true);
  });
});

describe('deltaOf', () => {
  const cell = (number: number | null) => ({ text: '', value: number, number });

  it('says by how much, and which share of the baseline that is', () => {
    expect(deltaOf(cell(3), cell(2))).toEqual({ difference: 1, share: 0.5 });
    expect(deltaOf(cell(-1), cell(-2))).toEqual({ difference: 1, share: 0.5 });
    expect(deltaOf(cell(3), cell(0))).toEqual({ difference: 3, share: null });
  });

  it('says nothing of what is no number', () => {
    expect([
      deltaOf(null, cell(1)),
      deltaOf(cell(1), null),
      deltaOf(cell(null), cell(1)),
      deltaOf(cell(NaN), cell(1))
    ]).toEqual([null, null, null, null]);
  });
});

describe('compareCsv', () => {
  it('has all values in full, and no text that a spreadsheet would run', () => {
    const lines = compareCsv(RUNS, rows({})).split('\r\n');
    expect(lines.slice(0, 2)).toEqual(['group,name,value,a,b', 'run,Name,,a,b']);
    expect(lines).toContain("tags,kind,,'=1+1,");
    expect(lines).toContain('metrics,loss,high,2,4');
    expect(lines).toContain('run,Duration,seconds,60,60');
  });

  it('names runs as text', () => {
    const run = runOf('a', {});
    const csv = compareCsv([{ ...run, run: { ...run.run, display_name: '=HYPERLINK("http://x")' } }], []);
    expect(csv.split('\r\n')[1]).toBe(`run,Name,,"'=HYPERLINK(""http://x"")"`);
  });

  it('quotes what needs it', () => {
    const csv = compareCsv([runOf('a', { parameters: { 'x,"y"': 'one\ntwo' } })], rowsOfOne());
    expect(csv).toContain('parameters,"x,""y""",,""",""one"');
  });

  function rowsOfOne() {
    return [
      {
        group: 'parameters' as const,
        name: 'x,"y"',
        aspect: null,
        cells: [{ text: '', value: '","one', number: null }],
        isDifferent: false
      }
    ];
  }
});

describe('CSV', () => {
  it.each(['=1', '+x', '-1+cmd|x', '@SUM(A1)', '\t=1', '\n=1', ' =1', '＝1', '－x'])('makes a text of %p', text => {
    expect(inertText(text)).toBe(`'${text}`);
  });

  it.each(['-0.1', '+3', '-1e-5', '.5', 'a=1', '0x10'])('leaves %p as it is', text => {
    expect(inertText(text)).toBe(text);
  });

  it('has numbers in full, and those that are not finite as programs read them', () => {
    expect(
      [0.1, { integer: '12345678901234567890' }, { float: 'NaN' as const }, { float: '-Infinity' as const }].map(
        csvValue
      )
    ).toEqual(['0.1', '12345678901234567890', 'NaN', '-Infinity']);
    expect([null, true, '-x'].map(csvValue)).toEqual(['None', 'True', "'-x"]);
  });

  it('quotes line ends and quotes', () => {
    expect(csvLine(['a', 'b"c', 'd\re', 'f,g'])).toBe('a,"b""c","d\re","f,g"\r\n');
  });
});

describe('runLabels', () => {
  const named = (id: string, number: number, name: string | null) => ({ run_id: id, number, display_name: name });

  it('tells runs of the same name apart', () => {
    const labels = runLabels([named('a', 1, 'x'), named('b', 2, 'x'), named('c', 3, 'y'), named('d', 4, null)]);
    expect([...labels.values()]).toEqual(['x #1', 'x #2', 'y', 'd']);
    // Numbers are given in each experiment anew.
    expect([...runLabels([named('a', 1, 'x'), named('b', 1, 'x')]).values()]).toEqual(['x a', 'x b']);
    expect([...runLabels([named('a', 0, 'x'), named('b', 1, 'x')]).values()]).toEqual(['x a', 'x #1']);
  });
});

describe('links of comparisons', () => {
  it('come back as they were', () => {
    const settings = {
      ...DEFAULT_COMPARE_SETTINGS,
      xAxis: 'metric' as const,
      xMetric: 'epoch & more',
      hidden: ['b'],
      baseline: 'a',
      onlyDifferences: true,
      smoothing: 0.5
    };
    const link = encodeCompareLink({ workspace: '0123456789abcdef', runIds: ['a', 'b,c', 'd/e'], settings });
    expect(link.get('aml-compare')?.startsWith('0123456789abcdef/a,')).toBe(true);
    expect(decodeCompareLink(new URLSearchParams(link.toString()))).toEqual({
      workspace: '0123456789abcdef',
      runIds: ['a', 'b,c', 'd/e'],
      settings: changedCompareSettings(settings)
    });
  });

  it('are as short as can be', () => {
    const link = encodeCompareLink({ workspace: 'k', runIds: ['a', 'b'], settings: DEFAULT_COMPARE_SETTINGS });
    expect(decodeURIComponent(link.toString())).toBe('aml-compare=k/a,b');
  });

  it.each(['', 'aml-compare=', 'aml-compare=k', 'aml-compare=k/', 'aml-compare=/a'])('of %p compare nothing', query => {
    expect(decodeCompareLink(new URLSearchParams(query))).toBeNull();
  });

  it('that were cut off still name their runs', () => {
    expect(decodeCompareLink(new URLSearchParams('aml-compare=k/a,b%25&aml-compare-view={"xA'))).toEqual({
      workspace: 'k',
      runIds: ['a', 'b%'],
      settings: {}
    });
  });

  it('are taken out of an address, and nothing else is', () => {
    expect(withoutCompareLink('?aml-compare=k/a&reset=&aml-compare-view=%7B%7D')).toBe('?reset=');
    expect(withoutCompareLink('?aml-compare=k/a')).toBe('');
  });

  it('read no wrong settings', () => {
    expect(
      readCompareSettings({
        xAxis: 'up',
        smoothing: 7,
        hidden: ['a', 3],
        isLogX: 'yes',
        aspects: ['high', 'x'],
        together: 1
      })
    ).toEqual({ smoothing: 0.9999, hidden: ['a'], aspects: ['high'] });
    expect(readCompareSettings(null)).toEqual({});
  });
});

describe('pictures side by side', () => {
  const image = (step: number | null, path: string) => ({ name: 'confusion', step, path });
  const runs = [runOf('a', { images: [image(2, 'two')] }), runOf('b', { images: [image(1, 'one')] }), runOf('c', {})];
  const row = pictureRow('confusion', runs, new Map([['a', [{ step: 0, path: 'zero' }]]]));

  it('are listed by name', () => {
    expect(pictureNames(runs)).toEqual(['confusion']);
  });

  it('have the steps of all runs, those that were read and those that came since', () => {
    expect(row.steps).toEqual([0, 1, 2]);
    expect(row.runs[2]).toBeNull();
    expect(pictureRow('confusion', runs).steps).toEqual([1, 2]);
  });

  it('are the newest up to a step', () => {
    const first = row.runs[0] ?? [];
    expect([pictureAt(first, 1)?.path, pictureAt(first, 2)?.path, pictureAt(row.runs[1] ?? [], 0)]).toEqual([
      'zero',
      'two',
      null
    ]);
  });

  it('are read with the paths that v1 logged, too', async () => {
    const cell = (value: Schemas['Value']) => [{ has_value: true, value }];
    const asked: unknown[] = [];
    const client = {
      getRows: (...args: unknown[]) => {
        asked.push(args);
        return Promise.resolve({
          columns: [null],
          seqs: [0, 1, 2],
          steps: [0, 5, 6],
          times: [0, 0, 0],
          rows: [cell('outputs/a.png'), cell('aml://artifactId/ExperimentRun/dcid.r1/outputs/b.png'), cell(3)],
          start: 0,
          total: 3
        });
      }
    } as unknown as ApiClient;
    expect(await readPictures(client, 'w', 'r1', 'confusion')).toEqual([
      { step: 0, path: 'outputs/a.png' },
      { step: 5, path: 'outputs/b.png' }
    ]);
    expect(asked).toEqual([['w', 'r1', 'confusion', -500, 500]]);
  });
});
