import type { RunBrowserModel } from '../../model/runBrowserModel';
import type { Item } from '../../model/runBrowserSelection';

/** What a key may need of the list. */
export interface KeyContext {
  model: RunBrowserModel;
  /** How many lines a page has. */
  pageLines: number;
  /** Scroll a line into sight. */
  reveal: (index: number) => void;
  onOpen: (item: Item) => void;
  onSearch: () => void;
  lineOf: (index: number) => HTMLElement | null;
}

/**
 * Answer a key that was pressed in the list.
 *
 * F2, Delete and other keys of commands are JupyterLab's shortcuts, so that users can change them.
 */
export function handleKey(event: KeyboardEvent, context: KeyContext): void {
  if (event.altKey || !answer(event, context)) {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

/** Return whether the key had a meaning. */
function answer(event: KeyboardEvent, context: KeyContext): boolean {
  const { model } = context;
  const { items, selection } = model;
  const active = selection.active === null ? -1 : items.indexOf(selection.active);
  const item = items.at(active);
  const isControl = event.ctrlKey || event.metaKey;
  const goTo = (index: number): boolean => {
    const target = Math.max(0, Math.min(items.length - 1, index));
    move(target, event.shiftKey, isControl, context);
    return true;
  };
  switch (event.key) {
    case 'ArrowDown':
      return goTo(active + 1);
    case 'ArrowUp':
      return goTo(active < 0 ? 0 : active - 1);
    case 'PageDown':
      return goTo(active + context.pageLines);
    case 'PageUp':
      return goTo(active - context.pageLines);
    case 'Home':
      return goTo(0);
    case 'End':
      return goTo(items.length - 1);
    case 'ArrowRight':
      return item?.kind === 'experiment' && setOpen(context, item, true);
    case 'ArrowLeft':
      return closeOrGoUp(context, item, active);
    case ' ':
      return toggle(context, item);
    case 'Enter':
      if (item === null || item.kind === 'gap') {
        return false;
      }
      if (item.kind === 'experiment') {
        return setOpen(context, item, !item.isOpen);
      }
      context.onOpen(item);
      return true;
    case 'a':
      if (isControl) {
        model.selectAll();
      }
      return isControl;
    case 'Escape':
      model.select(chosen => chosen.clear());
      return true;
    case '/':
      context.onSearch();
      return true;
    case 'ContextMenu':
      return openMenu(context, active);
    case 'F10':
      return event.shiftKey && openMenu(context, active);
    default:
      return false;
  }
}

function move(index: number, isExtending: boolean, isKeeping: boolean, context: KeyContext): void {
  const { model } = context;
  const item = model.items.at(index);
  if (item === null) {
    return;
  }
  model.select(chosen => {
    if (isExtending) {
      chosen.extend(model.items, index);
    } else if (isKeeping) {
      chosen.activate(item.key);
    } else {
      chosen.pick(item);
    }
  });
  context.reveal(index);
}

function toggle(context: KeyContext, item: Item | null): boolean {
  if (item?.kind === 'experiment') {
    return setOpen(context, item, !item.isOpen);
  }
  if (item !== null) {
    context.model.select(chosen => chosen.toggle(item));
  }
  return true;
}

function setOpen(context: KeyContext, item: Item & { kind: 'experiment' }, isOpen: boolean): boolean {
  void context.model.setOpen(item.experiment.experiment_id, isOpen);
  return true;
}

/** Close an experiment; from a run, go to its experiment. */
function closeOrGoUp(context: KeyContext, item: Item | null, active: number): boolean {
  if (item?.kind === 'experiment') {
    return setOpen(context, item, false);
  }
  for (let index = active - 1; index >= 0 && context.model.isTree; index -= 1) {
    if (context.model.items.at(index)?.kind === 'experiment') {
      move(index, false, false, context);
      return true;
    }
  }
  return false;
}

/** Open the context menu at the line with the keyboard, as a right click on it would. */
function openMenu(context: KeyContext, active: number): boolean {
  const line = context.lineOf(active);
  if (line === null) {
    return false;
  }
  const { left, bottom } = line.getBoundingClientRect();
  const at = { bubbles: true, cancelable: true, clientX: left + 24, clientY: bottom - 4 };
  line.dispatchEvent(new MouseEvent('contextmenu', at));
  return true;
}
