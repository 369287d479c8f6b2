// Tooltips of a confusion matrix, written when the pointer comes: for a hundred classes they would be a megabyte of HTML.
aml.starters.push(({ root }) => {
  const onOver = (event) => {
    const cell = event.target instanceof Element ? event.target.closest(".aml-matrix td") : null;
    if (!cell || cell.title || cell.closest(".aml-run") !== root) return;
    const row = cell.parentElement;
    const heads = cell.closest("table").tHead.rows[0].cells;
    const text = (head) => head?.title || head?.textContent || "";
    const value = [...cell.childNodes].map((node) => node.textContent.trim()).filter(Boolean).join(" · ") || "0";
    const isTotal = cell.classList.contains("aml-total");
    if (isTotal && cell === row.lastElementChild) cell.title = `true ${text(row.cells[0])}: ${value}`;
    else if (isTotal) cell.title = `predicted ${text(heads[cell.cellIndex])}: ${value}`;
    else cell.title = `true ${text(row.cells[0])}, predicted ${text(heads[cell.cellIndex])}: ${value}`;
  };
  root.addEventListener("pointerover", onOver);
  return () => root.removeEventListener("pointerover", onOver);
});
