import { chooseLog, inOrder, newestGroup } from '../src/model/logOrder';

const log = (path: string) => ({ path });
const paths = (logs: readonly { path: string }[]) => logs.map(one => one.path);

const LOGS = [
  'logs/azureml/sidecar.log',
  'azureml-logs/75_job_post.txt',
  'azureml-logs/70_driver_log.txt',
  'azureml-logs/55_azureml-execution.txt',
  'logs/rank_10.txt',
  'logs/rank_9.txt',
  'logs/plain.txt'
].map(log);

describe('inOrder', () => {
  it('goes by the numbers in the paths, then by name', () => {
    expect(paths(inOrder(LOGS))).toEqual([
      'logs/azureml/sidecar.log',
      'logs/plain.txt',
      'logs/rank_9.txt',
      'logs/rank_10.txt',
      'azureml-logs/55_azureml-execution.txt',
      'azureml-logs/70_driver_log.txt',
      'azureml-logs/75_job_post.txt'
    ]);
  });
});

describe('newestGroup', () => {
  it('is what the script printed, not what was noted after it', () => {
    expect(paths(newestGroup(LOGS))).toEqual(['azureml-logs/70_driver_log.txt']);
  });

  it('is the notes where there is nothing else', () => {
    expect(paths(newestGroup([log('azureml-logs/75_job_post.txt')]))).toEqual(['azureml-logs/75_job_post.txt']);
  });

  it('is nothing of nothing', () => {
    expect(newestGroup([])).toEqual([]);
  });
});

describe('chooseLog', () => {
  const shown = { picked: null, path: null, isFollowing: true };

  it('takes what was picked', () => {
    expect(chooseLog(LOGS, { ...shown, picked: 'logs/plain.txt' })?.path).toBe('logs/plain.txt');
  });

  it('goes on to a newer stage while the end is followed', () => {
    expect(chooseLog(LOGS, { ...shown, path: 'logs/plain.txt' })?.path).toBe('azureml-logs/70_driver_log.txt');
  });

  it('stays where the user reads', () => {
    expect(chooseLog(LOGS, { ...shown, path: 'logs/plain.txt', isFollowing: false })?.path).toBe('logs/plain.txt');
  });

  it('forgets a picked log that is not there', () => {
    expect(chooseLog(LOGS, { ...shown, picked: 'gone.txt' })?.path).toBe('azureml-logs/70_driver_log.txt');
  });
});
