export default {
  async render({ model, el }) {
    el.style.display = "none";
    // The view's element holds this one, but only once all its children are drawn.
    let root = null;
    for (let i = 0; !root && i < 200; i++) {
      root = el.closest(".aml-run");
      if (!root) await new Promise((resolve) => setTimeout(resolve, 25));
    }
    if (!root) return;
    let count = 0;
    const send = (verb, argument, value) => {
      count += 1;
      model.send({ n: count, do: verb, with: argument ?? "", value: value ?? "" });
      return count;
    };
    const isOurs = (target) => target instanceof Element && target.closest(".aml-run") === root;
    const onClick = (event) => {
      if (!isOurs(event.target)) return;
      const element = event.target.closest("[data-aml-do], [data-aml-local]");
      if (!element || element.matches("select, input")) return;
      const local = element.getAttribute("data-aml-local");
      if (local) aml.local[local]?.(element, event, root);
      const verb = element.getAttribute("data-aml-do");
      if (verb) send(verb, element.getAttribute("data-aml-with"));
    };
    const onChange = (event) => {
      if (!isOurs(event.target) || !event.target.matches("[data-aml-do]")) return;
      const element = event.target;
      const value = element.type === "checkbox" ? (element.checked ? "1" : "") : element.value;
      send(element.getAttribute("data-aml-do"), element.getAttribute("data-aml-with"), value);
    };
    root.addEventListener("click", onClick);
    root.addEventListener("change", onChange);
    const stops = aml.starters.map((start) => start({ model, root, send }));
    return () => {
      root.removeEventListener("click", onClick);
      root.removeEventListener("change", onChange);
      stops.forEach((stop) => stop?.());
    };
  },
};
