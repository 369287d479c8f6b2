import type { TerminalColor, TextStyle } from './terminalStyle';

/** How a style is drawn: classes, and a colour of the log's own where it chose one. */
export interface TextLook {
  readonly className: string;
  /** Where the text has a colour below it: both, chosen so that it can be read in any theme. */
  readonly onBackground?: { readonly color: string; readonly backgroundColor: string };
  /** A colour beyond the sixteen; the theme makes it dark or light enough. */
  readonly ownColor?: string;
}

/** The sixteen colours where text lies on one of them. On the theme's own ground the style sheet chooses. */
const PALETTE: readonly Rgb[] = [
  [0, 0, 0],
  [205, 49, 49],
  [13, 128, 80],
  [148, 108, 0],
  [36, 114, 200],
  [168, 50, 168],
  [6, 125, 150],
  [229, 229, 229],
  [102, 102, 102],
  [241, 76, 76],
  [35, 209, 139],
  [245, 245, 67],
  [59, 142, 234],
  [214, 112, 214],
  [41, 184, 219],
  [255, 255, 255]
];

/** What WCAG 2 asks of text. */
const LEAST_CONTRAST = 4.5;

type Rgb = readonly [number, number, number];

/** Say how a style is drawn. Everything in it is of our own making. */
export function lookOf(style: TextStyle): TextLook {
  const classes = [
    style.isBold && 'bold',
    style.isDim && 'dim',
    style.isItalic && 'italic',
    style.isUnderlined && 'underlined',
    style.isStruck && 'struck'
  ].filter(name => name !== false);
  const [foreground, background] = style.isInverse
    ? [style.background, style.foreground]
    : [style.foreground, style.background];
  if (background !== null) {
    return { className: classNames(classes), onBackground: onBackground(foreground, background) };
  }
  if (style.isInverse) {
    return { className: classNames([...classes, 'inverse']) };
  }
  if (foreground === null) {
    return { className: classNames(classes) };
  }
  if (typeof foreground === 'number') {
    return { className: classNames([...classes, `color${foreground}`]) };
  }
  return { className: classNames([...classes, 'own']), ownColor: hexOf(foreground) };
}

function classNames(names: readonly string[]): string {
  return names.map(name => `jp-AmlRunPage-text-${name}`).join(' ');
}

function onBackground(foreground: TerminalColor | null, background: TerminalColor) {
  const below = rgbOf(background);
  let text = foreground === null ? null : rgbOf(foreground);
  if (text === null || contrastOf(text, below) < LEAST_CONTRAST) {
    const [black, white]: [Rgb, Rgb] = [
      [0, 0, 0],
      [255, 255, 255]
    ];
    text = contrastOf(black, below) > contrastOf(white, below) ? black : white;
  }
  return { color: hexOf(text), backgroundColor: hexOf(below) };
}

function rgbOf(color: TerminalColor): Rgb {
  return typeof color === 'number' ? (PALETTE[color] ?? [0, 0, 0]) : color;
}

function hexOf(color: Rgb): string {
  return `#${color.map(one => one.toString(16).padStart(2, '0')).join('')}`;
}

/** The contrast of two colours as WCAG 2 defines it, 1 to 21. */
export function contrastOf(one: Rgb, other: Rgb): number {
  const [darker = 0, lighter = 0] = [luminanceOf(one), luminanceOf(other)].sort((first, second) => first - second);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminanceOf([red, green, blue]: Rgb): number {
  const linear = (level: number) => {
    const share = level / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}
