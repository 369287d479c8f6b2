/** One of the sixteen colours whose look the theme chooses (0 to 15), or red, green and blue (0 to 255 each). */
export type TerminalColor = number | readonly [number, number, number];

/** How characters look. Styles of one screen are equal when they are the same object. */
export interface TextStyle {
  readonly foreground: TerminalColor | null;
  readonly background: TerminalColor | null;
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly isItalic: boolean;
  readonly isUnderlined: boolean;
  readonly isInverse: boolean;
  readonly isStruck: boolean;
}

export const PLAIN: TextStyle = {
  foreground: null,
  background: null,
  isBold: false,
  isDim: false,
  isItalic: false,
  isUnderlined: false,
  isInverse: false,
  isStruck: false
};

/** Codes of `ESC [ … m` that turn something on or off. */
const SWITCHES: Readonly<Record<number, Partial<TextStyle>>> = {
  0: PLAIN,
  1: { isBold: true },
  2: { isDim: true },
  3: { isItalic: true },
  4: { isUnderlined: true },
  7: { isInverse: true },
  9: { isStruck: true },
  21: { isUnderlined: true },
  22: { isBold: false, isDim: false },
  23: { isItalic: false },
  24: { isUnderlined: false },
  27: { isInverse: false },
  29: { isStruck: false },
  39: { foreground: null },
  49: { background: null }
};

/** Levels of the 6 × 6 × 6 cube of the 256 colours. */
const CUBE = [0, 95, 135, 175, 215, 255] as const;

/** Give the style that `ESC [ parameters m` makes of one; what is unknown in it changes nothing. */
export function restyled(style: TextStyle, parameters: string): TextStyle {
  const fields = parameters.split(';').map(field => field.split(':').map(readCode));
  for (let place = 0; place < fields.length; place++) {
    const [code = 0, ...details] = fields[place] ?? [];
    if (code !== 38 && code !== 48) {
      style = withCode(style, code === 4 && details[0] === 0 ? 24 : code);
      continue;
    }
    let color: TerminalColor | null;
    if (details.length > 0) {
      // 38:5:n or 38:2:[space]:r:g:b, all in one field
      color = readColor(details[0] === 2 ? [2, ...details.slice(-3)] : details);
    } else {
      const following = fields.slice(place + 1, place + 5).map(field => field[0] ?? 0);
      color = readColor(following);
      place += following[0] === 2 ? 4 : following[0] === 5 ? 2 : 0;
    }
    if (color !== null) {
      style = code === 38 ? { ...style, foreground: color } : { ...style, background: color };
    }
  }
  return style;
}

/** Name a style, so that equal ones can be told. */
export function styleKey(style: TextStyle): string {
  return JSON.stringify(Object.values(style));
}

function readCode(text: string): number {
  return /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
}

function withCode(style: TextStyle, code: number): TextStyle {
  const change = SWITCHES[code];
  if (change !== undefined) {
    return { ...style, ...change };
  }
  for (const [first, offset] of [
    [30, 0],
    [90, 8]
  ] as const) {
    if (code >= first && code < first + 8) {
      return { ...style, foreground: code - first + offset };
    }
    if (code >= first + 10 && code < first + 18) {
      return { ...style, background: code - first - 10 + offset };
    }
  }
  return style;
}

/** Read `5 n` (the 256 colours) or `2 r g b`. */
function readColor(numbers: readonly number[]): TerminalColor | null {
  const [kind, first = -1, second = -1, third = -1] = numbers;
  if (kind === 5 && first >= 0 && first < 256) {
    return of256(first);
  }
  const isColor = [first, second, third].every(one => one >= 0 && one < 256);
  return kind === 2 && isColor ? [first, second, third] : null;
}

function of256(number: number): TerminalColor {
  if (number < 16) {
    return number;
  }
  if (number >= 232) {
    const gray = 8 + 10 * (number - 232);
    return [gray, gray, gray];
  }
  const level = (place: number) => CUBE[place % 6] ?? 0;
  return [level(Math.floor((number - 16) / 36)), level(Math.floor((number - 16) / 6)), level(number - 16)];
}
