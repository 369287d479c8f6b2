// The view of a child inside of its parent's: where the user was, they are again on the way back.
aml.starters.push(({ root }) => {
  let wasOpen = false;
  let key = null;
  let offset = 0;
  const isOurs = (element) => element?.closest?.(".aml-run") === root;
  const remember = (event) => {
    if (!isOurs(event.target) || root.classList.contains("aml-is-nesting")) return;
    const opener = event.target.closest('[data-aml-do="child-open"], [data-aml-do="child-parent"]');
    if (!opener) return;
    const button = opener.matches("tr") ? opener.querySelector(".aml-child-open") : opener;
    key = button?.getAttribute("data-aml-key") ?? null;
    offset = root.getBoundingClientRect().top;
  };
  const scroller = () => {
    for (let box = root.parentElement; box; box = box.parentElement)
      if (/auto|scroll/.test(getComputedStyle(box).overflowY) && box.scrollHeight > box.clientHeight) return box;
    return document.scrollingElement;
  };
  const moveBy = (pixels) => { if (Math.abs(pixels) > 1) scroller()?.scrollBy({ top: pixels, behavior: "instant" }); };
  // The bar with the way back is written after the view is said to be nesting.
  const focusBack = (tries = 60) => {
    const back = root.querySelector(":scope > .aml-nested .aml-nested-back");
    if (back) back.focus({ preventScroll: true });
    else if (tries > 0 && root.classList.contains("aml-is-nesting")) setTimeout(() => focusBack(tries - 1), 50);
  };
  const onChange = () => {
    const isOpen = root.classList.contains("aml-is-nesting");
    if (isOpen === wasOpen) return;
    wasOpen = isOpen;
    // Only for who was at it: another view of this run on the page must not take the focus.
    if (key === null) return;
    if (isOpen) {
      requestAnimationFrame(() => {
        const top = root.getBoundingClientRect().top, edge = scroller()?.getBoundingClientRect().top ?? 0;
        if (top < edge) moveBy(top - edge);
        focusBack();
      });
    } else {
      const was = key;
      key = null;
      requestAnimationFrame(() => {
        moveBy(root.getBoundingClientRect().top - offset);
        [...root.querySelectorAll("[data-aml-key]")]
          .find((one) => isOurs(one) && one.getAttribute("data-aml-key") === was)
          ?.focus({ preventScroll: true });
      });
    }
  };
  root.addEventListener("click", remember, true);
  const observer = new MutationObserver(onChange);
  observer.observe(root, { attributes: true, attributeFilter: ["class"] });
  return () => { root.removeEventListener("click", remember, true); observer.disconnect(); };
});
