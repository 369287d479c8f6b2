/** How many colours tell lines apart at a glance; more than these are made by turning the hue. */
export const PALETTE_SIZE = 10;

const GOLDEN_ANGLE_DEGREES = 137.508;
const HUE_COUNT = 97;

/** The colour of the line at a place, in CSS. Both themes give it a shade that is read on their background. */
export function colorOf(index: number): string {
  return index < PALETTE_SIZE ? `var(--jp-aml-line-color${index})` : hueColor(index);
}

/** The colour of a run, the same wherever and whenever the run is drawn. */
export function stableColor(runId: string): string {
  let hash = 0;
  for (const character of runId) {
    hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  }
  return hueColor(hash % HUE_COUNT);
}

/** Say what a colour in CSS, which may name variables, is on a page now. Canvases know no variables. */
export function resolveColor(host: Element, color: string): string {
  const probe = document.createElement('span');
  probe.style.color = color;
  probe.style.display = 'none';
  host.appendChild(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return plainColor(resolved);
}

/** Write `color(srgb …)`, which a mixed colour becomes, so that programs that show a saved SVG know it, too. */
export function plainColor(color: string): string {
  const found = /^color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)(?: \/ ([\d.e-]+))?\)$/.exec(color);
  if (found === null) {
    return color;
  }
  const [red, green, blue] = found.slice(1, 4).map(part => Math.round(Math.max(0, Math.min(1, Number(part))) * 255));
  return found[4] === undefined ? `rgb(${red}, ${green}, ${blue})` : `rgba(${red}, ${green}, ${blue}, ${found[4]})`;
}

function hueColor(index: number): string {
  const hue = Math.round((index * GOLDEN_ANGLE_DEGREES) % 360);
  return `hsl(${hue} var(--jp-aml-line-saturation) var(--jp-aml-line-lightness))`;
}
