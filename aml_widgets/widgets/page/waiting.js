// What was asked of the kernel and is not answered yet: the control shows that it waits, and a notice says for what.
const AML_PATIENCE_MS = 300;

// Notices lie over the view and move nothing. Each has a name; said again, it changes.
aml.makeNotices = (root, place) => {
  const box = document.createElement("div");
  box.className = "aml-notices";
  box.setAttribute("role", "status");
  place.append(box);
  const shown = new Map();
  // The top of the view, or of what is seen of it.
  const settle = () => {
    let scroller = root.parentElement;
    while (scroller && !(/auto|scroll/.test(getComputedStyle(scroller).overflowY) && scroller.scrollHeight > scroller.clientHeight + 1)) scroller = scroller.parentElement;
    const view = root.getBoundingClientRect();
    const top = Math.max(0, scroller?.getBoundingClientRect().top ?? 0) - view.top;
    box.style.top = `${Math.max(0, Math.min(top, view.height - 60)) + 8}px`;
  };
  const drop = (name) => {
    shown.get(name)?.remove();
    shown.delete(name);
  };
  // look: good, bad, warn, busy or off. button: a text, with onButton; a notice that stays until it is closed has "Close".
  const say = (name, text, { look = "off", button = "", onButton } = {}) => {
    let notice = shown.get(name);
    if (!notice) {
      settle();
      notice = document.createElement("div");
      notice.append(document.createElement("span"));
      box.append(notice);
      shown.set(name, notice);
    }
    notice.className = `aml-notice aml-look-${look}`;
    if (notice.firstChild.textContent !== text) notice.firstChild.textContent = text;
    if ((notice.querySelector("button")?.textContent ?? "") !== button) {
      notice.querySelector("button")?.remove();
      if (button) {
        const close = document.createElement("button");
        close.type = "button";
        close.className = "aml-button";
        close.textContent = button;
        notice.append(close);
      }
    }
    if (button) notice.querySelector("button").onclick = () => { drop(name); onButton?.(); };
  };
  return { say, drop };
};

aml.makeAsking = ({ model, root, notices }) => {
  const view = aml.newId();
  const asked = new Map(); // by number
  let count = 0;
  const isGone = () => root.classList.contains("jupyter-widgets-disconnected");
  const nameOf = (element) => element?.getAttribute("aria-label") || element?.textContent?.trim().slice(0, 60) || "";
  const elementOf = (one) => (one.element?.isConnected || !one.key ? one.element : aml.byKey(root, one.key));
  const paint = () => {
    const late = [...asked.values()].filter((one) => one.isLate);
    const waiting = new Set(late.map(elementOf).filter(Boolean));
    for (const element of aml.ours(root, ".aml-waiting")) {
      if (waiting.has(element)) continue;
      element.classList.remove("aml-waiting");
      element.removeAttribute("aria-busy");
    }
    for (const element of waiting) {
      element.classList.add("aml-waiting");
      element.setAttribute("aria-busy", "true");
    }
    if (late.some((one) => !one.isHeard)) notices.say("busy", "The kernel is busy. The answer comes when its cell ends.", { look: "warn" });
    else notices.drop("busy");
  };
  const sayGone = (name) => notices.say("gone", `${name ? `\u201c${name}\u201d cannot be answered: t` : "T"}he kernel that showed this is gone.`, { look: "bad", button: "Close" });
  const settle = (number, error) => {
    const one = asked.get(number);
    if (!one) return;
    clearTimeout(one.timer);
    asked.delete(number);
    if (one.isLate) paint();
    if (error) notices.say(`error ${one.verb}`, `${one.name ? `\u201c${one.name}\u201d` : one.verb} failed. ${error}`, { look: "bad", button: "Close" });
    one.onDone?.(error);
  };
  const send = (verb, argument, value, { element, isQuiet = false, onDone } = {}) => {
    const name = nameOf(element);
    if (isGone()) {
      if (!isQuiet) sayGone(name);
      onDone?.("The kernel is gone.");
      return "";
    }
    const number = `${view} ${(count += 1)}`;
    const one = { verb, name, element, key: element?.getAttribute("data-aml-key"), isLate: false, isQuiet, onDone };
    const begunAt = performance.now();
    let isSecondLook = false;
    const look = () => {
      // Where the page itself was busy, the answer may be here already and not read yet.
      if (!isSecondLook && performance.now() - begunAt > AML_PATIENCE_MS + 50) {
        isSecondLook = true;
        one.timer = setTimeout(look, 50);
        return;
      }
      one.isLate = true;
      paint();
    };
    if (!isQuiet) one.timer = setTimeout(look, AML_PATIENCE_MS);
    asked.set(number, one);
    try {
      model.send({ n: number, shows: !isQuiet, page: aml.pageId, do: verb, with: String(argument ?? ""), value: String(value ?? "") });
    } catch (reason) { // no connection any more
      settle(number, String(reason?.message ?? reason));
    }
    return number;
  };
  const onMessage = (content) => {
    if (content.done !== undefined) settle(content.done, content.error);
    const one = asked.get(content.heard);
    if (!one) return;
    one.isHeard = true;
    if (one.isLate) paint();
  };
  const onGone = new MutationObserver(() => {
    if (!isGone() || !asked.size) return;
    const loud = [...asked.values()].find((one) => !one.isQuiet);
    for (const one of asked.values()) clearTimeout(one.timer);
    const all = [...asked.values()];
    asked.clear();
    paint();
    if (loud) sayGone(loud.name);
    for (const one of all) one.onDone?.("The kernel is gone.");
  });
  model.on("msg:custom", onMessage);
  root.addEventListener("aml-rewritten", paint);
  onGone.observe(root, { attributes: true, attributeFilter: ["class"] });
  const stop = () => {
    model.off("msg:custom", onMessage);
    root.removeEventListener("aml-rewritten", paint);
    onGone.disconnect();
    for (const one of asked.values()) clearTimeout(one.timer);
  };
  return { send, stop, isGone };
};
