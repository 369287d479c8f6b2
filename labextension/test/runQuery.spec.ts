import { compareRuns, DEFAULT_SETTINGS, hasEnded, isTree, readSettings, toQuery } from '../src/model/runQuery';
import type { ListSettings } from '../src/model/runQuery';
import { makeRun } from './fakeRuns';

const settings = (change: Partial<ListSettings>): ListSettings => ({ ...DEFAULT_SETTINGS, ...change });

describe('what is asked of the server', () => {
  it('says nothing of what is not wanted', () => {
    const query = toQuery(DEFAULT_SETTINGS, { metric: null });

    expect(query).toEqual({ view: 'active', order: { by: 'created', is_descending: true } });
  });

  it('has every status of a group', () => {
    const query = toQuery(settings({ groups: ['running', 'failed'] }), { metric: null });

    expect(query.statuses).toEqual(['Running', 'Finalizing', 'CancelRequested', 'NotResponding', 'Failed']);
  });

  it('names each metric that is shown or ordered by, once', () => {
    const shown = settings({
      order: { by: 'metric', metric: 'loss', of: 'low', is_descending: false },
      columns: [
        { kind: 'metric', name: 'accuracy', of: 'high' },
        { kind: 'metric', name: 'loss', of: 'low' }
      ]
    });

    expect(toQuery(shown, { metric: 'loss' }).metrics).toEqual(['loss', 'accuracy']);
  });

  it('orders by time until a metric is chosen', () => {
    const order = { by: 'metric', metric: null, of: 'last', is_descending: false } as const;

    expect(toQuery(settings({ order }), { metric: null }).order).toEqual({ by: 'created', is_descending: true });
  });

  it('asks for a notebook only in its scope', () => {
    const options = { metric: null, notebook: 'a/b.ipynb' };

    expect(toQuery(settings({ scope: 'notebook' }), options).notebook).toBe('a/b.ipynb');
    expect(toQuery(settings({ scope: 'all' }), options).notebook).toBeUndefined();
  });
});

describe('order', () => {
  const byLoss = settings({ order: { by: 'metric', metric: 'loss', of: 'last', is_descending: true } });
  const withLoss = (number: number, last: number): ReturnType<typeof makeRun> =>
    makeRun(number, { metrics: { loss: { last, low: last, high: last, count: 1 } } });

  it('has the newest on top', () => {
    expect(compareRuns(makeRun(2), makeRun(1), DEFAULT_SETTINGS, 0)).toBeLessThan(0);
  });

  it('has runs without the metric at the end, in either direction', () => {
    const ascending = settings({ order: { ...byLoss.order, is_descending: false } });

    expect(compareRuns(makeRun(2), withLoss(1, 0.5), byLoss, 0)).toBeGreaterThan(0);
    expect(compareRuns(makeRun(2), withLoss(1, 0.5), ascending, 0)).toBeGreaterThan(0);
    expect(compareRuns(withLoss(1, 0.5), withLoss(2, 0.25), byLoss, 0)).toBeLessThan(0);
  });

  it('has running ones on top only if that is wanted', () => {
    const running = makeRun(1, { status: 'Running', ended_at: null });

    expect(compareRuns(running, makeRun(2), settings({ runningFirst: true }), 0)).toBeLessThan(0);
    expect(compareRuns(running, makeRun(2), DEFAULT_SETTINGS, 0)).toBeGreaterThan(0);
  });
});

describe('settings that were kept', () => {
  it('come back as they were', () => {
    const kept = settings({
      workspace: 'w',
      scope: 'notebook',
      search: 'loss < 1',
      groups: ['failed'],
      view: 'archived',
      runningFirst: true,
      order: { by: 'metric', metric: 'loss', of: 'high', is_descending: false },
      columns: [
        { kind: 'field', key: 'user' },
        { kind: 'metric', name: 'val "loss"', of: 'low' }
      ],
      metric: { kind: 'named', name: 'loss' }
    });

    expect(readSettings(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
  });

  it.each([null, 'text', 7, [], {}, { scope: 'moon', columns: 'no', order: { by: 3 }, groups: [1], metric: 'x' }])(
    'are as by default where they are not understood: %j',
    value => {
      expect(readSettings(value)).toEqual(DEFAULT_SETTINGS);
    }
  );
});

it('shows a tree only where its counts are true', () => {
  expect(isTree(settings({ scope: 'experiments' }))).toBe(true);
  expect(isTree(settings({ scope: 'experiments', search: 'x' }))).toBe(false);
  expect(isTree(settings({ scope: 'experiments', view: 'trash' }))).toBe(false);
  expect(isTree(settings({ scope: 'all' }))).toBe(false);
});

it('knows which statuses are final', () => {
  expect(['Completed', 'Failed', 'Canceled'].every(status => hasEnded(status as 'Failed'))).toBe(true);
  expect(hasEnded('NotResponding')).toBe(false);
});
