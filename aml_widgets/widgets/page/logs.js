// Logs: staying at the end or at one's place, search, wrap and line numbers. All of it works while the kernel is busy.
aml.logViews = new WeakMap(); // by the view's element
aml.logHighlights = (name) => {
  if (typeof Highlight === "undefined" || !CSS.highlights) return null; // then whole lines are marked
  if (!CSS.highlights.has(name)) CSS.highlights.set(name, new Highlight());
  return CSS.highlights.get(name);
};
aml.LogView = class {
  constructor(root, send) {
    this.root = root;
    this.send = send;
    this.isAtEnd = true;
    this.anchor = null;
    this.query = "";
    this.matches = [];
    this.current = -1;
    this.observer = new MutationObserver((records) => this.onChange(records));
    this.onScroll = (event) => { if (event.target === this.scroller) this.noteScroll(); };
    this.onInput = (event) => { if (this.isOurs(event.target, "log-search")) this.search(event.target.value); };
    this.onKey = (event) => this.onKeydown(event);
    this.onPick = (event) => { if (event.target.matches?.('[data-aml-do="log-pick"]') && event.target.closest(".aml-run") === root) this.goToEnd(); };
    root.addEventListener("scroll", this.onScroll, { capture: true, passive: true });
    root.addEventListener("input", this.onInput);
    root.addEventListener("keydown", this.onKey, true);
    root.addEventListener("change", this.onPick);
    this.waiting = setInterval(() => this.attach(), 250);
    this.attach();
  }
  stop() {
    clearInterval(this.waiting);
    clearTimeout(this.searching);
    this.observer.disconnect();
    this.forget();
    this.root.removeEventListener("scroll", this.onScroll, { capture: true });
    this.root.removeEventListener("input", this.onInput);
    this.root.removeEventListener("keydown", this.onKey, true);
    this.root.removeEventListener("change", this.onPick);
  }
  find(selector) {
    return [...this.root.querySelectorAll(selector)].find((one) => one.closest(".aml-run") === this.root);
  }
  isOurs(element, local) {
    return element.matches?.(`[data-aml-local="${local}"]`) && element.closest(".aml-run") === this.root;
  }
  // The panel is drawn after the page, and drawn anew when the notebook moves it.
  attach() {
    if (this.scroller?.isConnected) return;
    const panel = this.find(".aml-logs"), scroller = panel?.querySelector(".aml-log"), tools = panel?.querySelector(".aml-log-tools button");
    if (!scroller || !tools) return;
    this.panel = panel;
    this.scroller = scroller;
    this.frame = panel.querySelector(".aml-log-frame");
    scroller.tabIndex = 0;
    scroller.setAttribute("role", "region");
    scroller.setAttribute("aria-label", "Text of the log");
    scroller.setAttribute("data-lm-suppress-shortcuts", "true"); // the notebook would scroll itself
    scroller.scrollTop = 0;
    this.observer.disconnect();
    this.observer.observe(scroller, { childList: true, subtree: true, characterData: true });
    this.observer.observe(panel, { attributes: true, attributeFilter: ["class"] });
    this.observer.observe(panel.querySelector(".aml-log-bar"), { childList: true, subtree: true });
    this.isAtEnd = true;
    this.showState();
    this.showSizes();
  }
  lines() {
    return this.scroller ? this.scroller.querySelectorAll(".aml-log-block > .widget-html-content > div") : [];
  }
  lineAfter(block, number) {
    const lines = [...this.lines()];
    const first = lines.findIndex((line) => line.parentElement === block);
    return first < 0 ? null : lines[first + number] ?? null;
  }
  // The box is filled from its end: there scrollTop is 0, and less above it.
  noteScroll() {
    if (this.isWaiting || (this.anchor && this.scroller.scrollTop === this.ownTop)) return; // not the user's doing
    const wasAtEnd = this.isAtEnd;
    this.isAtEnd = Math.abs(this.scroller.scrollTop) < 4;
    this.keepPlace();
    if (wasAtEnd === this.isAtEnd) return;
    if (this.isAtEnd) this.frame.classList.remove("aml-log-has-news");
    this.showState();
    this.send("log-follow", "", this.isAtEnd ? "1" : "");
  }
  goToEnd() {
    if (!this.scroller) return;
    this.scroller.scrollTop = 0;
    this.scroller.scrollLeft = 0;
    this.isAtEnd = true;
    this.anchor = null;
    this.frame.classList.remove("aml-log-has-news");
    this.showState();
  }
  // Remember the first line in sight, and how far it is from the top.
  keepPlace() {
    this.anchor = null;
    if (this.isAtEnd) return;
    const top = this.scroller.getBoundingClientRect().top;
    const lines = this.lines();
    let low = 0, high = lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (lines[middle].getBoundingClientRect().bottom <= top) low = middle + 1; else high = middle;
    }
    const line = lines[low];
    if (!line) return;
    const block = line.parentElement;
    this.anchor = { line, block, number: [...block.children].indexOf(line), distance: line.getBoundingClientRect().top - top, below: -this.scroller.scrollTop };
  }
  onChange(records) {
    if (records.some((record) => record.target === this.panel)) this.showState();
    if (records.some((record) => record.target.closest?.(".aml-log-picker, .aml-log-sizes"))) this.showSizes();
    if (!records.some((record) => record.type === "childList" && this.scroller.contains(record.target))) return;
    if (this.isAtEnd) {
      if (this.scroller.scrollTop) this.scroller.scrollTop = 0;
    } else if (this.anchor) {
      const { block, number, distance, below } = this.anchor;
      // The block that still grows is written anew; its lines keep their places.
      // Those at its end may go over to the next block, which may not be drawn yet.
      const line = this.anchor.line.isConnected ? this.anchor.line : block.isConnected ? block.children[number] ?? this.lineAfter(block, number) : null;
      this.isWaiting = !line && Date.now() - (this.anchor.at ??= Date.now()) < 2000;
      if (line) {
        const moved = line.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top - distance;
        if (Math.abs(moved) > 0.5) this.scroller.scrollTop += moved;
        if (-this.scroller.scrollTop > below + 4) this.frame.classList.add("aml-log-has-news");
        // Not measured anew, or roundings would add up.
        this.anchor = { line, block: line.parentElement, number: [...line.parentElement.children].indexOf(line), distance, below: -this.scroller.scrollTop };
        this.ownTop = this.scroller.scrollTop;
      }
    }
    if (this.query) {
      clearTimeout(this.searching);
      this.searching = setTimeout(() => this.search(this.query, true), 200);
    }
  }
  showState() {
    const isOn = { "log-follow": this.isAtEnd && !this.panel.classList.contains("aml-log-held"), "log-wrap": this.panel.classList.contains("aml-log-wraps"), "log-numbers": this.panel.classList.contains("aml-log-numbered") };
    for (const [name, value] of Object.entries(isOn)) {
      const button = this.panel.querySelector(`[data-aml-local="${name}"]`);
      if (button && button.getAttribute("aria-pressed") !== String(value)) button.setAttribute("aria-pressed", String(value));
    }
  }
  showSizes() {
    const sizes = this.panel.querySelector("[data-aml-sizes]")?.getAttribute("data-aml-sizes").split("|") ?? [];
    const options = this.panel.querySelector(".aml-log-picker select")?.options ?? [];
    [...options].forEach((option, place) => {
      option.dataset.amlName ??= option.textContent;
      const text = sizes[place] ? `${option.dataset.amlName} (${sizes[place]})` : option.dataset.amlName;
      if (option.textContent !== text) option.textContent = text;
    });
  }
  toggle(name, className) {
    if (!this.panel) return;
    const value = !this.panel.classList.contains(className);
    const place = () => (this.isAtEnd ? null : this.anchor);
    const before = place();
    this.panel.classList.toggle(className, value);
    if (before?.line.isConnected) { // what was read stays in sight though all lines have other heights now
      this.scroller.scrollTop += before.line.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top - before.distance;
    }
    this.showState();
    this.send(name, "", value ? "1" : "");
  }
  follow() {
    if (!this.scroller) return;
    const wasFollowing = this.isAtEnd && !this.panel.classList.contains("aml-log-held");
    if (wasFollowing && this.scroller.scrollHeight > this.scroller.clientHeight + 40) {
      this.scroller.scrollTop = -20; // let go: the place stays from now on
      return; // the scrolling that follows tells the kernel
    }
    this.goToEnd();
    this.send("log-follow", "", "1");
  }
  search(query, isAgain = false) {
    this.forget();
    this.query = query;
    this.matches = [];
    if (query && this.scroller) {
      const pattern = new RegExp(query.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gi");
      for (const line of this.lines()) {
        const text = line.textContent;
        for (const match of text.matchAll(pattern)) {
          if (this.matches.length >= 10000) break;
          this.matches.push({ line, start: match.index, end: match.index + match[0].length });
        }
      }
    }
    const before = this.current;
    // While a new word is typed the last match is shown, since logs are read from their end.
    this.current = this.matches.length ? (isAgain && before >= 0 ? Math.min(before, this.matches.length - 1) : this.matches.length - 1) : -1;
    this.paint();
    if (!isAgain && this.current >= 0) this.reveal();
    this.say();
  }
  range(match) {
    const range = document.createRange();
    const walker = document.createTreeWalker(match.line, NodeFilter.SHOW_TEXT);
    let place = 0, hasStart = false;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const end = place + node.length;
      if (!hasStart && match.start < end) { range.setStart(node, match.start - place); hasStart = true; }
      if (hasStart && match.end <= end) { range.setEnd(node, match.end - place); break; }
      place = end;
    }
    return range;
  }
  forget() {
    for (const [name, range] of this.painted ?? []) aml.logHighlights(name)?.delete(range);
    for (const match of this.matches) match.line.classList.remove("aml-log-match", "aml-log-match-now");
    this.painted = [];
  }
  paint() {
    const add = (name, range) => { aml.logHighlights(name).add(range); this.painted.push([name, range]); };
    if (aml.logHighlights("aml-log-match")) {
      this.matches.forEach((match, place) => {
        match.range = this.range(match);
        add(place === this.current ? "aml-log-match-now" : "aml-log-match", match.range);
      });
    } else {
      this.matches.forEach((match) => match.line.classList.add("aml-log-match"));
      this.matches[this.current]?.line.classList.add("aml-log-match-now");
    }
  }
  go(steps) {
    if (!this.matches.length) return;
    this.forget();
    this.current = (this.current + steps + this.matches.length) % this.matches.length;
    this.paint();
    this.reveal();
    this.say();
  }
  reveal() {
    const match = this.matches[this.current];
    const range = match.range ?? this.range(match);
    const hidden = range.startContainer.parentElement?.closest("span[hidden]");
    if (hidden) { hidden.hidden = false; hidden.previousElementSibling?.setAttribute("aria-expanded", "true"); }
    const found = range.getBoundingClientRect(), box = this.scroller.getBoundingClientRect();
    if (found.top < box.top + 20 || found.bottom > box.bottom - 20) this.scroller.scrollTop += found.top - box.top - box.height / 2;
    if (found.left < box.left + 20 || found.right > box.right - 20) this.scroller.scrollLeft += found.left - box.left - box.width / 2;
  }
  say() {
    const output = this.panel?.querySelector(".aml-log-count");
    if (!output) return;
    const many = this.matches.length >= 10000 ? "10,000 and more" : this.matches.length.toLocaleString("en");
    const count = this.matches.length ? `${(this.current + 1).toLocaleString("en")} of ${many}` : "none";
    const isPart = this.panel.querySelector(".aml-log-before") || this.panel.classList.contains("aml-log-held");
    const text = this.query ? count + (isPart ? " in what is loaded" : "") : "";
    if (output.textContent !== text) output.textContent = text;
  }
  onKeydown(event) {
    if (!this.isOurs(event.target, "log-search")) return;
    if (event.key === "Enter") {
      this.go(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape") {
      event.target.value = "";
      this.search("");
    } else return;
    event.preventDefault();
    event.stopPropagation(); // not the cell's business
  }
};
aml.local["log-follow"] = (_element, _event, root) => aml.logViews.get(root)?.follow();
aml.local["log-wrap"] = (_element, _event, root) => aml.logViews.get(root)?.toggle("log-wrap", "aml-log-wraps");
aml.local["log-numbers"] = (_element, _event, root) => aml.logViews.get(root)?.toggle("log-numbers", "aml-log-numbered");
aml.local["log-previous"] = (_element, _event, root) => aml.logViews.get(root)?.go(-1);
aml.local["log-next"] = (_element, _event, root) => aml.logViews.get(root)?.go(1);
aml.local["log-end"] = (_element, _event, root) => {
  const view = aml.logViews.get(root);
  view?.goToEnd();
  view?.send("log-follow", "", "1");
  view?.scroller?.focus({ preventScroll: true }); // the button is gone
};
aml.local["log-long"] = (element) => {
  const rest = element.nextElementSibling;
  rest.hidden = !rest.hidden;
  element.setAttribute("aria-expanded", String(!rest.hidden));
};
aml.starters.push(({ root, send }) => {
  const view = new aml.LogView(root, send);
  aml.logViews.set(root, view);
  return () => { view.stop(); aml.logViews.delete(root); };
});
