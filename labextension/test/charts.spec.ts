import { plainColor } from '../src/view/charts/colors';
import { extentOf } from '../src/view/charts/extent';
import { paintSeries, type Frame } from '../src/view/charts/paint';
import { pointOf, spokenPoint, stepTo } from '../src/view/charts/reading';
import { SvgSurface } from '../src/view/charts/surfaces';
import { timeTexts, timeTicks } from '../src/view/charts/ticks';
import type { ChartProps, ChartSeries } from '../src/view/charts/types';
import { Viewport } from '../src/view/charts/viewport';

function line(change: Partial<ChartSeries> = {}): ChartSeries {
  return { key: 'loss', label: 'loss', color: 'red', xs: [0, 1, 2, 3], ys: [4, null, 2, 1], ...change };
}

function chart(change: Partial<ChartProps> = {}): ChartProps {
  return {
    series: [line()],
    xLabel: 'step',
    isLogX: false,
    isLogY: false,
    xKind: 'number',
    height: 100,
    ariaLabel: 'a chart',
    ...change
  };
}

describe('what is seen of a chart', () => {
  it('is all of it until somebody zooms, and y follows what lies inside', () => {
    const view = new Viewport(chart());
    expect(view.x).toEqual([0, 3]);
    expect(view.show([2, 3])).toBe(true);
    expect(view.x).toEqual([2, 3]);
    expect(view.y[0]).toBeCloseTo(0.95);
    expect(view.y[1]).toBeCloseTo(2.05);
  });

  it('keeps a zoom along y while it is moved along x', () => {
    const view = new Viewport(chart());
    view.show([0, 1.5], [1, 2]);
    view.pan(0.5);
    expect(view.x).toEqual([0.75, 2.25]);
    expect(view.y).toEqual([1, 2]);
    view.pan(0, 0.5);
    expect(view.y).toEqual([1.5, 2.5]);
  });

  it('never goes beyond the ends', () => {
    const view = new Viewport(chart());
    view.show([2, 3]);
    expect(view.pan(5)).toBe(true);
    expect(view.x).toEqual([2, 3]);
    view.zoomBy(0.1);
    expect(view.isZoomed).toBe(false);
  });

  it('zooms about a value of a logarithmic axis', () => {
    const view = new Viewport(chart({ isLogX: true, series: [line({ xs: [1, 10, 100, 10_000] })] }));
    view.zoomBy(2, 100);
    expect(view.x[0]).toBeCloseTo(10);
    expect(view.x[1]).toBeCloseTo(1_000);
  });

  it('grows with the lines where only y is zoomed', () => {
    const view = new Viewport(chart());
    view.show([0, 3], [1, 2]);
    view.measure(chart({ series: [line({ xs: [0, 1, 2, 9] })] }));
    expect(view.x).toEqual([0, 9]);
    expect(view.y).toEqual([1, 2]);
  });

  it('forgets a zoom in the units of another axis', () => {
    const view = new Viewport(chart());
    view.show([1, 2], [1, 2]);
    view.measure(chart({ xKind: 'time', xLabel: 'time' }));
    expect(view.isZoomed).toBe(false);
  });

  it('cannot be nearer than numbers are told apart', () => {
    const view = new Viewport(chart({ series: [line({ xs: [1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3] })] }));
    expect(view.show([1e9, 1e9 + 1e-9])).toBe(false);
    expect(view.isZoomed).toBe(false);
  });
});

describe('the keyboard', () => {
  const other = line({ key: 'val', label: 'val', xs: [0, 2.2], ys: [7, 8] });

  it('reads point by point and passes over gaps', () => {
    const first = stepTo([line()], null, { points: 1, lines: 0 }, [0, 3]);
    expect(first).toEqual({ key: 'loss', place: 0 });
    const next = stepTo([line()], first, { points: 1, lines: 0 }, [0, 3]);
    expect(next).toEqual({ key: 'loss', place: 2 });
    const last = stepTo([line()], { key: 'loss', place: 3 }, { points: 1, lines: 0 }, [0, 3]);
    expect(last).toEqual({ key: 'loss', place: 3 });
  });

  it('begins at the end that it comes from, within what is seen', () => {
    expect(stepTo([line()], null, { points: -1, lines: 0 }, [0, 2.5])).toEqual({ key: 'loss', place: 2 });
  });

  it('goes to the nearest place of the next line, not to what is only behind', () => {
    const behind = line({ key: 'raw', isFaint: true });
    const series = [behind, line(), other];
    const next = stepTo(series, { key: 'loss', place: 2 }, { points: 0, lines: 1 }, [0, 3]);
    expect(next).toEqual({ key: 'val', place: 1 });
    const point = pointOf(series, next);
    expect(point && spokenPoint(point, { label: 'step', kind: 'number' })).toBe('step 2.2: val 8');
    expect(stepTo(series, next, { points: 0, lines: 1 }, [0, 3])?.key).toBe('loss');
  });

  it('has nothing to read where there is nothing', () => {
    expect(stepTo([line({ ys: [null, null, null, null] })], null, { points: 1, lines: 0 }, [0, 3])).toBeNull();
    expect(pointOf([], { key: 'loss', place: 0 })).toBeNull();
  });
});

describe('times of day', () => {
  const noon = new Date(2026, 10, 21, 12, 0, 0).getTime() / 1000;

  it('stand at round places, with the day below the first one', () => {
    const ticks = timeTicks(noon + 7, noon + 3600, 6);
    expect(ticks.map(tick => tick - noon)).toEqual([600, 1200, 1800, 2400, 3000, 3600]);
    expect(timeTexts(ticks).slice(0, 2)).toEqual(['12:10\n2026-11-21', '12:20']);
  });

  it('tell the day again after midnight', () => {
    const texts = timeTexts(timeTicks(noon + 11 * 3600, noon + 13 * 3600, 4));
    expect(texts.filter(text => text.includes('\n'))).toEqual(['23:00\n2026-11-21', '00:00\n2026-11-22']);
  });

  it('have as many digits as are needed', () => {
    expect(timeTexts(timeTicks(noon, noon + 20, 4))[1]).toBe('12:00:05');
    expect(timeTexts(timeTicks(noon, noon + 0.02, 4))[1]).toBe('12:00:00.005');
  });

  it('are days where there are many', () => {
    const texts = timeTexts(timeTicks(noon, noon + 10 * 86_400, 5));
    expect(texts).toEqual(['2026-11-23', '2026-11-25', '2026-11-27', '2026-11-29', '2026-12-01']);
    // Somebody who goes on sees the same ones.
    expect(timeTexts(timeTicks(noon + 86_400, noon + 11 * 86_400, 5)).slice(0, 5)).toEqual(texts);
  });
});

describe('a picture of a chart', () => {
  const frame: Frame = {
    left: 0,
    top: 0,
    width: 300,
    height: 100,
    isLogX: false,
    isLogY: false,
    xOf: value => value * 100,
    yOf: value => 100 - value * 10
  };
  const paint = (series: ChartSeries[], marks: ChartProps['marks'] = []): SVGElement => {
    const group = document.createElementNS('http://www.w3.org/2000/svg', 'g');
    paintSeries(new SvgSurface(group), frame, series, marks, {
      lines: series.map(() => 'red'),
      axis: 'grey',
      grid: 'silver',
      warn: 'orange'
    });
    return group;
  };

  it('has a line for each part without gaps, and a dot where a point is alone', () => {
    const group = paint([line({ xs: [0, 1, 2, 3], ys: [4, null, 2, 1] })]);
    expect(group.querySelector('path')?.getAttribute('d')).toBe('M200 80L300 90');
    expect([...group.querySelectorAll('circle')].map(dot => dot.getAttribute('cx'))).toEqual(['0', '200', '300']);
  });

  it('marks what is not finite, in words', () => {
    const group = paint(
      [line()],
      [
        { x: 1, kind: 'nan' },
        { x: 2, kind: 'minus' }
      ]
    );
    expect([...group.querySelectorAll('text')].map(text => text.textContent)).toEqual(['NaN', '−∞']);
  });

  it('fills a band between its breaks', () => {
    const series = line({ lows: [3, null, 1, 0], highs: [5, null, 3, 2] });
    const bands = [...paint([series]).querySelectorAll('path[fill="red"]')];
    expect(bands.map(band => band.getAttribute('d'))).toEqual(['M0 50L0 70Z', 'M200 70L300 80L300 100L200 90Z']);
  });

  it('takes nothing to a logarithmic axis that has no place there', () => {
    expect(extentOf([-1, 0, 2, null, Infinity], true)).toEqual([2, 2]);
  });
});

describe('a colour that is mixed', () => {
  it('is written so that every program knows it', () => {
    expect(plainColor('color(srgb 1 0.5 0)')).toBe('rgb(255, 128, 0)');
    expect(plainColor('color(srgb 0.2 0.2 1.2 / 0.5)')).toBe('rgba(51, 51, 255, 0.5)');
    expect(plainColor('rgb(1, 2, 3)')).toBe('rgb(1, 2, 3)');
  });
});
