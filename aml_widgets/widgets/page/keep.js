// HTML of a panel is replaced as a whole when it changes. What the user did to it stays: focus, what was typed or chosen,
// what was unfolded, how far a box was scrolled (all by data-aml-key), and text that was selected.
aml.starters.push(({ root }) => {
  const kept = new Map(); // by key: what the kernel wrote, what the user made of it, and scroll: [top, left]
  const keyOf = (element) => element.getAttribute("data-aml-key");
  const read = (element) => {
    if (element instanceof HTMLDetailsElement) return element.open;
    if (element.type === "checkbox" || element.type === "radio") return element.checked;
    return element.matches("input, select, textarea") ? element.value : undefined;
  };
  const write = (element, value) => {
    if (element instanceof HTMLDetailsElement) element.open = value;
    else if (element.type === "checkbox" || element.type === "radio") element.checked = value;
    else if (element.value !== value) element.value = value;
  };
  const isText = (element) => element.matches("textarea, input:not([type=checkbox], [type=radio], [type=range])");
  const keptOf = (key) => {
    if (!kept.has(key)) kept.set(key, {});
    return kept.get(key);
  };
  let focused = null; // the element, also when it is no longer on the page
  let selected = null;

  const restore = (element) => {
    const one = keptOf(keyOf(element));
    const written = read(element);
    if (one.made !== undefined && written !== undefined) {
      // What comes while somebody types, or moves a slider, is of what they made before.
      const isTypedInto = (isText(element) || element.type === "range") && focused && keyOf(focused) === keyOf(element);
      // Where the kernel wrote what it had written before, it does not know better than the user.
      if (isTypedInto || written === one.written) write(element, one.made);
      else delete one.made;
    }
    one.written = written;
    if (one.scroll) [element.scrollTop, element.scrollLeft] = one.scroll;
  };
  const refocus = () => {
    if (!focused || focused.isConnected) return;
    const now = document.activeElement;
    if (now && now !== document.body && !now.contains(root)) { focused = null; return; } // the user went elsewhere
    const element = aml.byKey(root, keyOf(focused));
    if (!element) return;
    const before = focused;
    element.focus({ preventScroll: true });
    if (isText(element) && isText(before)) {
      try { element.setSelectionRange(before.selectionStart, before.selectionEnd, before.selectionDirection); } catch { /* a kind without */ }
    }
  };
  const offsetOf = (content, node, offset) => {
    const range = document.createRange();
    range.setStart(content, 0);
    range.setEnd(node, offset);
    return range.toString().length;
  };
  const placeOf = (content, offset) => {
    const walker = document.createTreeWalker(content, NodeFilter.SHOW_TEXT);
    let left = offset;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (left <= node.length) return [node, left];
      left -= node.length;
    }
    return null;
  };
  // Where the selected text stands now: where it was, as far from the end as it was, or where alone it is.
  const findText = (whole, { start, text, length }) => {
    const isAt = (place) => place >= 0 && whole.startsWith(text, place);
    for (const place of [start, start + whole.length - length]) if (isAt(place)) return place;
    const place = whole.indexOf(text);
    return place >= 0 && whole.indexOf(text, place + 1) < 0 ? place : -1;
  };
  const reselect = () => {
    const { content, text } = selected;
    const start = findText(content.textContent, selected);
    const from = start < 0 ? null : placeOf(content, start);
    const to = from && placeOf(content, start + text.length);
    if (to) document.getSelection().setBaseAndExtent(...from, ...to);
  };

  const keepUnfolded = (node) => {
    if (!(node instanceof HTMLElement)) return;
    for (const element of [node, ...node.querySelectorAll("details")]) {
      if (!element.matches("details[data-aml-key]")) continue;
      const one = kept.get(keyOf(element));
      if (one && element.open !== (one.made ?? one.written)) one.made = element.open;
    }
  };
  const observer = new MutationObserver((records) => {
    let isOurs = false;
    let isSelectionLost = false;
    // That something was unfolded is told later than it happens, and not at all once it is off the page.
    for (const { removedNodes } of records) for (const node of removedNodes) keepUnfolded(node);
    for (const record of records) {
      isSelectionLost ||= selected !== null && record.removedNodes.length > 0 && selected.content === record.target;
      for (const node of record.addedNodes) {
        if (!(node instanceof HTMLElement) || !aml.isOurs(root, node)) continue;
        const found = [...(node.matches("[data-aml-key]") ? [node] : []), ...node.querySelectorAll("[data-aml-key]")];
        for (const element of found) {
          if (!aml.isOurs(root, element)) continue;
          isOurs = true;
          restore(element);
        }
      }
    }
    const isLost = isSelectionLost && document.getSelection()?.isCollapsed !== false;
    if (isOurs) refocus();
    if (isLost) reselect(); // after the focus, which takes the selection along
    if (isOurs) root.dispatchEvent(new CustomEvent("aml-rewritten"));
  });

  const onMade = (event) => {
    const element = event.target;
    if (!aml.isOurs(root, element) || !element.matches("[data-aml-key]")) return;
    const made = read(element);
    if (made !== undefined) keptOf(keyOf(element)).made = made;
  };
  const onScroll = (event) => {
    const element = event.target;
    if (aml.isOurs(root, element) && element.matches("[data-aml-key]")) keptOf(keyOf(element)).scroll = [element.scrollTop, element.scrollLeft];
  };
  const onFocusIn = (event) => {
    focused = aml.isOurs(root, event.target) && event.target.matches("[data-aml-key]") ? event.target : null;
  };
  // An element that is taken off the page while it has the focus may tell that it loses it; then it is not the user's doing.
  const onFocusOut = (event) => queueMicrotask(() => {
    if (focused === event.target && focused.isConnected && document.activeElement !== focused) focused = null;
  });
  const onSelection = () => {
    const selection = document.getSelection();
    const range = selection?.rangeCount && !selection.isCollapsed ? selection.getRangeAt(0) : null;
    const inner = range && (range.commonAncestorContainer.parentElement ?? range.commonAncestorContainer);
    const content = inner && root.contains(inner) ? inner.closest?.(".widget-html-content") : null;
    selected = content && aml.isOurs(root, content) ? {
      content,
      start: offsetOf(content, range.startContainer, range.startOffset),
      text: range.toString(),
      length: content.textContent.length,
    } : null;
  };

  for (const element of aml.ours(root, "[data-aml-key]")) keptOf(keyOf(element)).written = read(element);
  observer.observe(root, { childList: true, subtree: true });
  const heard = [["input", onMade], ["change", onMade], ["toggle", onMade], ["scroll", onScroll], ["focusin", onFocusIn], ["focusout", onFocusOut]];
  for (const [name, listener] of heard) root.addEventListener(name, listener, true); // some of them do not bubble
  document.addEventListener("selectionchange", onSelection);
  return () => {
    observer.disconnect();
    for (const [name, listener] of heard) root.removeEventListener(name, listener, true);
    document.removeEventListener("selectionchange", onSelection);
  };
});
