// Menus that close by themselves, and questions that are asked before something is done.
aml.starters.push(({ root, place }) => {
  const menus = (isOpen) => aml.ours(root, isOpen ? "details.aml-menu[open]" : "details.aml-menu");
  const close = (menu) => {
    const hadFocus = menu.contains(document.activeElement);
    menu.open = false;
    if (hadFocus) menu.querySelector("summary")?.focus({ preventScroll: true });
  };
  let question = null; // {box, element, key}
  const answer = (isYes) => {
    if (!question) return;
    const { box, key } = question;
    const hadFocus = box.contains(document.activeElement);
    const element = question.element.isConnected ? question.element : aml.byKey(root, key);
    question = null;
    box.remove();
    if (hadFocus) element?.focus({ preventScroll: true });
    if (!isYes || !element) return;
    element.amlIsConfirmed = true;
    element.click();
  };
  const ask = (element) => {
    answer(false);
    const box = document.createElement("div");
    box.className = "aml-question aml-look-warn";
    box.setAttribute("role", "alertdialog");
    const text = document.createElement("span");
    text.textContent = element.getAttribute("data-aml-confirm");
    box.setAttribute("aria-label", text.textContent);
    const [yes, no] = ["Yes", "No"].map((label) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "aml-button";
      button.textContent = label;
      button.addEventListener("click", (event) => { event.stopPropagation(); answer(label === "Yes"); });
      return button;
    });
    yes.classList.add("aml-is-danger");
    box.append(text, yes, no);
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") answer(false);
      if (event.key === "Tab") { // there are but two
        event.preventDefault();
        (document.activeElement === yes ? no : yes).focus();
      }
    });
    place.append(box);
    const at = element.getBoundingClientRect();
    const around = place.getBoundingClientRect();
    box.style.maxWidth = `${around.width - 16}px`;
    box.style.top = `${at.bottom - around.top + 4}px`;
    box.style.left = `${Math.max(8, Math.min(at.left - around.left, around.width - box.offsetWidth - 8))}px`;
    question = { box, element, key: element.getAttribute("data-aml-key") };
    no.focus({ preventScroll: true });
  };
  const onClick = (event) => {
    const element = event.target.closest?.("[data-aml-confirm]");
    if (element && aml.isOurs(root, element) && !element.disabled && !element.amlIsConfirmed) ask(element);
    const entry = event.target.closest?.(".aml-menu-entries :is(button, a)");
    const menu = entry?.closest(".aml-menu");
    if (menu && aml.isOurs(root, menu) && !menu.classList.contains("aml-stays")) close(menu);
  };
  const onPress = (event) => {
    for (const menu of menus(true)) if (!menu.contains(event.target)) menu.open = false;
    if (question && !question.box.contains(event.target)) answer(false);
  };
  const onToggle = (event) => {
    const menu = event.target;
    if (!(menu instanceof HTMLDetailsElement) || !menu.matches(".aml-menu[open]") || !aml.isOurs(root, menu)) return;
    menu.classList.remove("aml-to-left");
    const right = menu.querySelector(".aml-menu-entries")?.getBoundingClientRect().right ?? 0;
    menu.classList.toggle("aml-to-left", right > root.getBoundingClientRect().right - 4);
    for (const other of menus(true)) if (other !== menu && !other.contains(menu)) other.open = false;
  };
  const onKey = (event) => {
    const menu = event.target.closest?.("details.aml-menu[open]");
    if (!menu || !aml.isOurs(root, menu)) return;
    if (event.key === "Escape") close(menu);
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    if (event.target.matches("select, input")) return; // theirs
    const entries = [...menu.querySelectorAll("summary, .aml-menu-entries :is(button, a, input, select):not(:disabled)")];
    const next = entries[entries.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
    event.preventDefault();
    next?.focus();
  };
  // What had the focus may be gone, when its HTML was rewritten: then the key comes from around the view.
  const onEscape = (event) => {
    if (event.key === "Escape" && event.target instanceof Element && event.target.contains(root)) for (const menu of menus(true)) close(menu);
  };
  root.addEventListener("click", onClick, true); // before the kernel is asked
  root.addEventListener("toggle", onToggle, true);
  root.addEventListener("keydown", onKey);
  document.addEventListener("pointerdown", onPress, true);
  document.addEventListener("keydown", onEscape, true);
  return () => {
    root.removeEventListener("click", onClick, true);
    root.removeEventListener("toggle", onToggle, true);
    root.removeEventListener("keydown", onKey);
    document.removeEventListener("pointerdown", onPress, true);
    document.removeEventListener("keydown", onEscape, true);
  };
});
