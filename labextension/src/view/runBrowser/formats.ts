import type { TranslationBundle } from '@jupyterlab/translation';

import type { Schemas } from '../../api/client';
import { exactText, shortText, type Value } from '../../api/values';
import { shownName } from '../../model/names';
import {
  durationSeconds,
  hasEnded,
  numberText,
  type Column,
  type FieldKey,
  type ListedView,
  type MetricAspect,
  type RunRow,
  type Scope,
  type Status,
  type StatusGroup
} from '../../model/runQuery';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** A span of time in its two largest units. */
export function spanText(seconds: number, trans: TranslationBundle): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < MINUTE) {
    return trans.__('%1 s', whole);
  }
  if (whole < HOUR) {
    return trans.__('%1 min %2 s', Math.floor(whole / MINUTE), whole % MINUTE);
  }
  if (whole < DAY) {
    return trans.__('%1 h %2 min', Math.floor(whole / HOUR), Math.floor((whole % HOUR) / MINUTE));
  }
  return trans.__('%1 d %2 h', Math.floor(whole / DAY), Math.floor((whole % DAY) / HOUR));
}

/** How long ago something was, in one unit. */
export function ageText(seconds: number, trans: TranslationBundle): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < MINUTE) {
    return trans.__('%1 s ago', whole);
  }
  if (whole < HOUR) {
    return trans.__('%1 min ago', Math.floor(whole / MINUTE));
  }
  if (whole < DAY) {
    return trans.__('%1 h ago', Math.floor(whole / HOUR));
  }
  if (whole < YEAR) {
    return trans.__('%1 d ago', Math.floor(whole / DAY));
  }
  return trans.__('%1 y ago', Math.floor(whole / YEAR));
}

/** A moment in the user's own way. */
export function momentText(seconds: number): string {
  return new Date(seconds * 1000).toLocaleString();
}

/** Duration while a run goes on, age when it has ended, and what a run that has not started waits. */
export function timeText(run: RunRow, nowSeconds: number, trans: TranslationBundle): string {
  const duration = durationSeconds(run, nowSeconds);
  if (!hasEnded(run.status) && duration !== null) {
    return spanText(duration, trans);
  }
  return ageText(nowSeconds - (run.ended_at ?? run.created_at), trans);
}

/** All about a run's times, for who points at one. */
export function timesText(run: RunRow, nowSeconds: number, trans: TranslationBundle): string {
  const duration = durationSeconds(run, nowSeconds);
  const lines = [
    trans.__('Created: %1', momentText(run.created_at)),
    run.started_at === null ? null : trans.__('Started: %1', momentText(run.started_at)),
    run.ended_at === null ? null : trans.__('Ended: %1', momentText(run.ended_at)),
    duration === null ? null : trans.__('Duration: %1', spanText(duration, trans))
  ];
  return lines.filter(line => line !== null).join('\n');
}

export function statusText(status: Status, trans: TranslationBundle): string {
  const words: Record<Status, string> = {
    NotStarted: trans.__('Not started'),
    Starting: trans.__('Starting'),
    Provisioning: trans.__('Provisioning'),
    Preparing: trans.__('Preparing'),
    Queued: trans.__('Queued'),
    Running: trans.__('Running'),
    Finalizing: trans.__('Finalizing'),
    CancelRequested: trans.__('Cancel requested'),
    Completed: trans.__('Completed'),
    Failed: trans.__('Failed'),
    Canceled: trans.__('Canceled'),
    NotResponding: trans.__('Not responding')
  };
  return words[status];
}

export function groupText(group: StatusGroup, trans: TranslationBundle): string {
  const words: Record<StatusGroup, string> = {
    waiting: trans.__('Waiting'),
    running: trans.__('Running'),
    completed: trans.__('Completed'),
    failed: trans.__('Failed'),
    canceled: trans.__('Canceled')
  };
  return words[group];
}

export function scopeText(scope: Scope, trans: TranslationBundle): string {
  const words: Record<Scope, string> = {
    experiments: trans.__('Experiments'),
    all: trans.__('All runs'),
    notebook: trans.__('Notebook')
  };
  return words[scope];
}

/** What a scope lists, in full. */
export function scopeTitle(scope: Scope, trans: TranslationBundle): string {
  const words: Record<Scope, string> = {
    experiments: trans.__('Experiments with their runs'),
    all: trans.__('All runs of the workspace'),
    notebook: trans.__('Runs of the notebook in front')
  };
  return words[scope];
}

export function viewText(view: ListedView, trans: TranslationBundle): string {
  const words: Record<ListedView, string> = {
    active: trans.__('Active'),
    archived: trans.__('Archived'),
    trash: trans.__('Trash')
  };
  return words[view];
}

export function orderText(by: NonNullable<Schemas['Order']>['by'], trans: TranslationBundle): string {
  const words: Record<Schemas['Order']['by'], string> = {
    created: trans.__('Created'),
    name: trans.__('Name'),
    status: trans.__('Status'),
    duration: trans.__('Duration'),
    metric: trans.__('A metric')
  };
  return words[by];
}

export function fieldText(key: FieldKey, trans: TranslationBundle): string {
  const words: Record<FieldKey, string> = {
    number: trans.__('Number'),
    experiment: trans.__('Experiment'),
    status: trans.__('Status'),
    duration: trans.__('Duration'),
    created: trans.__('Created'),
    user: trans.__('User'),
    target: trans.__('Target'),
    tags: trans.__('Tags')
  };
  return words[key];
}

export function aspectText(aspect: MetricAspect, trans: TranslationBundle): string {
  const words: Record<MetricAspect, string> = {
    last: trans.__('last'),
    low: trans.__('lowest'),
    high: trans.__('highest')
  };
  return words[aspect];
}

/** What stands above a column. */
export function columnTitle(column: Column, trans: TranslationBundle): string {
  if (column.kind === 'field') {
    return fieldText(column.key, trans);
  }
  return column.of === 'last' ? column.name : trans.__('%1 (%2)', column.name, aspectText(column.of, trans));
}

/** What a column shows of a run, short and in full. */
export function cellText(
  run: RunRow,
  column: Column,
  nowSeconds: number,
  trans: TranslationBundle
): { text: string; title: string } {
  if (column.kind === 'metric') {
    return valueTexts(run.metrics[column.name]?.[column.of] ?? null);
  }
  const text = fieldOf(run, column.key, nowSeconds, trans);
  return { text: shownName(text), title: column.key === 'created' ? momentText(run.created_at) : text };
}

/** What was logged, short and in full; nothing where nothing was. */
export function valueTexts(value: Value): { text: string; title: string } {
  return value === null ? { text: '', title: '' } : { text: shortText(value), title: exactText(value) };
}

export function tagsText(tags: RunRow['tags']): string {
  return Object.entries(tags)
    .map(([key, value]) => (value === null || value === '' ? key : `${key}=${value}`))
    .join(', ');
}

function fieldOf(run: RunRow, key: FieldKey, nowSeconds: number, trans: TranslationBundle): string {
  switch (key) {
    case 'number':
      return numberText(run);
    case 'experiment':
      return run.experiment_name;
    case 'status':
      return statusText(run.status, trans);
    case 'duration': {
      const duration = durationSeconds(run, nowSeconds);
      return duration === null ? '' : spanText(duration, trans);
    }
    case 'created':
      return ageText(nowSeconds - run.created_at, trans);
    case 'user':
      return run.user ?? '';
    case 'target':
      return run.target;
    case 'tags':
      return tagsText(run.tags);
  }
}
