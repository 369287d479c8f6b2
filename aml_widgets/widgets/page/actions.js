// What controls ask for, of the browser (data-aml-local) and of the kernel (data-aml-do).
const AML_TYPING_MS = 200;
const AML_SLIDING_MS = 100;

aml.starters.push(({ root, send }) => {
  const later = new Map(); // by control: {timer, inFlight, next}
  const keyOf = (element) => element.getAttribute("data-aml-key") || `${element.getAttribute("data-aml-do")} ${element.getAttribute("data-aml-with")}`;
  const valueOf = (element) => (element.type === "checkbox" ? (element.checked ? "1" : "") : element.value ?? "");
  const ask = (element, value, onDone) => send(element.getAttribute("data-aml-do"), element.getAttribute("data-aml-with"), value, { element, onDone });
  const doLocally = (element, event) => {
    const name = element.getAttribute("data-aml-local");
    if (name) aml.local[name]?.(element, event, root);
  };
  const laterOf = (element) => {
    if (!later.has(keyOf(element))) later.set(keyOf(element), { timer: 0, inFlight: false, next: null, sentAt: 0 });
    return later.get(keyOf(element));
  };
  // Of what is typed or slid, only the newest is worth an answer: one question at a time, the next when that is answered.
  const askNewest = (one) => {
    clearTimeout(one.timer);
    one.timer = 0;
    if (!one.next || one.inFlight) return;
    const { element, value } = one.next;
    one.next = null;
    one.inFlight = true;
    one.sentAt = performance.now();
    ask(element, value, () => { one.inFlight = false; askNewest(one); });
  };
  const onInput = (event) => {
    const element = event.target;
    if (!aml.isOurs(root, element)) return;
    if (element.matches("[data-aml-shows]")) {
      const text = element.getAttribute("data-aml-shows").replaceAll("{}", element.value);
      element.setAttribute("aria-valuetext", text);
      const output = element.parentElement.querySelector("output");
      if (output) output.textContent = text;
    }
    if (element.matches("select, [type=checkbox], [type=radio]")) return;
    doLocally(element, event);
    if (!element.matches("[data-aml-do]")) return;
    const one = laterOf(element);
    one.next = { element, value: element.value };
    if (element.type === "range") {
      if (!one.timer) one.timer = setTimeout(() => askNewest(one), Math.max(0, AML_SLIDING_MS - (performance.now() - one.sentAt)));
    } else {
      clearTimeout(one.timer);
      one.timer = setTimeout(() => askNewest(one), AML_TYPING_MS);
    }
  };
  const onChange = (event) => {
    const element = event.target;
    if (!aml.isOurs(root, element) || !element.matches("input, select, textarea")) return;
    if (element.matches("select, [type=checkbox], [type=radio]")) {
      doLocally(element, event);
      if (element.matches("[data-aml-do]")) ask(element, valueOf(element));
    } else if (element.matches("[data-aml-do]")) {
      askNewest(laterOf(element)); // let go of, or left: at once
    }
  };
  const onClick = (event) => {
    if (!aml.isOurs(root, event.target)) return;
    const element = event.target.closest("[data-aml-do], [data-aml-local]");
    if (!element || !aml.isOurs(root, element) || element.matches("select, input, textarea, :disabled, [aria-disabled=true]")) return;
    if (element.hasAttribute("data-aml-confirm") && !element.amlIsConfirmed) return; // popovers.js asks first
    element.amlIsConfirmed = false;
    doLocally(element, event);
    if (element.matches("[data-aml-do]")) ask(element, element.getAttribute("data-aml-value") ?? "");
  };
  const onKey = (event) => {
    const element = event.target;
    if (!aml.isOurs(root, element)) return;
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !(event.shiftKey && event.key === "Enter");
    // Else a letter here is a shortcut of the notebook, and "x" cuts the cell.
    if (isPlain && element.matches("button, select, input, textarea, summary, a, [tabindex]")) event.stopPropagation();
    if (!isPlain) return;
    if (event.key === "Enter" && element.matches("input[data-aml-do]")) {
      if (later.has(keyOf(element))) askNewest(later.get(keyOf(element)));
    } else if ((event.key === "Enter" || event.key === " ") && element.matches("[data-aml-do], [data-aml-local]")
      && !element.matches("button, a, input, select, textarea, summary")) {
      event.preventDefault();
      element.click();
    }
  };
  const heard = [["click", onClick], ["input", onInput], ["change", onChange], ["keydown", onKey]];
  for (const [name, listener] of heard) root.addEventListener(name, listener);
  return () => {
    for (const [name, listener] of heard) root.removeEventListener(name, listener);
    for (const one of later.values()) clearTimeout(one.timer);
  };
});
