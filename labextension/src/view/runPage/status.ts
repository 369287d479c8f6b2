import type { Schemas } from '../../api/client';

export { statusText, statusText as statusWord } from '../runBrowser/formats';

/** How a status looks: the end of a class, and a sign. */
export interface IStatusLook {
  look: 'good' | 'bad' | 'off' | 'busy' | 'warn' | 'wait';
  sign: string;
}

const LOOKS: Partial<Record<Schemas['Status'], IStatusLook>> = {
  Completed: { look: 'good', sign: '✓' },
  Failed: { look: 'bad', sign: '✖' },
  Canceled: { look: 'off', sign: '■' },
  CancelRequested: { look: 'off', sign: '□' },
  Running: { look: 'busy', sign: '●' },
  Finalizing: { look: 'busy', sign: '●' },
  NotResponding: { look: 'warn', sign: '?' }
};

export function lookOf(status: Schemas['Status']): IStatusLook {
  return LOOKS[status] ?? { look: 'wait', sign: '○' };
}
