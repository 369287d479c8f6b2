/** A place in a chart, in pixels of the page from the upper left corner. */
export type Place = readonly [number, number];

/** How something is painted. */
export interface Ink {
  color: string;
  opacity: number;
  /** In pixels, of lines. */
  width?: number;
  isDashed?: boolean;
}

/** What a chart is painted on: a canvas on the page, or a picture that is saved. */
export interface Surface {
  /** Lines through places; each part is one. */
  lines(parts: readonly (readonly Place[])[], ink: Ink): void;
  area(places: readonly Place[], ink: Ink): void;
  dots(places: readonly Place[], radius: number, ink: Ink): void;
  bar(corner: Place, width: number, height: number, ink: Ink): void;
  /** A text about a place. */
  text(at: Place, text: string, ink: Ink, sizePixels: number): void;
}

const DASH = [6, 4];

/** Paints into a canvas, whose pixels may be smaller than the page's. */
export class CanvasSurface implements Surface {
  constructor(private readonly _context: CanvasRenderingContext2D) {}

  lines(parts: readonly (readonly Place[])[], ink: Ink): void {
    const path = new Path2D();
    for (const part of parts) {
      part.forEach(([x, y], place) => (place === 0 ? path.moveTo(x, y) : path.lineTo(x, y)));
    }
    const context = this._context;
    context.globalAlpha = ink.opacity;
    context.strokeStyle = ink.color;
    context.lineWidth = ink.width ?? 1;
    context.lineJoin = 'round';
    context.setLineDash(ink.isDashed ? DASH : []);
    context.stroke(path);
  }

  area(places: readonly Place[], ink: Ink): void {
    const path = new Path2D();
    places.forEach(([x, y]) => path.lineTo(x, y));
    path.closePath();
    this._fill(path, ink);
  }

  dots(places: readonly Place[], radius: number, ink: Ink): void {
    const path = new Path2D();
    for (const [x, y] of places) {
      path.moveTo(x + radius, y);
      path.arc(x, y, radius, 0, 2 * Math.PI);
    }
    this._fill(path, ink);
  }

  bar([x, y]: Place, width: number, height: number, ink: Ink): void {
    const path = new Path2D();
    path.rect(x, y, width, height);
    this._fill(path, ink);
  }

  text([x, y]: Place, text: string, ink: Ink, sizePixels: number): void {
    const context = this._context;
    context.globalAlpha = ink.opacity;
    context.fillStyle = ink.color;
    context.font = `${sizePixels}px sans-serif`;
    context.textAlign = 'center';
    context.fillText(text, x, y);
  }

  private _fill(path: Path2D, ink: Ink): void {
    this._context.globalAlpha = ink.opacity;
    this._context.fillStyle = ink.color;
    this._context.fill(path);
  }
}

/** Writes SVG, with attributes alone, which every program that reads SVG knows. */
export class SvgSurface implements Surface {
  constructor(private readonly _group: SVGElement) {}

  lines(parts: readonly (readonly Place[])[], ink: Ink): void {
    const d = parts.map(pathOf).join('');
    if (d !== '') {
      addSvg(this._group, 'path', {
        d,
        fill: 'none',
        stroke: ink.color,
        'stroke-opacity': ink.opacity,
        'stroke-width': ink.width ?? 1,
        'stroke-linejoin': 'round',
        ...(ink.isDashed ? { 'stroke-dasharray': DASH.join(' ') } : {})
      });
    }
  }

  area(places: readonly Place[], ink: Ink): void {
    addSvg(this._group, 'path', { d: `${pathOf(places)}Z`, fill: ink.color, 'fill-opacity': ink.opacity });
  }

  dots(places: readonly Place[], radius: number, ink: Ink): void {
    for (const [x, y] of places) {
      const look = { fill: ink.color, 'fill-opacity': ink.opacity };
      addSvg(this._group, 'circle', { cx: short(x), cy: short(y), r: radius, ...look });
    }
  }

  bar([x, y]: Place, width: number, height: number, ink: Ink): void {
    addSvg(this._group, 'rect', {
      x: short(x),
      y: short(height < 0 ? y + height : y),
      width: short(Math.abs(width)),
      height: short(Math.abs(height)),
      fill: ink.color,
      'fill-opacity': ink.opacity
    });
  }

  text([x, y]: Place, text: string, ink: Ink, sizePixels: number): void {
    addSvg(
      this._group,
      'text',
      {
        x: short(x),
        y: short(y),
        fill: ink.color,
        'font-family': 'sans-serif',
        'font-size': sizePixels,
        'text-anchor': 'middle'
      },
      text
    );
  }
}

/** Add an element to a picture. What it says is a text, never markup. */
export function addSvg(
  parent: Element,
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  text?: string
): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, String(value));
  }
  if (text !== undefined) {
    element.textContent = text;
  }
  parent.appendChild(element);
  return element;
}

function pathOf(places: readonly Place[]): string {
  return places.map(([x, y], place) => `${place === 0 ? 'M' : 'L'}${short(x)} ${short(y)}`).join('');
}

/** A number of pixels: more digits than a hundredth are not seen. */
function short(pixels: number): number {
  return Math.round(pixels * 100) / 100;
}
