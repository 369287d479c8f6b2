import type { Schemas } from '../src/api/client';
import { LogModel, MAX_SHOWN_BYTES, PART_BYTES } from '../src/model/logModel';
import { findMatches, nextMatch } from '../src/model/logSearch';
import { utf8Length } from '../src/model/logWindow';

/** A file that is read as the server reads one: parts begin and end at whole characters. */
class LogFileOfTests {
  bytes = Buffer.alloc(0);
  reads: [number, number][] = [];
  writtenAt = 0;
  problem: Error | null = null;

  write(text: string | Buffer): void {
    this.bytes = Buffer.concat([this.bytes, Buffer.from(text as string)]);
    this.writtenAt++;
  }

  replace(text: string): void {
    this.bytes = Buffer.from(text);
    this.writtenAt++;
  }

  get file() {
    return { path: 'log.txt', size_bytes: this.bytes.length, written_at: this.writtenAt };
  }

  read = (path: string, start: number, maxBytes: number): Promise<Schemas['LogRange']> => {
    if (this.problem !== null) {
      return Promise.reject(this.problem);
    }
    this.reads.push([start, maxBytes]);
    let begin = start;
    while (begin < this.bytes.length && isContinuation(this.bytes[begin])) {
      begin++;
    }
    let end = Math.min(this.bytes.length, start + maxBytes);
    while (end < this.bytes.length && end > begin && isContinuation(this.bytes[end])) {
      end--;
    }
    const text = this.bytes.subarray(begin, end).toString('utf8');
    return Promise.resolve({ path, start: begin, end, size_bytes: this.bytes.length, text });
  };
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function textOf(log: LogModel): string {
  return log.blocks.flatMap(block => block.rows.map(row => row.text)).join('\n');
}

function setUp() {
  const file = new LogFileOfTests();
  const log = new LogModel({ read: file.read });
  return { file, log, look: () => log.show(file.file) };
}

describe('LogModel', () => {
  it('shows a short file whole', async () => {
    const { file, log, look } = setUp();
    file.write('one\ntwo\n');
    await look();
    expect(textOf(log)).toBe('one\ntwo');
    expect([log.start, log.end, log.rowCount, log.canLoadEarlier]).toEqual([0, 8, 2, false]);
  });

  it('shows the end of a long file, and what is before it when asked', async () => {
    const { file, log, look } = setUp();
    const lines = Array.from({ length: 40_000 }, (_, place) => `line ${place} ü`);
    file.write(`${lines.join('\n')}\n`);
    await look();
    expect(log.end - log.start).toBeLessThanOrEqual(PART_BYTES);
    expect(textOf(log).endsWith('line 39999 ü')).toBe(true);
    const before = log.start;
    await log.loadEarlier();
    expect(before - log.start).toBeGreaterThan(PART_BYTES - 4);
    // The parts join without a gap, also where a line was cut.
    const shown = textOf(log).split('\n').slice(1);
    expect(shown).toEqual(lines.slice(lines.length - shown.length));
    expect(log.isFollowing).toBe(false);
  });

  it('reads only what a file has grown by', async () => {
    const { file, log, look } = setUp();
    file.write('x'.repeat(50_000));
    await look();
    file.reads = [];
    file.write('\nmore');
    await look();
    expect(textOf(log).endsWith('\nmore')).toBe(true);
    expect(file.reads).toHaveLength(1);
    expect(file.reads[0]?.[0]).toBeGreaterThan(49_900);
    file.reads = [];
    await look();
    expect(file.reads).toEqual([]);
  });

  it('stays bounded while a long file is followed', async () => {
    const { file, log, look } = setUp();
    for (let round = 0; round < 30; round++) {
      file.write(`${'y'.repeat(79)}\n`.repeat(1_000));
      await look();
    }
    expect(log.end).toBe(file.bytes.length);
    expect(log.end - log.start).toBeLessThanOrEqual(400 * 1024);
    // What is kept begins with a whole row, and earlier parts can still be had.
    expect(log.blocks[0]?.rows[0]?.text).toBe('y'.repeat(79));
    await log.loadEarlier();
    expect(new Set(textOf(log).split('\n').slice(1))).toEqual(new Set(['y'.repeat(79)]));
  });

  it('leaves out the middle when very much is written at once', async () => {
    const { file, log, look } = setUp();
    file.write('start\n');
    await look();
    file.write(`${'z'.repeat(99)}\n`.repeat(20_000));
    await look();
    expect(log.end).toBe(file.bytes.length);
    expect(log.start).toBe(file.bytes.length - PART_BYTES);
    expect(log.beginCount).toBeGreaterThan(1);
  });

  it('takes nothing away from under who reads further up', async () => {
    const { file, log, look } = setUp();
    file.write('first\n'.repeat(100));
    await look();
    await log.follow(false);
    for (let round = 0; round < 40; round++) {
      file.write(`${'w'.repeat(999)}\n`.repeat(100));
      await look();
    }
    expect(log.start).toBe(0);
    expect(log.end).toBeLessThan(MAX_SHOWN_BYTES + PART_BYTES);
    expect(log.isHeld).toBe(true);
    await log.follow(true);
    expect(log.end).toBe(file.bytes.length);
    expect(log.isHeld).toBe(false);
  });

  it('begins anew when the file is another one', async () => {
    const { file, log, look } = setUp();
    file.write('old old old\n');
    await look();
    file.replace('new\n');
    await look();
    expect(textOf(log)).toBe('new');
    file.replace('other, and longer than before\n');
    await look();
    expect(textOf(log)).toBe('other, and longer than before');
  });

  it('survives bytes that are no text', async () => {
    const { file, log, look } = setUp();
    file.write(Buffer.concat([Buffer.from('a\n'), Buffer.from([0xff, 0xfe]), Buffer.from('b\n')]));
    await look();
    file.write('c\n');
    await look();
    expect(textOf(log)).toBe('a\n\ufffd\ufffdb\nc');
  });

  it('tells a failure, keeps what was read, and goes on after it', async () => {
    const { file, log, look } = setUp();
    file.write('kept\n');
    await look();
    file.problem = new Error('The store is gone.');
    file.write('later\n');
    await look();
    expect(log.error).toBe('The store is gone.');
    expect(textOf(log)).toBe('kept');
    file.problem = null;
    await look();
    expect(log.error).toBeNull();
    expect(textOf(log)).toBe('kept\nlater');
  });

  it('shows the file that was asked for last', async () => {
    const { file, log } = setUp();
    file.write('text\n');
    const first = log.show({ ...file.file, path: 'one.txt' });
    const second = log.show({ ...file.file, path: 'two.txt' });
    await Promise.all([first, second]);
    expect(log.path).toBe('two.txt');
    expect(textOf(log)).toBe('text');
  });

  it('knows the numbers of lines that were read from the start on', async () => {
    const { file, log, look } = setUp();
    const numbers = () => log.blocks.flatMap(block => block.rows.map(row => row.number));
    file.write('a\nb\n');
    await look();
    expect([log.isNumbered, numbers()]).toEqual([true, [0, 1]]);
    for (let round = 0; round < 10; round++) {
      file.write(`${'v'.repeat(79)}\n`.repeat(1_000));
      await look();
    }
    // Rows at the front have gone; the others keep their numbers.
    expect([log.isNumbered, log.start > 0, numbers().at(-1)]).toEqual([true, true, 10_001]);
    await log.loadEarlier();
    expect(log.isNumbered).toBe(log.start === 0);
  });

  it('knows no numbers where only the end was read, until the start is there', async () => {
    const { file, log, look } = setUp();
    file.write(`${'u'.repeat(79)}\n`.repeat(2_000));
    await look();
    expect(log.isNumbered).toBe(false);
    await log.loadEarlier();
    expect([log.isNumbered, log.start]).toEqual([true, 0]);
  });

  it('keeps blocks that can change no more the same objects', async () => {
    const { file, log, look } = setUp();
    file.write('line\n'.repeat(1_000));
    await look();
    const before = log.blocks;
    file.write('more\n');
    await look();
    expect(log.blocks[0]).toBe(before[0]);
    expect(log.blocks[log.blocks.length - 1]).not.toBe(before[before.length - 1]);
  });
});

describe('findMatches', () => {
  it('finds a text as it is, capital or not', async () => {
    const { file, log, look } = setUp();
    file.write('a.c abc A.C\n\x1b[31mA\x1b[0m.c\n');
    await look();
    const found = findMatches(log.blocks, 'a.c');
    expect(found.map(({ row, start, end }) => [row, start, end])).toEqual([
      [0, 0, 3],
      [0, 8, 11],
      [1, 0, 3]
    ]);
    expect(findMatches(log.blocks, '')).toEqual([]);
  });

  it.each(['a-b', '(x)', '[y]', '{z}', '\\', '/', '$', '^', '*', '+', '?', '|', '&&', '~', 'É'])(
    'finds %p as it stands',
    async wanted => {
      const { file, log, look } = setUp();
      file.write('a-b (x) [y] {z} \\ / $ ^ * + ? | && ~ é\n');
      await look();
      expect(findMatches(log.blocks, wanted)).toHaveLength(1);
    }
  );

  it('goes round in a ring', () => {
    expect([nextMatch(3, 2, 1), nextMatch(3, 0, -1), nextMatch(0, -1, 1)]).toEqual([0, 2, -1]);
  });
});

describe('utf8Length', () => {
  it.each(['', 'abc', 'ü', '€', '😀', 'a😀€ü'])('counts the bytes of %p', text => {
    expect(utf8Length(text)).toBe(Buffer.byteLength(text));
  });
});
