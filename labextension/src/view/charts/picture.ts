import { FONT_PIXELS, type Tick } from './axes';
import { CLIP_MARGIN, paintSeries, type ChartColors, type Frame } from './paint';
import { addSvg, SvgSurface } from './surfaces';
import type { ChartMark, ChartSeries } from './types';

/** A picture as SVG, and its size in pixels. */
export interface Picture {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

export interface IPictureOptions {
  title: string;
  width: number;
  height: number;
  frame: Frame;
  xLabel: string;
  yLabel: string;
  xTicks: readonly Tick[];
  yTicks: readonly Tick[];
  series: readonly ChartSeries[];
  marks: readonly ChartMark[];
  colors: ChartColors;
  ink: string;
  ground: string;
}

const NAMESPACE = 'http://www.w3.org/2000/svg';
const FONT = 'system-ui, sans-serif';
const SIDE = 12;
const TITLE_HEIGHT = 30;
const TITLE_PIXELS = 14;
const ROW_HEIGHT = 18;
const KEY_WIDTH = 26;
const KEY_GAP = 14;
const LINE_HEIGHT = 1.2;
/** So many pixels of a saved PNG are one on the page. */
const PNG_SCALE = 2;

/** Write what is seen of a chart as SVG, with its title and, of several lines, what each of them is. */
export function makePicture(options: IPictureOptions): Picture {
  const { width, height, frame, colors, series, ink, ground } = options;
  const measure = textMeasure();
  const keys = legend(series, colors, width, measure);
  const rowCount = keys.length > 0 ? (keys[keys.length - 1]?.row ?? 0) + 1 : 0;
  const total = TITLE_HEIGHT + height + rowCount * ROW_HEIGHT + (rowCount > 0 ? SIDE : 0);
  const svg = document.createElementNS(NAMESPACE, 'svg');
  for (const [name, value] of Object.entries({ width, height: total, viewBox: `0 0 ${width} ${total}` })) {
    svg.setAttribute(name, String(value));
  }
  addSvg(svg, 'rect', { width, height: total, fill: ground });
  const title = cut(options.title, width - 2 * SIDE, text => measure(text, TITLE_PIXELS, true));
  addText(svg, { x: SIDE, y: 20, fill: ink, 'font-size': TITLE_PIXELS, 'font-weight': 600 }, title);
  const body = addSvg(svg, 'g', { transform: `translate(0 ${TITLE_HEIGHT})` });
  addAxes(body, options);
  const { left, top } = frame;
  const clip = addSvg(addSvg(svg, 'defs', {}), 'clipPath', { id: 'plot' });
  addSvg(clip, 'rect', {
    x: left - CLIP_MARGIN,
    y: top - CLIP_MARGIN,
    width: frame.width + 2 * CLIP_MARGIN,
    height: frame.height + 2 * CLIP_MARGIN
  });
  const lines = addSvg(body, 'g', { 'clip-path': 'url(#plot)' });
  paintSeries(new SvgSurface(lines), frame, series, options.marks, colors);
  for (const { text, color, x, row, isDashed } of keys) {
    const y = TITLE_HEIGHT + height + ROW_HEIGHT * (row + 1) - 4;
    const dash = isDashed ? { 'stroke-dasharray': '6 4' } : {};
    addSvg(svg, 'line', { x1: x, x2: x + 20, y1: y - 4, y2: y - 4, stroke: color, 'stroke-width': 2.5, ...dash });
    addText(svg, { x: x + KEY_WIDTH, y, fill: ink, 'font-size': FONT_PIXELS }, text);
  }
  return { svg: new XMLSerializer().serializeToString(svg), width, height: total };
}

/** Draw a picture as PNG. */
export function pngOf({ svg, width, height }: Picture): Promise<Blob> {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onerror = () => reject(new Error('The browser could not draw the picture.'));
    image.onload = () => {
      const canvas = document.createElement('canvas');
      canvas.width = Math.round(width * PNG_SCALE);
      canvas.height = Math.round(height * PNG_SCALE);
      const context = canvas.getContext('2d');
      if (context === null) {
        reject(new Error('The browser has no canvas to draw the picture on.'));
        return;
      }
      context.scale(PNG_SCALE, PNG_SCALE);
      context.drawImage(image, 0, 0, width, height);
      canvas.toBlob(blob => (blob === null ? reject(new Error('The picture is too large.')) : resolve(blob)));
    };
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  });
}

function addAxes(body: SVGElement, options: IPictureOptions): void {
  const { frame, colors, width } = options;
  const right = frame.left + frame.width;
  const bottom = frame.top + frame.height;
  const look = { fill: colors.axis, 'font-size': FONT_PIXELS };
  for (const { at, text } of options.xTicks) {
    const x = frame.xOf(at);
    addSvg(body, 'line', { x1: x, x2: x, y1: frame.top, y2: bottom, stroke: colors.grid });
    text.split('\n').forEach((line, row) => {
      const y = bottom + 16 + row * FONT_PIXELS * LINE_HEIGHT;
      addText(body, { ...look, x, y, 'text-anchor': 'middle' }, line);
    });
  }
  for (const { at, text } of options.yTicks) {
    const y = frame.yOf(at);
    addSvg(body, 'line', { x1: frame.left, x2: right, y1: y, y2: y, stroke: colors.grid });
    addText(body, { ...look, x: frame.left - 8, y: y + 4, 'text-anchor': 'end' }, text);
  }
  const middle = frame.left + frame.width / 2;
  addText(
    body,
    { ...look, x: Math.min(middle, width), y: options.height - 4, 'text-anchor': 'middle' },
    options.xLabel
  );
  if (options.yLabel !== '') {
    const transform = `translate(${FONT_PIXELS} ${frame.top + frame.height / 2}) rotate(-90)`;
    addText(body, { ...look, transform, 'text-anchor': 'middle' }, options.yLabel);
  }
}

function addText(parent: Element, attributes: Record<string, string | number>, text: string): void {
  addSvg(parent, 'text', { 'font-family': FONT, ...attributes }, text);
}

/** What each line is, row by row as there is room. */
function legend(
  series: readonly ChartSeries[],
  colors: ChartColors,
  width: number,
  measure: TextMeasure
): { text: string; color: string; x: number; row: number; isDashed: boolean }[] {
  const told = [...series.keys()].filter(place => !series[place]?.isFaint);
  if (told.length < 2) {
    return [];
  }
  let x = SIDE;
  let row = 0;
  return told.map(place => {
    const text = cut(series[place]?.label ?? '', width - 2 * SIDE - KEY_WIDTH, one => measure(one, FONT_PIXELS));
    const needed = KEY_WIDTH + measure(text, FONT_PIXELS) + KEY_GAP;
    if (x > SIDE && x + needed > width) {
      x = SIDE;
      row += 1;
    }
    const key = { text, color: colors.lines[place] ?? colors.axis, x, row, isDashed: series[place]?.isDashed ?? false };
    x += needed;
    return key;
  });
}

type TextMeasure = (text: string, sizePixels: number, isBold?: boolean) => number;

function textMeasure(): TextMeasure {
  const context = document.createElement('canvas').getContext('2d');
  return (text, sizePixels, isBold = false) => {
    if (context === null) {
      return text.length * sizePixels;
    }
    context.font = `${isBold ? '600 ' : ''}${sizePixels}px ${FONT}`;
    return context.measureText(text).width;
  };
}

function cut(text: string, width: number, measure: (text: string) => number): string {
  if (measure(text) <= width) {
    return text;
  }
  const letters = Array.from(text);
  while (letters.length > 1 && measure(`${letters.join('')}…`) > width) {
    letters.length = Math.max(1, Math.floor(letters.length * 0.9));
  }
  return `${letters.join('')}…`;
}
