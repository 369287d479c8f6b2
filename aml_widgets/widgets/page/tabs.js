// Tabs: which one is shown is a matter of this view of the page, and the kernel only remembers it.
aml.starters.push(({ model, root, send }) => {
  const ours = (selector) => [...root.querySelectorAll(selector)].filter((one) => one.closest(".aml-run") === root);
  const show = (key) => {
    if (!key || !ours(`.aml-pane-${CSS.escape(key)}`).length) return;
    root.setAttribute("data-aml-tab", key);
    for (const pane of ours(".aml-pane")) pane.classList.toggle("aml-is-shown", pane.classList.contains(`aml-pane-${key}`));
    mark();
  };
  const mark = () => {
    const key = root.getAttribute("data-aml-tab");
    for (const tab of ours(".aml-tab")) {
      const isShown = tab.getAttribute("data-aml-tab") === key;
      tab.setAttribute("aria-selected", String(isShown));
      tab.tabIndex = isShown ? 0 : -1;
    }
  };
  const onClick = (event) => {
    const tab = event.target.closest?.(".aml-tab");
    if (!tab || tab.closest(".aml-run") !== root) return;
    show(tab.getAttribute("data-aml-tab"));
    send("tab", "", tab.getAttribute("data-aml-tab"));
  };
  root.addEventListener("click", onClick);
  show(model.get("tab") || ours(".aml-tab")[0]?.getAttribute("data-aml-tab"));
  const observer = new MutationObserver(mark);
  const bar = ours(".aml-tabbar")[0];
  if (bar) observer.observe(bar, { childList: true, subtree: true });
  return () => { root.removeEventListener("click", onClick); observer.disconnect(); };
});
