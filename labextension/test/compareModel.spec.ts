import type { ApiClient, Schemas } from '../src/api/client';
import { colorPlaces } from '../src/model/compareColors';
import { comparedLines } from '../src/model/compareLines';
import { CompareModel } from '../src/model/compareModel';

const RUN: Schemas['Run'] = {
  run_id: '',
  number: 1,
  experiment_id: 'e',
  experiment_name: 'trial',
  status: 'Running',
  created_at: 100,
  started_at: 100,
  ended_at: null,
  last_seen_at: null,
  display_name: null,
  run_type: null,
  parent_run_id: null,
  target: 'local',
  tags: {},
  archived_at: null,
  trashed_at: null,
  description: null,
  root_run_id: '',
  error: null,
  properties: {}
};

/** Answers as the server does, for runs whose metrics are lists of numbers. */
class ServerOfTests {
  runs = new Map<string, { status: Schemas['Status']; metrics: Record<string, number[]> }>();
  compareCount = 0;
  envelopeRequests: Schemas['EnvelopeRequest'][][] = [];
  problem: Error | null = null;
  /** Why series are not read, of all requests and of those of one run. */
  seriesProblem: Error | null = null;
  readonly unreadable = new Map<string, string>();

  compareRuns = (_: string, ids: readonly string[]): Promise<Schemas['Comparison']> => {
    this.compareCount++;
    if (this.problem !== null) {
      return Promise.reject(this.problem);
    }
    const known = ids.filter(id => this.runs.has(id));
    return Promise.resolve({
      missing: ids.filter(id => !this.runs.has(id)),
      runs: known.map(id => ({
        run: { ...RUN, run_id: id, status: this.runs.get(id)?.status ?? 'Running' },
        parameters: {},
        images: [],
        summaries: Object.entries(this.runs.get(id)?.metrics ?? {}).map(([name, values]) => summaryOf(name, values))
      }))
    });
  };

  readEnvelopes = (_: string, requests: readonly Schemas['EnvelopeRequest'][]): Promise<Schemas['Envelopes']> => {
    this.envelopeRequests.push([...requests]);
    if (this.seriesProblem !== null) {
      return Promise.reject(this.seriesProblem);
    }
    return Promise.resolve({
      envelopes: requests.map(({ run_id, name }) => {
        const error = this.unreadable.get(run_id) ?? null;
        const values = this.runs.get(run_id)?.metrics[name] ?? [];
        return { run_id, name, column: null, error, buckets: error === null ? bucketsOf(values) : null };
      })
    });
  };

  get client(): ApiClient {
    return this as unknown as ApiClient;
  }
}

function summaryOf(name: string, values: readonly number[]): Schemas['Summary'] {
  return {
    name,
    column: null,
    kind: 'scalar',
    description: '',
    count: values.length,
    first: values[0] ?? null,
    last: values[values.length - 1] ?? null,
    low: Math.min(...values),
    high: Math.max(...values),
    nonfinite_count: 0,
    last_step: values.length - 1,
    last_logged_at: 100
  };
}

function bucketsOf(values: readonly number[]): Schemas['Buckets'] {
  const places = values.map((_, place) => place);
  const zeros = values.map(() => 0);
  const times = places.map(place => 100 + place);
  return {
    count: values.map(() => 1),
    first_seq: places,
    last_seq: places,
    first_step: places,
    last_step: places,
    low_step: places,
    high_step: places,
    first_logged_at: times,
    last_logged_at: times,
    first: [...values],
    last: [...values],
    low: [...values],
    high: [...values],
    nan_count: zeros,
    plus_count: zeros,
    minus_count: zeros
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
  }
}

function setUp(runs: Record<string, Record<string, number[]>>, status: Schemas['Status'] = 'Running') {
  const server = new ServerOfTests();
  for (const [id, metrics] of Object.entries(runs)) {
    server.runs.set(id, { status, metrics });
  }
  const model = new CompareModel({ client: server.client, workspace: 'w', runIds: Object.keys(runs) });
  return { server, model };
}

describe('CompareModel', () => {
  it('reads series once they are wanted, together, and again when there is more', async () => {
    const { server, model } = setUp({ a: { loss: [3, 2], once: [1] }, b: { loss: [4, 1] } });
    await model.refresh();
    expect(model.metricNames).toEqual(['loss']);
    expect(server.envelopeRequests).toEqual([]);
    model.want('loss');
    await settle();
    expect(server.envelopeRequests.map(requests => requests.map(one => one.run_id))).toEqual([['a', 'b']]);
    await model.refresh();
    expect(server.envelopeRequests).toHaveLength(1);
    server.runs.get('a')?.metrics['loss']?.push(1);
    await model.refresh();
    expect(server.envelopeRequests[1]?.map(one => one.run_id)).toEqual(['a']);
    const lines = comparedLines(model, ['loss']);
    expect(lines.map(line => [line.runId, line.curve.ys])).toEqual([
      ['a', [3, 2, 1]],
      ['b', [4, 1]]
    ]);
    model.dispose();
  });

  it('asks for no more series at once than the server reads', async () => {
    const runs = Object.fromEntries(
      Array.from({ length: 50 }, (_, place) => [`r${place}`, { x: [1, 2], y: [1, 2], z: [1, 2] }])
    );
    const { server, model } = setUp(runs);
    await model.refresh();
    ['x', 'y', 'z'].forEach(name => {
      model.want(name);
    });
    await settle();
    expect(server.envelopeRequests.map(requests => requests.length)).toEqual([100, 50]);
    const buckets = server.envelopeRequests[0]?.[0]?.max_buckets ?? 0;
    expect(buckets * 50).toBeLessThanOrEqual(12_050);
    model.dispose();
  });

  it('leaves hidden runs out of the charts and draws several metrics together', async () => {
    const { model } = setUp({ a: { x: [1, 2], y: [5, 6] }, b: { x: [3, 4] } });
    await model.refresh();
    model.want('x');
    model.want('y');
    await settle();
    expect(comparedLines(model, ['x', 'y']).map(line => [line.label, line.place])).toEqual([
      ['a · x', 0],
      ['a · y', 1],
      ['b · x', 0]
    ]);
    model.setSettings({ hidden: ['a'] });
    expect(comparedLines(model, ['x', 'y']).map(line => line.runId)).toEqual(['b']);
    model.dispose();
  });

  it('draws one metric over another', async () => {
    const { model } = setUp({ a: { loss: [3, 2], epoch: [10, 20] } });
    await model.refresh();
    model.want('loss');
    model.setSettings({ xAxis: 'metric', xMetric: 'epoch' });
    await settle();
    expect(comparedLines(model, ['loss'])[0]?.curve.xs).toEqual([10, 20]);
    model.dispose();
  });

  it('has settled after the look that follows the end', async () => {
    const { server, model } = setUp({ a: { x: [1, 2] } });
    await model.refresh();
    server.runs.set('a', { status: 'Completed', metrics: { x: [1, 2, 3] } });
    await model.refresh();
    expect(model.hasSettled).toBe(false);
    await model.refresh();
    expect(model.hasSettled).toBe(true);
    model.dispose();
  });

  it('tells a failure and keeps what was known', async () => {
    const { server, model } = setUp({ a: {}, b: {} });
    await model.refresh();
    server.problem = new Error('The server is away.');
    await expect(model.refresh()).rejects.toThrow('away');
    expect(model.error).toBe('The server is away.');
    expect(model.runs).toHaveLength(2);
    server.problem = null;
    await model.refresh();
    expect(model.error).toBeNull();
    model.dispose();
  });

  it('tells why a series could not be read until it is', async () => {
    const { server, model } = setUp({ a: { x: [1, 2] }, b: { x: [3, 4] } });
    server.unreadable.set('b', 'The block is damaged.');
    await model.refresh();
    model.want('x');
    await settle();
    expect(model.seriesError).toBe('The block is damaged.');
    await expect(model.readRange('b', 'x', 0, 1)).rejects.toThrow('damaged');
    await model.refresh();
    expect(model.seriesError).toBe('The block is damaged.');
    expect(comparedLines(model, ['x']).map(line => line.runId)).toEqual(['a']);
    server.unreadable.clear();
    server.runs.get('b')?.metrics['x']?.push(5);
    await model.refresh();
    expect(model.seriesError).toBeNull();
    expect(comparedLines(model, ['x']).map(line => line.runId)).toEqual(['a', 'b']);
    model.dispose();
  });

  it('names the runs that are not there', async () => {
    const { server, model } = setUp({ a: {}, b: {} });
    server.runs.delete('b');
    await model.refresh();
    expect(model.missing).toEqual(['b']);
    model.dispose();
  });

  it('compares each run once, and fifty at most', () => {
    const ids = Array.from({ length: 80 }, (_, place) => `r${Math.floor(place / 2)}`);
    const { server } = setUp({});
    const twice = new CompareModel({ client: server.client, workspace: 'w', runIds: ids });
    expect(twice.runIds).toHaveLength(40);
    const many = new CompareModel({
      client: server.client,
      workspace: 'w',
      runIds: Array.from({ length: 80 }, (_, place) => `r${place}`)
    });
    expect(many.runIds).toHaveLength(50);
    expect([twice.leftOutCount, many.leftOutCount]).toEqual([0, 30]);
    twice.dispose();
    many.dispose();
  });
});

describe('CompareModel by itself', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('waits 15 seconds at most, however long the server is away', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.999); // the longest of the pauses that a poll may draw
    const { server, model } = setUp({ a: {}, b: {} });
    server.problem = new Error('The server is away.');
    model.setVisible(true);
    await jest.advanceTimersByTimeAsync(600_000);
    const asked = server.compareCount;
    await jest.advanceTimersByTimeAsync(150_000);
    expect(server.compareCount - asked).toBeGreaterThanOrEqual(10);
    model.dispose();
  });

  it('asks at once after an outage when there is a reason', async () => {
    for (const wake of [
      () => window.dispatchEvent(new Event('online')),
      () => document.dispatchEvent(new Event('visibilitychange'))
    ]) {
      const { server, model } = setUp({ a: {}, b: {} });
      model.setVisible(true);
      await jest.advanceTimersByTimeAsync(10_000);
      server.problem = new Error('The server is away.');
      await jest.advanceTimersByTimeAsync(600_000);
      expect(model.error).not.toBeNull();
      server.problem = null;
      wake();
      await jest.advanceTimersByTimeAsync(10);
      expect(model.error).toBeNull();
      model.dispose();
    }
  });

  it('asks nothing while the browser tab is hidden', async () => {
    const { server, model } = setUp({ a: {}, b: {} });
    model.setVisible(true);
    await jest.advanceTimersByTimeAsync(10);
    const hidden = jest.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    const asked = server.compareCount;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(server.compareCount).toBe(asked);
    hidden.mockReturnValue(false);
    document.dispatchEvent(new Event('visibilitychange'));
    await jest.advanceTimersByTimeAsync(10);
    expect(server.compareCount).toBe(asked + 1);
    model.dispose();
  });

  it('asks again for series that got no answer, also of runs that have ended', async () => {
    const { server, model } = setUp({ a: { x: [1, 2] } }, 'Completed');
    model.setVisible(true);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(model.hasSettled).toBe(true);
    server.seriesProblem = new Error('The server is away.');
    model.want('x');
    await jest.advanceTimersByTimeAsync(10);
    expect(model.seriesError).toBe('The server is away.');
    server.seriesProblem = null;
    await jest.advanceTimersByTimeAsync(15_100);
    expect(model.seriesError).toBeNull();
    expect(comparedLines(model, ['x'])).toHaveLength(1);
    const asked = server.compareCount;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(server.compareCount).toBe(asked);
    model.dispose();
  });
});

describe('colorPlaces', () => {
  it('gives every run a place of its own, and each run the same one alone or first', () => {
    const ids = Array.from({ length: 50 }, (_, place) => `run_${place}`);
    const places = colorPlaces(ids);
    expect(new Set(places.values()).size).toBe(50);
    ids.slice(0, 5).forEach(id => {
      expect(colorPlaces([id]).get(id)).toBe(colorPlaces([id, 'other']).get(id));
    });
    expect(places.get('run_0')).toBe(colorPlaces(['run_0']).get('run_0'));
  });
});
