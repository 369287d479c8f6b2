import { ApiClient, ApiError, type Schemas } from '../src/api/client';
import { RunPageModel } from '../src/model/runPageModel';
import { numberCount } from '../src/model/series';
import { bucketsOf, changes, newsOf, runReply } from './fakeRunPage';

type Answer = () => Schemas['Changes'];

/** A server in memory: answers questions in turn, and the last one for ever. */
class FakeClient extends ApiClient {
  readonly cursors: (string | null)[] = [];

  constructor(private readonly _answers: Answer[]) {
    super();
  }

  override getRun(): Promise<Schemas['RunReply']> {
    return Promise.resolve(runReply());
  }

  override getChanges(_workspace: string, _runId: string, cursor: string | null): Promise<Schemas['Changes']> {
    this.cursors.push(cursor);
    const answer = this._answers.length > 1 ? this._answers.shift() : this._answers[0];
    return Promise.resolve().then(() => (answer as Answer)());
  }
}

function refuse(status: number, code: string): Answer {
  return () => {
    throw new ApiError('no', status, code);
  };
}

async function pass(milliseconds: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(milliseconds);
}

function follow(...answers: Answer[]): { model: RunPageModel; client: FakeClient } {
  const client = new FakeClient(answers);
  const model = new RunPageModel({ client, workspace: 'w', runId: 'run-1', intervalMs: 1_000 });
  model.isVisible = true;
  return { model, client };
}

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('RunPageModel', () => {
  it('asks from the cursor of the last answer, and keeps what did not change', async () => {
    const { model, client } = follow(
      () =>
        changes({
          cursor: 'c1',
          metrics: [newsOf('a', [1], { isOpening: true }), newsOf('b', [1], { isOpening: true })]
        }),
      () => changes({ cursor: 'c2', metrics: [newsOf('a', [2], { firstSeq: 1 })] }),
      () => changes({ cursor: 'c3' })
    );
    await pass(10);
    const { a, b } = Object.fromEntries(model.metrics);
    await pass(1_100);
    expect(client.cursors.slice(0, 2)).toEqual([null, 'c1']);
    expect(model.metrics.get('b')).toBe(b);
    expect(model.metrics.get('a')).not.toBe(a);
    expect(model.series.get('["a",null]')?.count).toBe(2);
    model.dispose();
  });

  it('opens one series again and lets the others go on, with the one cursor of the run', async () => {
    const past = Array.from({ length: 2_000 }, (_, place) => ({ seq: place, step: place, at: place, value: place }));
    const long = newsOf('a', [9], { isOpening: true, firstSeq: 2_000, count: 2_001 });
    const { model, client } = follow(
      () =>
        changes({
          cursor: 'c1',
          metrics: ['a', 'b', 'c'].map(name => newsOf(name, [1], { isOpening: true }))
        }),
      () =>
        changes({
          cursor: 'c2',
          metrics: [{ ...long, buckets: bucketsOf(past, 4) }, newsOf('b', [2], { firstSeq: 1 })]
        }),
      () => changes({ cursor: 'c3', metrics: [newsOf('a', [8], { firstSeq: 2_001 })] })
    );
    await pass(10);
    const { c } = Object.fromEntries(model.metrics);
    await pass(2_100);
    expect(client.cursors.slice(0, 3)).toEqual([null, 'c1', 'c2']);
    const a = model.series.get('["a",null]');
    expect([a?.count, a && numberCount(a), a?.last]).toEqual([2_002, 2_002, 8]);
    expect(model.series.get('["b",null]')?.table.rows.map(row => row.first)).toEqual([1, 2]);
    expect(model.metrics.get('c')).toBe(c);
    model.dispose();
  });

  it('asks nothing while it is not seen or paused, and at once afterwards', async () => {
    const { model, client } = follow(() => changes());
    await pass(10);
    const seen = client.cursors.length;
    model.isVisible = false;
    await pass(60_000);
    expect(client.cursors).toHaveLength(seen);
    model.isVisible = true;
    await pass(10);
    expect(client.cursors.length).toBeGreaterThan(seen);
    model.setSettings({ isPaused: true });
    await pass(10);
    const paused = client.cursors.length;
    await pass(60_000);
    expect(client.cursors).toHaveLength(paused);
    await model.refresh();
    expect(client.cursors).toHaveLength(paused + 1);
    model.dispose();
  });

  it('stops when the run has ended, one look after it', async () => {
    const { model, client } = follow(() => changes({ run: runReply({ status: 'Completed' }).run }));
    await pass(60_000);
    expect(client.cursors).toHaveLength(2);
    expect(model.reply?.run.status).toBe('Completed');
    model.dispose();
  });

  it('asks again at once while there is more to read, also of a run that has ended', async () => {
    const ended = runReply({ status: 'Completed' }).run;
    const { model, client } = follow(
      () => changes({ cursor: 'c1', run: ended, metrics: [newsOf('a', [1], { isOpening: true })], has_more: true }),
      () => changes({ cursor: 'c2', metrics: [newsOf('a', [2], { firstSeq: 1 })], has_more: true }),
      () => changes({ cursor: 'c3', metrics: [newsOf('a', [3], { firstSeq: 2 })], has_more: true }),
      () => changes({ cursor: 'c4', metrics: [newsOf('a', [4], { firstSeq: 3 })] })
    );
    const told: boolean[] = [];
    model.changed.connect(() => told.push(model.hasMore));
    await pass(100); // a tenth of the interval
    expect(client.cursors).toEqual([null, 'c1', 'c2', 'c3']);
    expect(told).toEqual([true, true, true, false]);
    expect(model.series.get('["a",null]')?.count).toBe(4);
    await pass(60_000);
    expect(client.cursors).toHaveLength(4);
    model.dispose();
  });

  it('does not read on while it is paused', async () => {
    const { model, client } = follow(() => changes({ has_more: true }));
    model.setSettings({ isPaused: true });
    await model.refresh();
    const before = client.cursors.length;
    await pass(60_000);
    expect(client.cursors).toHaveLength(before);
    expect(model.hasMore).toBe(true);
    model.dispose();
  });

  it('tells why there is no answer, keeps what was known, and asks less often', async () => {
    const { model, client } = follow(
      () => changes({ metrics: [newsOf('a', [1], { isOpening: true })] }),
      refuse(0, 'NoAnswer')
    );
    await pass(1_100);
    expect(model.error).toBe('no');
    expect(model.isMissing).toBe(false);
    expect(model.metrics.size).toBe(1);
    const before = client.cursors.length;
    await pass(60_000);
    expect(client.cursors.length - before).toBeLessThan(20); // 60 without backing off
    model.dispose();
  });

  it('comes back when the server does', async () => {
    const { model } = follow(
      () => changes(),
      refuse(0, 'NoAnswer'),
      () => changes()
    );
    await pass(1_100);
    expect(model.error).toBe('no');
    await pass(30_000);
    expect(model.error).toBeNull();
    model.dispose();
  });

  it('waits 15 seconds at most, however long the server is away', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.999); // the longest of the pauses that a poll may draw
    const { model, client } = follow(refuse(0, 'NoAnswer'));
    await pass(600_000);
    const asked = client.cursors.length;
    await pass(150_000);
    expect(client.cursors.length - asked).toBeGreaterThanOrEqual(10);
    model.dispose();
  });

  it('asks at once after an outage when there is a reason', async () => {
    for (const wake of [
      () => window.dispatchEvent(new Event('online')),
      () => document.dispatchEvent(new Event('visibilitychange'))
    ]) {
      let isAway = false;
      const { model } = follow(() => (isAway ? refuse(0, 'NoAnswer')() : changes()));
      await pass(1_100);
      isAway = true;
      await pass(600_000);
      expect(model.error).toBe('no');
      isAway = false;
      wake();
      await pass(10);
      expect(model.error).toBeNull();
      model.dispose();
    }
  });

  it('asks nothing while the browser tab is hidden', async () => {
    const { model, client } = follow(() => changes());
    await pass(10);
    const hidden = jest.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    const seen = client.cursors.length;
    await pass(60_000);
    window.dispatchEvent(new Event('online'));
    await pass(10);
    expect(client.cursors).toHaveLength(seen);
    hidden.mockReturnValue(false);
    document.dispatchEvent(new Event('visibilitychange'));
    await pass(10);
    expect(client.cursors).toHaveLength(seen + 1);
    model.dispose();
  });

  it('goes on asking where the workspace is not there: it may come back with its disk', async () => {
    const { model } = follow(
      () => changes(),
      refuse(404, 'WorkspaceNotFound'),
      () => changes()
    );
    await pass(1_100);
    expect(model.error).toBe('no');
    expect(model.isMissing).toBe(false);
    await pass(30_000);
    expect(model.error).toBeNull();
    model.dispose();
  });

  it('stops asking for a run that is not there', async () => {
    const { model, client } = follow(refuse(404, 'RunNotFound'));
    await pass(120_000);
    expect(model.isMissing).toBe(true);
    expect(client.cursors.length).toBeLessThanOrEqual(2);
    model.dispose();
  });

  it('begins again where the cursor is no longer known', async () => {
    const { model, client } = follow(
      () => changes(),
      refuse(400, 'BadCursor'),
      () => changes({ cursor: 'new' })
    );
    await pass(60_000);
    expect(client.cursors.slice(0, 3)).toEqual([null, 'c1', null]);
    model.dispose();
  });

  it('is silent once it is disposed', async () => {
    const { model, client } = follow(() => changes());
    await pass(10);
    model.dispose();
    model.dispose();
    const asked = client.cursors.length;
    window.dispatchEvent(new Event('online'));
    document.dispatchEvent(new Event('visibilitychange'));
    await pass(60_000);
    expect(client.cursors).toHaveLength(asked);
  });
});
