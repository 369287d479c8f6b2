import type { Schemas } from '../src/api/client';
import { drawMetric } from '../src/model/curves';
import { DEFAULT_SETTINGS } from '../src/model/runPageSettings';
import { advanceSeries, type MetricState } from '../src/model/series';
import { newsOf } from './fakeRunPage';

function metric(name: string, columns: Record<string, Schemas['Value'][]>): MetricState {
  const isRow = !('' in columns);
  const kind = isRow ? 'row' : 'scalar';
  return {
    name,
    kind,
    columns: new Map(
      Object.entries(columns).map(([column, values]) => {
        const key = isRow ? column : null;
        return [key, advanceSeries(undefined, { ...newsOf(name, values, { isOpening: true }), kind, column: key })];
      })
    )
  };
}

function draw(shown: MetricState, look: Partial<typeof DEFAULT_SETTINGS> = {}, others: MetricState[] = []) {
  return drawMetric(shown, {
    look: { ...DEFAULT_SETTINGS, ...look },
    metrics: new Map([shown, ...others].map(one => [one.name, one])),
    startedAt: 990
  });
}

describe('drawMetric', () => {
  it('breaks the line at NaN, and marks what is not finite where it happened', () => {
    const drawn = draw(metric('loss', { '': [3, { float: 'NaN' }, 1, { float: 'Infinity' }] }));
    expect(drawn.lines[0]?.ys).toEqual([3, null, 1, null]);
    expect(drawn.marks).toEqual([
      { x: 1, kind: 'nan' },
      { x: 3, kind: 'plus' }
    ]);
    expect(drawn.nonfiniteCount).toBe(2);
  });

  it('leaves out what a logarithmic axis has no place for, and counts it', () => {
    const drawn = draw(metric('loss', { '': [-1, 0, 1, 10] }), { isLogY: true });
    expect(drawn.lines[0]?.ys).toEqual([null, null, 1, 10]);
    expect(drawn.hiddenCount).toBe(2);
    const overX = draw(metric('loss', { '': [5, 6, 7] }), { isLogX: true });
    expect(overX.lines[0]?.xs).toEqual([1, 2]);
    expect(overX.hiddenCount).toBe(1);
  });

  it('is over time since the start, time of day, or another metric', () => {
    const loss = metric('loss', { '': [3, 2, 1] });
    expect(draw(loss, { xAxis: 'relative' }).lines[0]?.xs).toEqual([10, 11, 12]);
    expect(draw(loss, { xAxis: 'wall' }).lines[0]?.xs).toEqual([1_000, 1_001, 1_002]);
    const rate = metric('rate', { '': [0.1, 0.2] });
    const drawn = draw(loss, { xAxis: 'metric', xMetric: 'rate' }, [rate]);
    expect(drawn.lines[0]?.xs).toEqual([0.1, 0.2, 0.2]); // of the last step, the newest before
    expect(draw(loss, { xAxis: 'metric', xMetric: 'gone' }).axis.kind).toBe('step');
  });

  it('draws rows of two numbers as the second over the first, and never smooths them', () => {
    const drawn = draw(metric('roc', { fpr: [0, 0.5, 0.2], tpr: [0, 1, 0.7] }), { smoothing: 0.9 });
    expect(drawn.lines).toHaveLength(1);
    expect(drawn.lines[0]?.xs).toEqual([0, 0.5, 0.2]);
    expect(drawn.lines[0]?.ys).toEqual([0, 1, 0.7]);
    expect(drawn.raw).toHaveLength(0);
    expect(drawn.yName).toBe('tpr');
  });

  it('says of a long series how much of it is drawn', () => {
    const values = Array.from({ length: 5_000 }, (_, place) => Math.sin(place));
    const drawn = draw(metric('loss', { '': values }), { smoothing: 0.5 });
    expect(drawn.numberCount).toBe(5_000);
    expect(drawn.drawnCount).toBeLessThanOrEqual(2_000);
    expect(drawn.isExact).toBe(false);
    expect(drawn.isSmoothingRough).toBe(true);
    expect(drawn.lines[0]?.xs.length).toBeLessThanOrEqual(2_002);
    expect(drawn.raw).toHaveLength(1);
  });
});
