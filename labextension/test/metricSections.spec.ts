import { arrange, nameFilter, WrongFilter } from '../src/model/metricSections';

const TITLES = { pinned: 'Pinned', others: 'Others' };
const NAMES = ['train/loss', 'lr', 'val/loss', 'train/acc', '/odd', 'odd/', 'val/x/y'];

describe('arrange', () => {
  it('makes sections by what stands before the first slash, names without one first', () => {
    const sections = arrange(NAMES, { pinned: [], collapsed: [] }, TITLES);
    expect(sections.map(({ title, names }) => [title, names])).toEqual([
      ['', ['lr', '/odd', 'odd/']],
      ['train', ['train/loss', 'train/acc']],
      ['val', ['val/loss', 'val/x/y']]
    ]);
  });

  it('puts pinned ones first, in the order of pinning, and folds what is folded', () => {
    const sections = arrange(NAMES, { pinned: ['val/loss', 'gone', 'lr'], collapsed: ['/train'] }, TITLES);
    expect(sections.map(({ title, isCollapsed }) => [title, isCollapsed])).toEqual([
      ['Pinned', false],
      ['Others', false],
      ['train', true],
      ['val', false]
    ]);
    expect(sections[0]?.names).toEqual(['val/loss', 'lr']);
  });

  it('shows what is looked for side by side', () => {
    const wanted = nameFilter('LOSS', false);
    const sections = arrange(NAMES, { pinned: [], collapsed: ['/train'], wanted }, TITLES);
    expect(sections.map(({ title, names }) => [title, names])).toEqual([['', ['train/loss', 'val/loss']]]);
  });
});

describe('nameFilter', () => {
  it('reads an expression', () => {
    expect(NAMES.filter(nameFilter('^(train|val)/l.{3}$', true))).toEqual(['train/loss', 'val/loss']);
  });

  it.each(['(', '[z-a]', '*'])('refuses %p, which is none', text => {
    expect(() => nameFilter(text, true)).toThrow(WrongFilter);
  });

  it.each(['(a+)+$', '(a|a)*b', '(.*)(.*)(.*)(.*)x', '(a)\\1', 'x'.repeat(201)])(
    'refuses %p, which may take for ever',
    text => {
      expect(() => nameFilter(text, true)).toThrow(WrongFilter);
    }
  );
});
