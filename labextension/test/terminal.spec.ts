import { MAX_ROW_LENGTH, TerminalScreen } from '../src/model/terminal';
import { PLAIN, restyled } from '../src/model/terminalStyle';

function screenOf(...parts: string[]): TerminalScreen {
  const screen = new TerminalScreen();
  parts.forEach(part => {
    screen.feed(part);
  });
  return screen;
}

function textsOf(screen: TerminalScreen): string[] {
  return [...screen.takeFinished(), ...screen.rows].map(row => row.text);
}

describe('TerminalScreen', () => {
  it('shows a bar of progress as its last state', () => {
    expect(textsOf(screenOf('10%\r 20%\r100%\n', 'done'))).toEqual(['100%', 'done']);
  });

  it('keeps what a carriage return does not write over', () => {
    expect(textsOf(screenOf('abcdef\rXY'))).toEqual(['XYcdef']);
  });

  it('takes CR LF for one line end', () => {
    expect(textsOf(screenOf('one\r\ntwo'))).toEqual(['one', 'two']);
  });

  it('goes up, erases and writes anew', () => {
    expect(textsOf(screenOf('first\nsecond\n\x1b[2A\x1b[2Knew\n\x1b[1B'))).toEqual(['new', 'second', '']);
  });

  it('carries a colour and a cut sequence over to the next part', () => {
    const screen = screenOf('\x1b[3', '1mred\nstill', '\x1b[0m plain');
    const [first, second] = screen.rows;
    expect(first?.runs).toEqual([{ text: 'red', style: { ...PLAIN, foreground: 1 } }]);
    expect(second?.runs).toEqual([
      { text: 'still', style: { ...PLAIN, foreground: 1 } },
      { text: ' plain', style: PLAIN }
    ]);
  });

  it('drops titles and links, and shows other control characters by their pictures', () => {
    expect(textsOf(screenOf('\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x00\x07\x7f'))).toEqual(['ab␀␇␡']);
  });

  it('counts characters beyond 16 bits as one column', () => {
    expect(textsOf(screenOf('😀😀😀\rX'))).toEqual(['X😀😀']);
  });

  it('keeps the end of a line that never ends', () => {
    const screen = screenOf('a'.repeat(MAX_ROW_LENGTH), 'b');
    expect(screen.rows[0]?.length).toBe(MAX_ROW_LENGTH / 2);
    expect(screen.rows[0]?.text.endsWith('ab')).toBe(true);
    expect(screen.rows[0]?.cutLength).toBe(MAX_ROW_LENGTH / 2 + 1);
  });

  it('gives the same rows for the same text in any parts', () => {
    const text = 'a\x1b[32mgreen\x1b[0m\r\nprogress 1\rprogress 22\nüñ😀\n\x1b[1Aup\n';
    const whole = textsOf(screenOf(text));
    for (let at = 1; at < text.length; at++) {
      expect(textsOf(screenOf(text.slice(0, at), text.slice(at)))).toEqual(whole);
    }
  });
});

describe('restyled', () => {
  it.each([
    ['1;31', { isBold: true, foreground: 1 }],
    ['97;44', { foreground: 15, background: 4 }],
    ['38;5;208', { foreground: [255, 135, 0] }],
    ['38;2;1;2;3;4', { foreground: [1, 2, 3], isUnderlined: true }],
    ['48:2::9:8:7', { background: [9, 8, 7] }],
    ['38;5;999', {}],
    ['58;1', { isBold: true }],
    ['nonsense', {}]
  ])('reads %s', (parameters, expected) => {
    expect(restyled(PLAIN, parameters)).toEqual({ ...PLAIN, ...expected });
  });

  it('ends with 0 what was begun', () => {
    expect(restyled(restyled(PLAIN, '1;4;31;42'), '0')).toEqual(PLAIN);
  });
});
