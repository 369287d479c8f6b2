/** Characters that would not be seen, or that would change how the text beside them is read. */
// eslint-disable-next-line no-control-regex -- these are what is looked for
const UNSEEN = /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu;

/** Write a name that somebody else chose so that all of it is seen, and no more than `maxLength` characters of it. */
export function shownName(name: string, maxLength = 200): string {
  const shown = name.replace(UNSEEN, character => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return shortenMiddle(shown, maxLength);
}

/** The same where no element can keep the direction of writing apart, such as in an `<option>`. */
export function isolatedName(name: string, maxLength = 200): string {
  const shown = shownName(name, maxLength);
  // eslint-disable-next-line no-control-regex -- ASCII needs nothing
  return /^[\x00-\x7f]*$/.test(shown) ? shown : `\u2068${shown}\u2069`;
}

/** Cut out the middle of a text that is too long: both ends of a path tell most. */
export function shortenMiddle(text: string, maxLength: number): string {
  const characters = Array.from(text);
  if (characters.length <= maxLength) {
    return text;
  }
  const head = Math.ceil((maxLength - 1) / 2);
  return `${characters.slice(0, head).join('')}…${characters.slice(characters.length - (maxLength - 1 - head)).join('')}`;
}

/** Write a number of bytes as people read it: `312 B`, `1.4 kB`, `20.0 MB`. Steps are of 1,000. */
export function sizeText(sizeBytes: number): string {
  let size = sizeBytes;
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (size < 1000) {
      return `${size.toFixed(unit === 'B' || size >= 100 ? 0 : 1)} ${unit}`;
    }
    size /= 1000;
  }
  return `${size.toFixed(1)} TB`;
}

/** Write a span of time as `H:MM:SS`; below ten seconds with a tenth. */
export function durationText(seconds: number): string {
  if (seconds < 10) {
    return `${Math.max(0, seconds).toFixed(1)} s`;
  }
  const whole = Math.floor(seconds);
  const two = (value: number) => String(value % 60).padStart(2, '0');
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60))}:${two(whole)}`;
}

/** The last part of a path. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
