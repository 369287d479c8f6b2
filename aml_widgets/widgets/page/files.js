// Copying, which needs no kernel: the text of data-aml-with, or of the .aml-copied nearest to the button.
aml.local["copy-text"] = async (element) => {
  const given = element.getAttribute("data-aml-with");
  const text = given ?? element.closest(".aml-copyable")?.querySelector(".aml-copied")?.textContent ?? "";
  let isCopied = false;
  try {
    await navigator.clipboard.writeText(text);
    isCopied = true;
  } catch { // no secure address, or not allowed: the old way
    const field = document.createElement("textarea");
    field.value = text;
    field.style.cssText = "position:fixed;opacity:0";
    document.body.append(field);
    field.select();
    isCopied = document.execCommand("copy");
    field.remove();
    element.focus();
  }
  const label = element.getAttribute("aria-label");
  element.setAttribute("data-aml-copied", isCopied ? "Copied" : "Not copied");
  element.setAttribute("aria-label", isCopied ? "Copied" : "Not copied");
  clearTimeout(element.amlTimer);
  element.amlTimer = setTimeout(() => {
    element.removeAttribute("data-aml-copied");
    element.setAttribute("aria-label", element.amlLabel);
  }, 1500);
  element.amlLabel ??= label ?? "";
};
