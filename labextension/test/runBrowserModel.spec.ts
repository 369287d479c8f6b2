import { ApiError } from '../src/api/client';
import { RunBrowserModel } from '../src/model/runBrowserModel';
import { DEFAULT_SETTINGS, type ListSettings, type RunRow } from '../src/model/runQuery';
import { FakeClient, makeRun, makeWorkspace, noAnswer } from './fakeRuns';

/** A model of these runs, newest first, that has its first answer. */
async function readModel(
  runs: RunRow[],
  settings: Partial<ListSettings> = {}
): Promise<{ client: FakeClient; model: RunBrowserModel }> {
  const client = new FakeClient();
  client.runs = runs;
  const model = new RunBrowserModel({ client, settings: { ...DEFAULT_SETTINGS, ...settings }, nowMs: () => 9e6 });
  await model.refresh();
  return { client, model };
}

/** Count how often the model asks for a poll. */
function countPollsWanted(model: RunBrowserModel): () => number {
  let wanted = 0;
  model.pollWanted.connect(() => {
    wanted += 1;
  });
  return () => wanted;
}

function manyRuns(count: number): RunRow[] {
  return Array.from({ length: count }, (_, index) => makeRun(count - index));
}

function shownIds(model: RunBrowserModel): string[] {
  return Array.from({ length: model.items.length }, (_, index) => model.items.at(index)?.key ?? '');
}

/** Let promises go on that nobody waits for. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) {
    await Promise.resolve();
  }
}

describe('listing', () => {
  it('chooses the first workspace that can be read', async () => {
    const client = new FakeClient();
    client.workspaces = [makeWorkspace('broken', { error: 'No database.' }), makeWorkspace('good')];
    const model = new RunBrowserModel({ client });

    await model.refresh();

    expect(model.workspace?.key).toBe('good');
  });

  it('forgets a workspace that is gone', async () => {
    const { model } = await readModel([makeRun(1)], { workspace: 'gone' });

    expect(model.workspace?.key).toBe('w1');
    expect(model.items.length).toBe(1);
  });

  it('makes room for all runs and reads those in sight', async () => {
    const { client, model } = await readModel(manyRuns(10_000));

    expect(model.items.length).toBe(10_000);
    expect(model.items.at(99)?.kind).toBe('run');
    expect(model.items.at(100)?.kind).toBe('gap');

    model.setWindow(590, 610);
    await settle();
    expect(model.items.at(599)?.kind).toBe('run');
    expect(model.items.at(600)?.kind).toBe('gap');

    model.setWindow(590, 610);
    await settle();
    expect(model.items.at(610)).toMatchObject({ kind: 'run', run: { run_id: 'run-9390' } });
    expect(client.count('list')).toBe(3);
  });

  it('keeps what it knew, and says why, where there is no answer', async () => {
    const { client, model } = await readModel([makeRun(1)]);
    client.failure = noAnswer;

    await model.refresh();

    expect(model.error).toEqual({ message: noAnswer.message, isRefusal: false, isLost: true });
    expect(shownIds(model)).toEqual(['run:run-1']);
  });

  it('does not repeat a question that was refused', async () => {
    const { client, model } = await readModel([makeRun(1)]);
    client.failure = new ApiError('loss < is no condition.', 400, 'UserError');
    await model.refresh();
    const asked = client.asked.length;

    await model.poll();

    expect(model.error?.isRefusal).toBe(true);
    expect(client.asked).toHaveLength(asked);
  });

  it('reads the list again where its cursor is no longer known', async () => {
    const { client, model } = await readModel([makeRun(1)]);
    client.failure = new ApiError('That is no cursor.', 400, 'UserError');
    await expect(model.poll()).rejects.toThrow('cursor');
    client.failure = null;
    client.put(makeRun(2));

    await model.poll();

    expect(model.error).toBeNull();
    expect(shownIds(model)).toEqual(['run:run-2', 'run:run-1']);
  });

  it('asks nothing of a notebook that is not there', async () => {
    const { client, model } = await readModel([makeRun(1)], { scope: 'notebook' });

    await model.poll();

    expect(client.count('list')).toBe(0);
    expect(model.items.length).toBe(0);
  });

  it('leaves the runs of another notebook to the next poll: perhaps nobody looks', async () => {
    const { client, model } = await readModel([makeRun(1)], { scope: 'notebook' });
    const wanted = countPollsWanted(model);
    const asked = client.asked.length;

    model.setNotebook('a.ipynb');
    await settle();
    expect(client.asked).toHaveLength(asked);
    expect(wanted()).toBeGreaterThan(0);

    await model.poll();
    expect(client.lastList().query.notebook).toBe('a.ipynb');
    expect(shownIds(model)).toEqual(['run:run-1']);

    model.setNotebook(null);
    expect(model.items.length).toBe(0);
  });

  it('reads the list alone when only the list is another one', async () => {
    const { client, model } = await readModel([makeRun(1)]);
    const asked = client.asked.length;

    model.setSettings({ search: 'name' });
    await settle();

    expect(client.asked.slice(asked).map(one => one.what)).toEqual(['list']);
    expect(client.lastList().query.search).toBe('name');
  });

  it('asks for the workspaces alone until there is one, and then lists its runs', async () => {
    const client = new FakeClient();
    client.workspaces = [];
    client.runs = [makeRun(1)];
    const model = new RunBrowserModel({ client });
    await model.refresh();
    const asked = client.asked.length;

    await model.poll();
    expect(client.asked.slice(asked).map(one => one.what)).toEqual(['workspaces']);

    client.workspaces = [makeWorkspace('first')];
    await model.poll();
    expect(model.workspace?.key).toBe('first');
    expect(shownIds(model)).toEqual(['run:run-1']);
  });

  it('asks a workspace that cannot be read for nothing, and says why', async () => {
    const client = new FakeClient();
    client.workspaces = [makeWorkspace('broken', { error: 'No database.' })];
    const model = new RunBrowserModel({ client });
    await model.refresh();
    const asked = client.asked.length;

    await expect(model.poll()).rejects.toThrow('No database.');

    expect(client.asked.slice(asked).map(one => one.what)).toEqual(['workspaces']);
    expect(model.error?.message).toBe('No database.');
  });

  it('asks for the workspaces once a minute, in the place of a poll', async () => {
    const client = new FakeClient();
    let nowMs = 0;
    const model = new RunBrowserModel({ client, nowMs: () => nowMs });
    await model.refresh();
    client.workspaces = [...client.workspaces, makeWorkspace('new')];
    const asked = client.asked.length;

    nowMs = 59_000;
    await model.poll();
    nowMs = 60_000;
    await model.poll();
    await model.poll();

    expect(client.asked.slice(asked).map(one => one.what)).toEqual(['poll', 'workspaces', 'poll']);
    expect(model.workspaces.map(workspace => workspace.key)).toEqual(['w1', 'new']);
    expect(model.workspace?.key).toBe('w1');
  });
});

describe('a poll', () => {
  it('is one request', async () => {
    const { client, model } = await readModel(manyRuns(3));
    const asked = client.asked.length;

    await model.poll();

    expect(client.asked.slice(asked).map(one => one.what)).toEqual(['poll']);
  });

  it('puts a new run where it belongs and takes out one that no longer fits', async () => {
    const { client, model } = await readModel(manyRuns(3));
    client.put(makeRun(4));
    client.put(makeRun(2), false);

    await model.poll();

    expect(shownIds(model)).toEqual(['run:run-4', 'run:run-3', 'run:run-1']);
  });

  it('moves nothing while the list is held, but shows what is new where it stands', async () => {
    const { client, model } = await readModel(manyRuns(3));
    model.hold(true);
    client.put(makeRun(4));
    client.put(makeRun(2, { display_name: 'renamed' }));
    client.put(makeRun(1), false);

    await model.poll();

    expect(shownIds(model)).toEqual(['run:run-3', 'run:run-2', 'run:run-1']);
    expect(model.items.at(1)).toMatchObject({ run: { display_name: 'renamed' } });
    expect(model.waiting).toBe(2);

    model.hold(false);
    expect(shownIds(model)).toEqual(['run:run-4', 'run:run-3', 'run:run-2']);
    expect(model.waiting).toBe(0);
  });

  it('lets a run that is gone stay while the list is held', async () => {
    const { client, model } = await readModel(manyRuns(3));
    model.hold(true);
    client.purge('run-2');

    await model.poll();
    expect(shownIds(model)).toEqual(['run:run-3', 'run:run-2', 'run:run-1']);
    expect(model.waiting).toBe(1);

    model.hold(false);
    expect(shownIds(model)).toEqual(['run:run-3', 'run:run-1']);
  });

  it('forgets a change that waits when a later one undoes it', async () => {
    const { client, model } = await readModel(manyRuns(2), { metric: { kind: 'none' } });
    model.hold(true);
    client.put(makeRun(2), false);
    await model.poll();
    expect(model.waiting).toBe(1);

    client.put(makeRun(2));
    await model.poll();
    expect(model.waiting).toBe(0);

    model.hold(false);
    expect(shownIds(model)).toEqual(['run:run-2', 'run:run-1']);
  });

  it('does not list again under the pointer, but as soon as that is gone', async () => {
    const { client, model } = await readModel(manyRuns(3));
    model.hold(true);
    client.runs = manyRuns(5);
    client.isStale = true;
    await model.poll();
    expect(model.items.length).toBe(3);
    const wanted = countPollsWanted(model);

    model.hold(false);
    expect(wanted()).toBe(1);
    await model.poll();
    expect(model.items.length).toBe(5);
  });

  it('leaves to its page a run that belongs below what is read', async () => {
    const { client, model } = await readModel(manyRuns(200));
    client.put(makeRun(0, { run_id: 'old', created_at: 1 }));

    await model.poll();

    expect(model.findRun('old')).toBeNull();
    expect(model.items.length).toBe(201);
  });

  it('tells once that a run has ended that went on, and never of children', async () => {
    const running = makeRun(2, { status: 'Running', ended_at: null });
    const child = makeRun(3, { status: 'Running', ended_at: null, parent_run_id: 'run-2' });
    const { client, model } = await readModel([child, running, makeRun(1)]);
    const ended: string[][] = [];
    model.runsEnded.connect((_, runs) => {
      ended.push(runs.map(run => run.run_id));
    });
    client.put({ ...running, status: 'Failed', ended_at: 3_000 });
    client.put({ ...child, status: 'Completed', ended_at: 3_000 });
    client.put(makeRun(1, { display_name: 'ended long ago' }));

    await model.poll();
    await model.poll();

    expect(ended).toEqual([['run-2']]);
    expect(model.hasRunning).toBe(false);
  });

  it('lists again when too much has changed', async () => {
    const { client, model } = await readModel(manyRuns(3));
    client.runs = manyRuns(5);
    client.isStale = true;

    await model.poll();

    expect(model.items.length).toBe(5);
  });

  it('throws what kept the answer away, so that pauses grow, and recovers', async () => {
    const { client, model } = await readModel(manyRuns(1));
    client.failure = noAnswer;

    await expect(model.poll()).rejects.toBe(noAnswer);
    expect(model.error?.message).toBe(noAnswer.message);

    client.failure = null;
    await model.poll();
    expect(model.error).toBeNull();
  });

  it('asks for the sparklines of runs in sight, and for those of ended runs once', async () => {
    const metrics = { loss: { last: 1, low: 1, high: 1, count: 2 } };
    const { client, model } = await readModel([
      makeRun(2, { metrics, status: 'Running', ended_at: null }),
      makeRun(1, { metrics })
    ]);
    client.metricNames = ['loss'];
    client.sparklines = { 'run-1': { values: [2, 1], count: 2 }, 'run-2': { values: [3, 1], count: 2 } };
    await model.readMetrics();
    const wanted = countPollsWanted(model);

    model.setWindow(0, 1);
    await model.poll();
    model.setWindow(0, 1);
    await model.poll();

    expect(wanted()).toBe(1);
    expect(model.sparklines.get('run-1')?.values).toEqual([2, 1]);
    expect(client.lastPoll().sparkline_run_ids).toEqual(['run-2']);
  });

  it('has no hurry while there are no answers', async () => {
    const metrics = { loss: { last: 1, low: 1, high: 1, count: 2 } };
    const { client, model } = await readModel([makeRun(1, { metrics })], { metric: { kind: 'named', name: 'loss' } });
    client.failure = noAnswer;
    await expect(model.poll()).rejects.toBe(noAnswer);
    const wanted = countPollsWanted(model);

    model.setWindow(0, 0);

    expect(wanted()).toBe(0);
  });
});

describe('the tree', () => {
  it('shows the runs of an experiment below it', async () => {
    const runs = [makeRun(3, { experiment_id: 'e2', experiment_name: 'second' }), makeRun(2), makeRun(1)];
    const { client, model } = await readModel(runs, { scope: 'experiments' });
    expect(shownIds(model)).toEqual(['experiment:e2', 'experiment:e1']);

    await model.setOpen('e1', true);
    expect(shownIds(model)).toEqual(['experiment:e2', 'experiment:e1', 'run:run-2', 'run:run-1']);
    expect(model.items.indexOf('run:run-1')).toBe(3);

    client.put(makeRun(4));
    client.put(makeRun(5, { experiment_id: 'e2' }));
    await model.poll();
    expect(shownIds(model)).toEqual(['experiment:e2', 'experiment:e1', 'run:run-4', 'run:run-2', 'run:run-1']);

    await model.setOpen('e1', false);
    expect(shownIds(model)).toEqual(['experiment:e2', 'experiment:e1']);
  });

  it('has the archived experiments on demand', async () => {
    const { client, model } = await readModel([makeRun(1)], { scope: 'experiments' });
    expect(client.asked.filter(one => one.what === 'experiments').map(one => one.body)).toEqual(['ActiveOnly']);

    model.setSettings({ archivedExperiments: true });
    await settle();

    expect(client.asked.filter(one => one.what === 'experiments').at(-1)?.body).toBe('All');
  });

  it('asks for the counts in the place of a poll when they may have changed', async () => {
    const { client, model } = await readModel([makeRun(1)], { scope: 'experiments', metric: { kind: 'none' } });
    client.put(makeRun(2, { experiment_id: 'new', experiment_name: 'new' }));

    await model.poll();
    await model.poll();

    expect(client.asked.slice(-2).map(one => one.what)).toEqual(['poll', 'experiments']);
    expect(shownIds(model)).toContain('experiment:new');
  });
});

describe('actions', () => {
  it('take runs out at once, also under the pointer, and tell what was refused', async () => {
    const { model } = await readModel([makeRun(2, { status: 'Running', ended_at: null }), makeRun(1)]);
    model.hold(true);
    model.select(chosen => chosen.choose(['run-1', 'run-2']));

    const results = await model.act('delete', ['run-1', 'run-2']);

    expect(results.map(result => result.error?.message ?? null)).toEqual([null, 'Run run-2 goes on.']);
    expect(shownIds(model)).toEqual(['run:run-2']);
    expect([...model.selection.runIds]).toEqual(['run-2']);
  });

  it('are asked for in parts that the server takes', async () => {
    const { client, model } = await readModel(manyRuns(1));

    await model.act(
      'archive',
      manyRuns(1_001).map(run => run.run_id)
    );

    expect(client.count('act')).toBe(3);
  });
});

describe('choosing', () => {
  it('extends from where it began', async () => {
    const { model } = await readModel(manyRuns(5));
    const pick = model.items.at(1);

    model.select(chosen => {
      if (pick !== null) {
        chosen.pick(pick);
      }
      chosen.extend(model.items, 3);
      chosen.extend(model.items, 0);
    });

    expect(model.selectedRuns().map(run => run.run_id)).toEqual(['run-5', 'run-4']);
  });

  it('goes with its run when that moves', async () => {
    const { client, model } = await readModel(manyRuns(2));
    model.select(chosen => {
      const item = model.items.at(0);
      if (item !== null) {
        chosen.pick(item);
      }
    });
    client.put(makeRun(3));

    await model.poll();

    expect(model.items.indexOf(model.selection.active ?? '')).toBe(1);
    expect([...model.selection.runIds]).toEqual(['run-2']);
  });
});
