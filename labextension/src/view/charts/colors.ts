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
  return resolved;
}

function hueColor(index: number): string {
  const hue = Math.round((index * GOLDEN_ANGLE_DEGREES) % 360);
  return `hsl(${hue} var(--jp-aml-line-saturation) var(--jp-aml-line-lightness))`;
}
