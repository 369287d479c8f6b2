import { buildTree, matchingFiles, rowsOf } from '../src/model/fileTree';
import { isolatedName, shortenMiddle, shownName, sizeText } from '../src/model/names';
import { kindOf, prettyJson, PreviewProblem, readTable } from '../src/model/preview';

const file = (path: string, sizeBytes = 1) => ({ path, size_bytes: sizeBytes });
const none = { opened: new Map<string, boolean>(), limits: new Map<string, number>() };

function drawn(paths: readonly string[], opened = new Map<string, boolean>()): string[] {
  return rowsOf(buildTree(paths.map(path => file(path))), { ...none, opened }).map(row =>
    row.kind === 'file'
      ? `${'  '.repeat(row.depth)}${row.file.path}`
      : row.kind === 'folder'
        ? `${'  '.repeat(row.depth)}${row.folder.path}/`
        : `${'  '.repeat(row.depth)}+${row.count}`
  );
}

describe('a tree of files', () => {
  it('has folders first, logs and outputs before others, names as people order them', () => {
    expect(drawn(['z.txt', 'data/a', 'outputs/epoch 10.bin', 'outputs/epoch 9.bin', 'logs/user.txt'])).toEqual([
      'logs/',
      '  logs/user.txt',
      'outputs/',
      '  outputs/epoch 9.bin',
      '  outputs/epoch 10.bin',
      'data/',
      '  data/a',
      'z.txt'
    ]);
  });

  it('opens small folders by itself, and others when told', () => {
    const many = Array.from({ length: 40 }, (_, place) => `many/${place}`);
    expect(drawn(many)).toEqual(['many/']);
    expect(drawn(many, new Map([['many', true]]))).toHaveLength(41);
  });

  it('shows a part of a very large folder', () => {
    const rows = drawn(Array.from({ length: 1_000 }, (_, place) => String(place)));
    expect(rows).toHaveLength(201);
    expect(rows[200]).toBe('+800');
  });

  it('does not mind empty parts, deep paths and strange names', () => {
    expect(drawn(['//a', '../b', '__proto__/c', `${'d/'.repeat(100)}e`]).length).toBeGreaterThan(4);
  });

  it('sums up what is below', () => {
    const root = buildTree([file('a/b/c', 5), file('a/d', 7)]);
    expect([root.sizeBytes, root.fileCount, root.folders[0]?.sizeBytes]).toEqual([12, 2, 12]);
  });

  it('finds files by all words of a filter', () => {
    const files = ['outputs/Model.pt', 'outputs/plan.txt', 'model/readme'].map(path => file(path));
    expect(matchingFiles(files, 'MODEL out').map(one => one.path)).toEqual(['outputs/Model.pt']);
  });
});

describe('names', () => {
  it('shows what would not be seen or would turn the text round', () => {
    expect(shownName('a\nb\u202etxt.exe\0')).toBe('a␊b\\u202etxt.exe␀');
  });

  it('keeps both ends of a long name', () => {
    expect(shortenMiddle('abcdefghij', 5)).toBe('ab…ij');
    expect(shownName('short')).toBe('short');
  });

  it('keeps the direction of a name apart', () => {
    expect(isolatedName('שלום')).toBe('\u2068שלום\u2069');
    expect(isolatedName('plain')).toBe('plain');
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_500, '1.5 kB'],
    [104_857_600, '105 MB'],
    [2_000_000_000, '2.0 GB']
  ])('writes %d bytes', (bytes, text) => {
    expect(sizeText(bytes)).toBe(text);
  });
});

describe('previews', () => {
  it.each([
    ['a.txt', '', 'empty'],
    ['a.txt', 'text', 'text'],
    ['a.json', '{}', 'json'],
    ['A.CSV', 'a,b', 'table'],
    ['a.csv', 'PK\u0003\u0004\0\0', 'bytes'],
    ['a.log', '\x1b[31mred\x1b[0m', 'text'],
    ['weights', '\ufffd\ufffd\ufffdab', 'bytes']
  ])('shows %s with %p as %s', (path, head, kind) => {
    expect(kindOf(path, head)).toBe(kind);
  });

  it('sets out JSON with numbers as the file spells them', () => {
    expect(prettyJson('{"a":[1e400,12345678901234567890],"b":{},"c":"x\\"{"}')).toBe(
      '{\n  "a": [\n    1e400,\n    12345678901234567890\n  ],\n  "b": {},\n  "c": "x\\"{"\n}'
    );
    expect(() => prettyJson('{"a":')).toThrow(PreviewProblem);
  });

  it('reads a table with quotes, line ends in cells, and rows of different lengths', () => {
    const table = readTable('name,value\r\n"a, ""b""\n",1.5\nc\n', 'x.csv', true);
    expect(table.header).toEqual(['name', 'value']);
    expect(table.rows).toEqual([
      ['a, "b"\n', '1.5'],
      ['c', '']
    ]);
    expect(table.isNumeric).toEqual([false, true]);
    expect(table.hasMore).toBe(false);
  });

  it('finds out what separates', () => {
    expect(readTable('a;b\n1;2\n', 'x.csv', true).header).toEqual(['a', 'b']);
    expect(readTable('a\tb,c\n', 'x.tsv', true).header).toEqual(['a', 'b,c']);
  });

  it('shows the first rows and columns of a large table, without a cut row', () => {
    const text = Array.from({ length: 500 }, () => '1,2').join('\n');
    const table = readTable(`${text}\n9`, 'x.csv', false);
    expect([table.rows.length, table.hasMore, table.header]).toEqual([100, true, ['1', '2']]);
    expect(readTable(`${'1,'.repeat(99)}1`, 'x.csv', true)).toMatchObject({ columnCount: 100, header: { length: 60 } });
  });

  it('does not take a quote that is never closed for a table', () => {
    expect(() => readTable('a,"b\n1,2\n', 'x.csv', true)).toThrow(PreviewProblem);
  });
});
