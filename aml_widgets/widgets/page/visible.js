// Tells the kernel which cards are seen, so that nothing is drawn that nobody sees. The places of one page report together.
const AML_VISIBLE_MS = 100;
aml.seen = new Map(); // by place: ids of cards

aml.starters.push(({ model, root, send }) => {
  const place = aml.newId();
  const cards = new Map(); // element: whether it meets the window
  let timer = 0;
  let isScanDue = true;
  const idOf = (card) => /(?:^|\s)aml-card-id-(\S+)/.exec(card.className)?.[1];
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) if (cards.has(entry.target)) cards.set(entry.target, entry.isIntersecting);
    later();
  // A little before it comes into sight; scrollMargin is for the notebook's own scrolling, where browsers know it.
  }, { rootMargin: "200px 0px", scrollMargin: "200px 0px" });
  const scan = () => {
    isScanDue = false;
    const now = new Set(aml.ours(root, ".aml-card"));
    for (const card of cards.keys()) if (!now.has(card)) { observer.unobserve(card); cards.delete(card); }
    for (const card of now) if (!cards.has(card)) { cards.set(card, false); observer.observe(card); }
  };
  const report = () => {
    timer = 0;
    if (isScanDue) scan();
    // Records that wait are told only once, so they are taken in, not dropped.
    for (const entry of observer.takeRecords()) if (cards.has(entry.target)) cards.set(entry.target, entry.isIntersecting);
    const isShown = (card) => !document.hidden && getComputedStyle(card).visibility !== "hidden";
    aml.seen.set(place, new Set([...cards].filter(([card, meets]) => meets && isShown(card)).map(([card]) => idOf(card)).filter(Boolean)));
    tell();
  };
  const tell = () => {
    const all = JSON.stringify([...new Set([...aml.seen.values()].flatMap((ids) => [...ids]))].sort());
    if (all === aml.seenSent) return;
    aml.seenSent = all;
    send("visible", aml.pageId, all, { isQuiet: true });
  };
  const later = () => { timer ||= setTimeout(report, AML_VISIBLE_MS); };
  const changes = new MutationObserver((records) => {
    const holdsCard = (node) => node instanceof HTMLElement && (node.matches(".aml-card") || node.querySelector(".aml-card"));
    // An element is put on the page before it gets its classes, so a card shows itself as one by a change of its class.
    const isNew = ({ type, target, addedNodes, removedNodes }) =>
      type === "attributes" ? target.matches(".aml-card") && !cards.has(target) : [...addedNodes, ...removedNodes].some(holdsCard);
    if (records.some(isNew)) { isScanDue = true; later(); }
  });
  const onMessage = (content) => { if (content.ask === "visible") { aml.seenSent = undefined; later(); } };
  changes.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
  root.addEventListener("aml-tab", later);
  document.addEventListener("visibilitychange", later);
  model.on("msg:custom", onMessage);
  scan();
  later();
  return () => {
    observer.disconnect();
    changes.disconnect();
    clearTimeout(timer);
    root.removeEventListener("aml-tab", later);
    document.removeEventListener("visibilitychange", later);
    model.off("msg:custom", onMessage);
    aml.seen.delete(place);
    tell();
  };
});
