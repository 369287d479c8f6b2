/** What stands on an x axis. Times are seconds since the epoch, durations seconds. */
export type XKind = 'number' | 'time' | 'duration';

const DURATION_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
const DAY_SECONDS = 86_400;
const NICE = [1, 2, 5, 10];
const MAX_TICKS = 50;

/** Round numbers that lie in a range, about as many as wanted. */
export function linearTicks(low: number, high: number, wanted: number, isWhole = false): number[] {
  const rough = high / wanted - low / wanted || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (NICE.find(one => one * power >= rough * 0.999) ?? 10) * power;
  return multiples(low, high, isWhole ? Math.max(1, step) : step);
}

/** Round numbers that lie in a range and are spread on a logarithmic axis. */
export function logTicks(low: number, high: number, wanted: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const decades = last - first;
  const stride = Math.max(1, Math.ceil(decades / wanted));
  const inside: number[] = [];
  const within = decades <= wanted / 3 ? [1, 2, 5] : [1];
  for (let power = first; power <= last; power += stride) {
    for (const one of within) {
      const tick = Number(`${one}e${power}`);
      if (tick >= low * 0.999999 && tick <= high * 1.000001) {
        inside.push(tick);
      }
    }
  }
  return inside.length >= 2 ? inside : linearTicks(low, high, wanted).filter(tick => tick > 0);
}

/** Round spans of time that lie in a range. */
export function durationTicks(low: number, high: number, wanted: number): number[] {
  const rough = (high - low) / wanted;
  if (rough < 1) {
    return linearTicks(low, high, wanted);
  }
  const step = DURATION_STEPS.find(one => one >= rough);
  return step === undefined
    ? linearTicks(low / DAY_SECONDS, high / DAY_SECONDS, wanted, true).map(tick => tick * DAY_SECONDS)
    : multiples(low, high, step);
}

/** Round times of day that lie in a range of seconds since the epoch, in the local zone. */
export function timeTicks(low: number, high: number, wanted: number): number[] {
  const rough = (high - low) / wanted;
  if (rough > DAY_SECONDS / 2) {
    return dayTicks(low, high, Math.max(1, Math.ceil(rough / DAY_SECONDS)));
  }
  const step = rough < 1 ? undefined : DURATION_STEPS.find(one => one >= rough);
  // From the last midnight on, so that ticks are round in the local zone; of a fraction there are digits enough then.
  const midnight = new Date(low * 1000).setHours(0, 0, 0, 0) / 1000;
  const ticks =
    step === undefined
      ? linearTicks(low - midnight, high - midnight, wanted)
      : multiples(low - midnight, high - midnight, step);
  return ticks.map(tick => tick + midnight);
}

/** Times of day as texts: the day stands below the first one of it. */
export function timeTexts(ticks: readonly number[]): string[] {
  const isWhole = (unit: number): boolean =>
    ticks.every(tick => Math.abs(tick / unit - Math.round(tick / unit)) < 1e-6);
  const digits = isWhole(60) ? 5 : isWhole(1) ? 8 : 12;
  const isDays = ticks.length > 1 && (ticks[1] ?? 0) - (ticks[0] ?? 0) >= DAY_SECONDS * 0.9;
  let before = '';
  return ticks.map(tick => {
    const moment = new Date(Math.round(tick * 1000));
    if (Number.isNaN(moment.getTime())) {
      return compact(tick);
    }
    const [day = '', time = ''] = momentText(moment.getTime() / 1000).split(' ');
    const isNewDay = day !== before;
    before = day;
    if (isDays) {
      return day;
    }
    const shown = `${time}.${String(moment.getMilliseconds()).padStart(3, '0')}`.slice(0, digits);
    return isNewDay ? `${shown}\n${day}` : shown;
  });
}

/** Ticks as texts that differ from each other. */
export function tickTexts(ticks: readonly number[], kind: XKind): string[] {
  if (kind === 'duration') {
    return ticks.map(durationText);
  }
  for (let digits = 3; digits < 17; digits += 1) {
    const texts = ticks.map(tick => compact(tick, digits));
    if (new Set(texts).size === ticks.length && ticks.every((tick, place) => isNear(tick, texts[place] ?? '', ticks))) {
      return texts;
    }
  }
  return ticks.map(String);
}

/** A number on an axis or in a readout, in at most so many digits. */
export function compact(value: number, digits = 6): string {
  if (value === 0 || !Number.isFinite(value)) {
    return Number.isFinite(value) ? '0' : ({ NaN: 'NaN', Infinity: '∞', '-Infinity': '−∞' }[String(value)] ?? '');
  }
  const size = Math.abs(value);
  if (size >= 1e15 || size < 1e-4) {
    return value
      .toExponential(Math.max(0, digits - 1))
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e')
      .replace('-', '−');
  }
  const rounded = Number(value.toPrecision(digits));
  for (const [unit, name] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e4, 'k']
  ] as const) {
    if (size >= unit) {
      const scale = name === 'k' ? 1e3 : unit;
      return `${Number((rounded / scale).toPrecision(digits))}${name}`.replace('-', '−');
    }
  }
  return String(rounded).replace('-', '−');
}

/** A span of time in its two largest units. */
export function durationText(seconds: number): string {
  const sign = seconds < 0 ? '−' : '';
  const size = Math.abs(seconds);
  if (size < 60) {
    return `${sign}${Number(size.toPrecision(3))} s`;
  }
  const whole = Math.round(size);
  const units: [number, string][] = [
    [Math.floor(whole / DAY_SECONDS), 'd'],
    [Math.floor((whole % DAY_SECONDS) / 3600), 'h'],
    [Math.floor((whole % 3600) / 60), 'min'],
    [whole % 60, 's']
  ];
  const first = units.findIndex(([count]) => count > 0);
  const shown = units.slice(first, first + 2).filter(([count]) => count > 0);
  return sign + shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}

/** A moment in local time, with parts of seconds where they are known. */
export function momentText(secondsSinceEpoch: number): string {
  const moment = new Date(secondsSinceEpoch * 1000);
  if (Number.isNaN(moment.getTime())) {
    return compact(secondsSinceEpoch);
  }
  const two = (count: number): string => String(count).padStart(2, '0');
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  return `${day} ${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
}

/** A place on the x axis, as a readout says it. */
export function placeText(x: number, kind: XKind): string {
  if (kind === 'time') {
    return momentText(x);
  }
  return kind === 'duration' ? durationText(x) : Number.isInteger(x) ? x.toLocaleString('en-US') : compact(x);
}

function multiples(low: number, high: number, step: number): number[] {
  const ticks: number[] = [];
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  for (let place = first; place <= last && ticks.length < MAX_TICKS; place += 1) {
    ticks.push(Number((place * step).toPrecision(15)));
  }
  return ticks;
}

/** Midnights, each so many days after the one before, and the same ones wherever the range begins. */
function dayTicks(low: number, high: number, stride: number): number[] {
  const ticks: number[] = [];
  const day = new Date(low * 1000);
  day.setHours(24, 0, 0, 0);
  const number = Date.UTC(day.getFullYear(), day.getMonth(), day.getDate()) / (1000 * DAY_SECONDS);
  day.setDate(day.getDate() + ((stride - (number % stride)) % stride));
  while (day.getTime() <= high * 1000 && ticks.length < MAX_TICKS) {
    ticks.push(day.getTime() / 1000);
    day.setDate(day.getDate() + stride); // a day may have 23 hours
  }
  return ticks;
}

/** Whether a text says a tick well enough to stand at its place. */
function isNear(tick: number, text: string, ticks: readonly number[]): boolean {
  const gap = Math.abs((ticks[1] ?? 0) - (ticks[0] ?? 0)) || Math.abs(tick) || 1;
  const scale = { k: 1e3, M: 1e6, G: 1e9, T: 1e12 }[text.slice(-1)] ?? 1;
  return Math.abs(parseFloat(text.replace('−', '-')) * scale - tick) < gap * 0.01;
}
