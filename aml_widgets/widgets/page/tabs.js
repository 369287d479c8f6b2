// Tabs: which one is shown is a matter of this place of the view, and the kernel only remembers it.
aml.starters.push(({ model, root, send }) => {
  const name = `aml-${aml.newId()}`; // ids are of the whole document, where the view may be twice
  const tabs = () => aml.ours(root, ".aml-tab");
  const keyOf = (tab) => tab?.getAttribute("data-aml-tab");
  const paneOf = (key) => aml.ours(root, `.aml-pane-${CSS.escape(key)}`)[0];
  const mark = () => {
    const key = root.getAttribute("data-aml-tab");
    for (const tab of tabs()) {
      const isShown = keyOf(tab) === key;
      tab.setAttribute("aria-selected", String(isShown));
      tab.tabIndex = isShown ? 0 : -1;
      tab.id = `${name}-tab-${keyOf(tab)}`;
      const pane = paneOf(keyOf(tab));
      if (!pane) continue;
      pane.id = `${name}-pane-${keyOf(tab)}`;
      pane.setAttribute("role", "tabpanel");
      pane.setAttribute("aria-labelledby", tab.id);
      tab.setAttribute("aria-controls", pane.id);
    }
  };
  const show = (key) => {
    if (!key || !paneOf(key)) return false;
    root.setAttribute("data-aml-tab", key);
    for (const pane of aml.ours(root, ".aml-pane")) pane.classList.toggle("aml-is-shown", pane.classList.contains(`aml-pane-${key}`));
    mark();
    root.dispatchEvent(new CustomEvent("aml-tab", { detail: key }));
    return true;
  };
  const choose = (key) => {
    if (key !== root.getAttribute("data-aml-tab") && show(key)) send("tab", "", key, { isQuiet: true });
  };
  const onClick = (event) => {
    const tab = event.target.closest?.(".aml-tab");
    if (tab && aml.isOurs(root, tab)) choose(keyOf(tab));
    const link = event.target.closest?.("[data-aml-show-tab]"); // any control may open a tab
    if (link && aml.isOurs(root, link)) choose(link.getAttribute("data-aml-show-tab"));
  };
  const onKey = (event) => {
    const tab = event.target.closest?.(".aml-tab");
    if (!tab || !aml.isOurs(root, tab) || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = tabs();
    const place = all.indexOf(tab);
    const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = all[(to + all.length) % all.length];
    choose(keyOf(next));
    next.focus({ preventScroll: true });
  };
  root.addEventListener("click", onClick);
  root.addEventListener("keydown", onKey);
  root.addEventListener("aml-rewritten", mark);
  const first = aml.ours(root, ".aml-pane-first")[0];
  const firstKey = tabs().map(keyOf).find((key) => first?.classList.contains(`aml-pane-${key}`));
  show(model.get("tab")) || show(firstKey) || show(keyOf(tabs()[0]));
  return () => {
    root.removeEventListener("click", onClick);
    root.removeEventListener("keydown", onKey);
    root.removeEventListener("aml-rewritten", mark);
  };
});
