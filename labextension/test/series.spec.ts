import { appendPoints, corners, isExact, NO_BUCKETS, putInto, type Point } from '../src/model/buckets';
import { advanceSeries, cardKind, nonfiniteCountOf, numberCount, type MetricState } from '../src/model/series';
import { bucketsOf, newsOf } from './fakeRunPage';

function points(count: number, value: (place: number) => number = place => place): Point[] {
  return Array.from({ length: count }, (_, place) => ({
    seq: place,
    step: place * 10,
    at: 1000 + place,
    value: value(place)
  }));
}

describe('appendPoints', () => {
  it('keeps each number while there is room', () => {
    const table = appendPoints(NO_BUCKETS, points(1_000));
    expect(table.rows).toHaveLength(1_000);
    expect(isExact(table.rows)).toBe(true);
  });

  it('holds a bound however many come, and loses no number and no extreme', () => {
    let table = NO_BUCKETS;
    const all = points(50_000, place => (place === 33_333 ? 1e6 : Math.sin(place)));
    for (let start = 0; start < all.length; start += 777) {
      table = appendPoints(table, all.slice(start, start + 777));
      expect(table.rows.length).toBeLessThanOrEqual(1_000);
    }
    expect(table.rows.reduce((sum, row) => sum + row.count, 0)).toBe(50_000);
    expect(Math.max(...table.rows.map(row => row.high))).toBe(1e6);
    expect(table.rows[0]?.firstSeq).toBe(0);
    expect(table.rows[table.rows.length - 1]?.lastSeq).toBe(49_999);
    table.rows.forEach((row, place) => {
      expect(row.firstSeq).toBe((table.rows[place - 1]?.lastSeq ?? -1) + 1);
    });
  });

  it('counts what is not finite apart, and takes it for no extreme', () => {
    const table = appendPoints(
      NO_BUCKETS,
      points(4_000, place => (place % 2 === 0 ? NaN : place === 1 ? Infinity : place === 3 ? -Infinity : 5))
    );
    expect(table.rows.reduce((sum, row) => sum + row.nanCount, 0)).toBe(2_000);
    expect(table.rows.reduce((sum, row) => sum + row.plusCount, 0)).toBe(1);
    expect(table.rows.reduce((sum, row) => sum + row.minusCount, 0)).toBe(1);
    const known = table.rows.filter(row => !Number.isNaN(row.low));
    expect(known.every(row => row.low === 5 && row.high === 5)).toBe(true);
  });
});

describe('corners', () => {
  it('draws a spike, and begins and ends with what was logged first and last', () => {
    const table = appendPoints(
      NO_BUCKETS,
      points(10_000, place => (place === 5_000 ? 99 : 1))
    );
    const drawn = corners(table.rows);
    expect(drawn.length).toBeLessThanOrEqual(2 * table.rows.length + 2);
    expect(Math.max(...drawn.map(point => point.value))).toBe(99);
    expect(drawn[0]?.seq).toBe(0);
    expect(drawn[drawn.length - 1]?.seq).toBe(9_999);
  });
});

describe('putInto', () => {
  it('puts exact numbers in the place of a stretch, and keeps the ends of those cut in part', () => {
    const overview = appendPoints(NO_BUCKETS, points(4_000)).rows; // four numbers a bucket
    const detail = appendPoints(NO_BUCKETS, points(4_000).slice(1_001, 1_011)).rows;
    const merged = putInto(overview, detail);
    expect(merged.filter(row => row.count === 1 && row.firstSeq >= 1_001 && row.firstSeq <= 1_010)).toHaveLength(10);
    expect(merged.map(row => row.firstSeq)).toEqual([...merged.map(row => row.firstSeq)].sort((a, b) => a - b));
    expect(merged.some(row => row.count === 1 && row.firstSeq === 1_000)).toBe(true);
  });
});

describe('advanceSeries', () => {
  it('goes on from what was known', () => {
    const first = advanceSeries(undefined, newsOf('loss', [3, 2], { isOpening: true }));
    const second = advanceSeries(first, newsOf('loss', [1], { firstSeq: 2 }));
    expect(second.count).toBe(3);
    expect(second.last).toBe(1);
    expect(second.lastStep).toBe(2);
    expect(second.table.rows.map(row => row.first)).toEqual([3, 2, 1]);
  });

  it('forgets all that was known when the series is opened again', () => {
    const first = advanceSeries(undefined, newsOf('loss', [3, 2], { isOpening: true }));
    const second = advanceSeries(first, newsOf('loss', [7], { isOpening: true }));
    expect(second.count).toBe(1);
    expect(second.table.rows.map(row => row.first)).toEqual([7]);
  });

  it('takes buckets for the long past, and numbers after them', () => {
    const news = newsOf('loss', [8], { isOpening: true, firstSeq: 2_000, count: 2_001 });
    const series = advanceSeries(undefined, { ...news, buckets: bucketsOf(points(2_000), 4) });
    expect(numberCount(series)).toBe(2_001);
    expect(series.table.rows).toHaveLength(501);
    expect(series.last).toBe(8);
  });

  it('is at the step of the point written last, also where the newest text beside the buckets is older', () => {
    const news = newsOf('loss', ['old text'], { isOpening: true, firstSeq: 17, count: 2_001 });
    const summary = { ...(news.summary as NonNullable<typeof news.summary>), last: 8, last_step: 2_000 };
    const opened = advanceSeries(undefined, { ...news, summary, buckets: bucketsOf(points(2_000), 4) });
    expect([opened.last, opened.lastStep]).toEqual([8, 2_000]);
    expect(advanceSeries(opened, newsOf('loss', [7], { firstSeq: 2_001 })).lastStep).toBe(2_001);
    expect(advanceSeries(opened, newsOf('loss', [])).lastStep).toBe(2_000);
  });

  it('knows integers and infinities that JSON cannot write', () => {
    const series = advanceSeries(
      undefined,
      newsOf('x', [{ integer: '36893488147419103232' }, { float: 'NaN' }, { float: '-Infinity' }, 'text', null, true], {
        isOpening: true
      })
    );
    expect(series.count).toBe(6);
    expect(numberCount(series)).toBe(3);
    expect(nonfiniteCountOf(series)).toBe(2);
    expect(series.table.rows[0]?.first).toBe(2 ** 65);
  });
});

describe('cardKind', () => {
  function metric(kind: MetricState['kind'], columns: Record<string, (number | string)[]>): MetricState {
    return {
      name: 'm',
      kind,
      columns: new Map(
        Object.entries(columns).map(([column, values]) => {
          const key = column === '' ? null : column;
          return [key, advanceSeries(undefined, { ...newsOf('m', values, { isOpening: true }), kind, column: key })];
        })
      )
    };
  }

  it.each([
    ['value', metric('scalar', { '': [1] })],
    ['value', metric('scalar', { '': [] })],
    ['line', metric('scalar', { '': [1, 2] })],
    ['table', metric('scalar', { '': ['a', 'b'] })],
    ['line', metric('row', { a: [1, 2], b: [3, 4] })],
    ['table', metric('row', { a: ['x', 'y'], b: [3, 4] })],
    ['table', metric('row', { a: [1], b: [3] })],
    ['image', metric('image', { '': ['p.png'] })],
    ['document', metric('residuals', { '': ['r.json'] })]
  ])('shows it as %s', (kind, shown) => {
    expect(cardKind(shown)).toBe(kind);
  });
});
