import { decodeLink, encodeLink, withoutLink } from '../src/model/runPageLink';
import { changedSettings, DEFAULT_SETTINGS, readSettings } from '../src/model/runPageSettings';
import type { ViewSettings } from '../src/model/runPageTypes';

const RUN = { workspace: '0123456789abcdef', runId: 'ridge_1795250469_0f3c' };

const EVERYTHING: ViewSettings = {
  tab: 'logs',
  xAxis: 'metric',
  xMetric: 'a&b=c/ü #1',
  smoothing: 0.937,
  isLogX: true,
  isLogY: true,
  cutsOutliers: true,
  filter: '^val/(loss|x)$',
  isFilterPattern: true,
  columns: 3,
  size: 'large',
  pinned: ['train/loss', '<b>"&x'],
  collapsed: ['/val', '*'],
  logPath: 'azureml-logs/70_driver_log.txt',
  filePath: 'outputs/100%.csv',
  isPaused: true
};

describe('a link', () => {
  it('carries the run and all settings there and back', () => {
    const link = decodeLink(new URLSearchParams(encodeLink(RUN, EVERYTHING).toString()));
    expect(link).toEqual({ ...RUN, settings: EVERYTHING });
  });

  it('says nothing of what is as at first', () => {
    expect(encodeLink(RUN, DEFAULT_SETTINGS).toString()).toBe(`aml-run=${RUN.workspace}%2F${RUN.runId}`);
    expect(decodeLink(encodeLink(RUN, DEFAULT_SETTINGS))).toEqual({ ...RUN, settings: {} });
  });

  it.each(['', 'aml-run=', 'aml-run=key', 'aml-run=/run', 'other=1'])('names no run in %p', query => {
    expect(decodeLink(new URLSearchParams(query))).toBeNull();
  });

  it('leaves out what is wrong', () => {
    const link = decodeLink(
      new URLSearchParams('aml-run=k/r&aml-x=sideways&aml-smoothing=lots&aml-columns=99&aml-size=huge&aml-log=q')
    );
    expect(link).toEqual({ workspace: 'k', runId: 'r', settings: { smoothing: 0 } });
  });

  it('is taken out of an address, and nothing else', () => {
    expect(withoutLink('?aml-run=k%2Fr&reset&aml-tab=logs&x=1')).toBe('?reset=&x=1');
    expect(withoutLink('?aml-run=k%2Fr')).toBe('');
  });
});

describe('settings of a layout', () => {
  it('come back as they were', () => {
    const kept: unknown = JSON.parse(JSON.stringify(changedSettings(EVERYTHING)));
    expect({ ...DEFAULT_SETTINGS, ...readSettings(kept) }).toEqual(EVERYTHING);
    expect(changedSettings(DEFAULT_SETTINGS)).toEqual({});
  });

  it.each([null, 3, 'text', [], { tab: 3, pinned: 'x', smoothing: '1', columns: 1.5, xMetric: {} }])(
    'are none in %p',
    value => {
      expect(readSettings(value)).toEqual({});
    }
  );
});
