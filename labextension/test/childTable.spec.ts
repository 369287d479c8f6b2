import type { ApiClient, Schemas } from '../src/api/client';
import { Signal } from '@lumino/signaling';

import { ChildrenModel } from '../src/model/childrenModel';
import { ChildCurves } from '../src/model/childCurves';
import {
  cellOf,
  commonMetrics,
  countStatuses,
  filterChildren,
  placesOf,
  sortChildren,
  startsDescending
} from '../src/model/childTable';
import type { Child } from '../src/model/childTable';
import { goalOf, toldGoal } from '../src/model/goals';
import type { IRunPageModel } from '../src/model/runPageTypes';
import { bucketsOf } from './fakeRunPage';

function childOf(number: number, change: Partial<Child> = {}): Child {
  return {
    run_id: `run_${number}`,
    number,
    experiment_id: 'e',
    experiment_name: 'trial',
    status: 'Completed',
    created_at: number,
    started_at: number,
    ended_at: number + 10,
    last_seen_at: null,
    display_name: null,
    run_type: null,
    parent_run_id: 'parent',
    target: 'local',
    tags: {},
    user: null,
    notebook_path: null,
    error_message: null,
    archived_at: null,
    trashed_at: null,
    metrics: {},
    ...change
  };
}

const withLoss = (number: number, last: Schemas['Value']) =>
  childOf(number, { metrics: { loss: { last, low: 0, high: 0, count: 1 } } });
const numbers = (children: readonly Child[]) => children.map(child => child.number);

describe('sortChildren', () => {
  const children = [withLoss(1, 2), withLoss(2, { float: 'NaN' }), withLoss(3, 1), childOf(4), withLoss(5, 2)];

  it('has what is missing or NaN last in both directions, and equals by number', () => {
    expect(numbers(sortChildren(children, { metric: 'loss' }, false, 0))).toEqual([3, 1, 5, 2, 4]);
    expect(numbers(sortChildren(children, { metric: 'loss' }, true, 0))).toEqual([1, 5, 3, 2, 4]);
  });

  it('has names in their natural order', () => {
    const named = ['epoch 10', 'epoch 9', 'Alpha'].map((name, place) => childOf(place, { display_name: name }));
    expect(sortChildren(named, 'name', false, 0).map(child => child.display_name)).toEqual([
      'Alpha',
      'epoch 9',
      'epoch 10'
    ]);
  });

  it('has those without a number last in the order of numbers, and else as they were created', () => {
    const unnumbered = (id: string, created_at: number) => childOf(0, { run_id: id, created_at });
    const mixed = [childOf(2), unnumbered('late', 9), childOf(1), unnumbered('early', 3)];
    const ids = (found: readonly Child[]) => found.map(child => child.run_id);
    expect(ids(sortChildren(mixed, 'number', false, 0))).toEqual(['run_1', 'run_2', 'early', 'late']);
    expect(ids(sortChildren(mixed, 'number', true, 0))).toEqual(['run_2', 'run_1', 'early', 'late']);
    expect(ids(sortChildren(mixed, 'status', false, 0))).toEqual(['early', 'late', 'run_1', 'run_2']);
    expect(filterChildren([unnumbered('plain', 1)], '0')).toEqual([]);
    const { places, areNumbers } = placesOf(mixed);
    expect([areNumbers, places.get('early'), places.get('late'), places.get('run_2')]).toEqual([false, 1, 2, 4]);
    expect(placesOf([childOf(7), childOf(3)])).toEqual({
      places: new Map([
        ['run_3', 3],
        ['run_7', 7]
      ]),
      areNumbers: true
    });
  });

  it('knows how long a run has been going on', () => {
    const running = childOf(1, { started_at: 0, ended_at: null });
    expect(numbers(sortChildren([running, childOf(2)], 'duration', true, 1_000))).toEqual([1, 2]);
  });
});

describe('the best value', () => {
  const cell = (last: number, low: number, high: number) => ({ last, low, high, count: 3 });
  const children = [
    childOf(1, { metrics: { loss: cell(2, 0.5, 9), accuracy: cell(0.2, 0.1, 0.8) } }),
    childOf(2, { metrics: { loss: cell(1, 0.75, 3), accuracy: cell(0.6, 0.2, 0.7) } })
  ];

  it('is the lowest or the highest, as the name tells', () => {
    expect(children.map(child => cellOf(child, 'loss', 'best'))).toEqual([0.5, 0.75]);
    expect(children.map(child => cellOf(child, 'accuracy', 'best'))).toEqual([0.8, 0.7]);
    expect(children.map(child => cellOf(child, 'loss', 'last'))).toEqual([2, 1]);
    expect(cellOf(childOf(3), 'loss', 'best')).toBeUndefined();
  });

  it('comes first', () => {
    for (const metric of ['loss', 'accuracy']) {
      const sorted = sortChildren(children, { metric }, startsDescending({ metric }, 'best'), 0, 'best');
      expect(numbers(sorted)).toEqual([1, 2]);
    }
    expect(numbers(sortChildren(children, { metric: 'loss' }, false, 0, 'last'))).toEqual([2, 1]);
    expect(startsDescending({ metric: 'loss' }, 'high')).toBe(true);
  });

  it.each([
    ['val/accuracy', 'high'],
    ['valAccuracy', 'high'],
    ['top1_error', 'low'],
    ['accuracy loss', 'low'],
    ['grad_norm', null]
  ])('is told by the name %s: %s', (name, goal) => {
    expect(toldGoal(name)).toBe(goal);
    expect(goalOf(name)).toBe(goal ?? 'low');
  });
});

describe('filterChildren', () => {
  it('looks for all words in name, id, number, status and tags', () => {
    const children = [childOf(1, { tags: { fold: '3' }, status: 'Failed' }), childOf(2, { display_name: 'Fold best' })];
    expect(numbers(filterChildren(children, 'fold:3 failed'))).toEqual([1]);
    expect(numbers(filterChildren(children, 'FOLD'))).toEqual([1, 2]);
    expect(numbers(filterChildren(children, ' '))).toEqual([1, 2]);
  });
});

describe('countStatuses', () => {
  it('counts from the end of a life', () => {
    expect(countStatuses([childOf(1, { status: 'Running' }), childOf(2), childOf(3)])).toEqual([
      ['Completed', 2],
      ['Running', 1]
    ]);
  });
});

const summary = (name: string, count: number, low: number | null = 0) =>
  ({ name, column: null, kind: 'scalar', count, low, nonfinite_count: 0 }) as Schemas['Summary'];
const compared = (...summaries: Schemas['Summary'][]) => ({ summaries }) as Schemas['ComparedRun'];

describe('commonMetrics', () => {
  it('has metrics with a course first, then parameters, then rare ones; no texts', () => {
    expect(
      commonMetrics([
        compared(summary('lr', 1), summary('rare', 5), summary('loss', 9), summary('text', 3, null)),
        compared(summary('lr', 1), summary('loss', 9)),
        compared(summary('lr', 1), summary('loss', 9))
      ])
    ).toEqual(['loss', 'lr', 'rare']);
  });
});

describe('ChildCurves', () => {
  const counted = (number: number, count: number) =>
    childOf(number, { metrics: { loss: { last: 1, low: 0, high: 1, count } } });
  const point = { seq: 0, step: 0, at: 0, value: 1 };

  function setUp() {
    const asked: Schemas['EnvelopeRequest'][][] = [];
    const server = { problem: null as Error | null };
    const client = {
      readEnvelopes: (_: string, requests: Schemas['EnvelopeRequest'][]) => {
        asked.push(requests);
        return server.problem !== null
          ? Promise.reject(server.problem)
          : Promise.resolve({
              envelopes: requests.map(({ run_id, name }) =>
                run_id === 'run_9'
                  ? { run_id, name, column: null, buckets: null, error: 'It is damaged.' }
                  : { run_id, name, column: null, buckets: bucketsOf([point], 1), error: null }
              )
            });
      }
    } as unknown as ApiClient;
    return { asked, server, curves: new ChildCurves({ client, workspace: 'w' }) };
  }

  it('reads what there is more of, and nothing twice', async () => {
    const { asked, curves } = setUp();
    await curves.show([counted(1, 2), counted(2, 2), childOf(3)], 'loss');
    await curves.show([counted(1, 2), counted(2, 5)], 'loss');
    expect(asked.map(requests => requests.map(one => one.run_id))).toEqual([['run_1', 'run_2'], ['run_2']]);
    expect(curves.metricsOf('run_2').get('loss')?.columns.get(null)?.count).toBe(5);
    expect(curves.metricsOf('run_3').size).toBe(0);
    curves.dispose();
  });

  it('tells what cannot be read, asks no end for it, and draws the others', async () => {
    const { asked, server, curves } = setUp();
    await curves.show([counted(1, 2), counted(9, 2)], 'loss');
    expect([curves.error, asked.length, curves.metricsOf('run_1').size]).toEqual(['It is damaged.', 1, 1]);
    server.problem = new Error('The server is away.');
    await curves.show([counted(1, 3)], 'loss');
    expect(curves.error).toBe('The server is away.');
    expect(curves.metricsOf('run_1').size).toBe(1);
    server.problem = null;
    await curves.show([counted(1, 3)], 'loss');
    expect(curves.error).toBeNull();
    curves.dispose();
  });
});

class PageOfTests {
  readonly workspace = 'w';
  readonly runId = 'parent';
  children: ReadonlyMap<string, Child> = new Map();
  readonly changed = new Signal<IRunPageModel, void>(this as unknown as IRunPageModel);
  listed: Schemas['ListRequest'][] = [];
  readonly client = {
    compareRuns: (_: string, ids: readonly string[]) =>
      Promise.resolve({ missing: [], runs: ids.map(() => compared(summary('loss', 2), summary('acc', 2))) }),
    listRuns: (_: string, request: Schemas['ListRequest']) => {
      this.listed.push(request);
      const all = [...this.children.values()];
      const start = Number(request.page_token ?? 0);
      const runs = all.slice(start, start + 500).map(child => withLoss(child.number, child.number));
      const next = start + 500 < all.length ? String(start + 500) : null;
      return Promise.resolve({ runs, next_page_token: next, total: all.length, cursor: '' });
    }
  } as unknown as ApiClient;

  add(count: number): void {
    this.children = new Map(Array.from({ length: count }, (_, place) => [`run_${place}`, childOf(place)]));
    this.changed.emit();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) {
    await Promise.resolve();
  }
}

describe('ChildrenModel', () => {
  it('reads the values of all children, page by page', async () => {
    const page = new PageOfTests();
    const model = new ChildrenModel(page as unknown as IRunPageModel);
    page.add(1_000);
    await settle();
    expect(page.listed.map(one => one.page_token)).toEqual([null, '500']);
    expect(page.listed[0]?.query).toMatchObject({
      parent_run_id: 'parent',
      include_children: true,
      metrics: ['loss', 'acc']
    });
    expect(model.children).toHaveLength(1_000);
    expect(model.children[7]?.metrics['loss']?.last).toBe(7);
    model.dispose();
  });

  it('asks for nothing where there are no children', async () => {
    const page = new PageOfTests();
    const model = new ChildrenModel(page as unknown as IRunPageModel);
    await settle();
    expect(page.listed).toEqual([]);
    model.dispose();
  });

  it('asks again with the metrics that are chosen', async () => {
    const page = new PageOfTests();
    const model = new ChildrenModel(page as unknown as IRunPageModel);
    page.add(2);
    await settle();
    model.choose(['acc']);
    await settle();
    expect(page.listed[page.listed.length - 1]?.query.metrics).toEqual(['acc']);
    expect(model.metrics).toEqual(['acc']);
    model.dispose();
  });
});
