// A picture, shown large over the page: the browser's own dialog, so Escape closes it and the focus goes back.
aml.local["picture-open"] = (element, _event, root) => {
  const small = element.querySelector("img");
  if (!small) return;
  const dialog = document.createElement("dialog");
  dialog.className = "aml-large";
  dialog.setAttribute("aria-label", small.alt);
  dialog.setAttribute("data-lm-suppress-shortcuts", "true"); // keys are the dialog's, not the notebook's
  const picture = document.createElement("img");
  picture.src = small.src;
  picture.alt = small.alt;
  const caption = document.createElement("p");
  caption.textContent = element.getAttribute("data-aml-caption") ?? "";
  const close = document.createElement("button");
  close.type = "button";
  close.className = "aml-button";
  close.textContent = "Close";
  const bar = document.createElement("div");
  bar.append(caption, close);
  dialog.append(bar, picture);
  // Any click closes it: there is nothing else to click in it.
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (element.isConnected) element.focus({ preventScroll: true });
  });
  root.append(dialog);
  dialog.showModal();
};
