import { ApiError } from '../src/api/client';
import { RunBrowserModel } from '../src/model/runBrowserModel';
import { RunBrowserPoll } from '../src/model/runBrowserPoll';
import { FakeClient, makeRun } from './fakeRuns';

async function pass(milliseconds: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(milliseconds);
}

/** A list that is read, and then an outage that lasted for ten minutes. */
async function afterOutage(): Promise<{ client: FakeClient; model: RunBrowserModel; poll: RunBrowserPoll }> {
  const client = new FakeClient();
  client.runs = [makeRun(1)];
  const model = new RunBrowserModel({ client });
  const poll = new RunBrowserPoll({ model, isHidden: () => false, intervalMs: 1_000 });
  await pass(2_000);
  client.failure = new ApiError('no', 0, 'NoAnswer');
  await pass(600_000);
  expect(model.error).not.toBeNull();
  client.failure = null;
  return { client, model, poll };
}

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('RunBrowserPoll', () => {
  it('waits 15 seconds at most, however long the server is away', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.999); // the longest of the pauses that a poll may draw
    const { client, model, poll } = await afterOutage();
    client.failure = new ApiError('no', 0, 'NoAnswer');
    const asked = client.asked.length;
    await pass(150_000);
    expect(client.asked.length - asked).toBeGreaterThanOrEqual(10);
    client.failure = null;
    await pass(15_000);
    expect(model.error).toBeNull();
    poll.dispose();
  });

  it.each(['online', 'visibilitychange'])('asks at once on %s', async type => {
    const { model, poll } = await afterOutage();
    (type === 'online' ? window : document).dispatchEvent(new Event(type));
    await pass(10);
    expect(model.error).toBeNull();
    poll.dispose();
  });

  it('asks nothing while the browser tab is hidden, nor once it is disposed', async () => {
    const { client, poll } = await afterOutage();
    await pass(20_000);
    const hidden = jest.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    const asked = client.asked.length;
    window.dispatchEvent(new Event('online'));
    await pass(60_000);
    expect(client.asked).toHaveLength(asked);
    hidden.mockReturnValue(false);
    poll.dispose();
    window.dispatchEvent(new Event('online'));
    document.dispatchEvent(new Event('visibilitychange'));
    await pass(60_000);
    expect(client.asked).toHaveLength(asked);
  });
});
