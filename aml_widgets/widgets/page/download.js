// Files to save: the page asks for one piece after the other and saves the file when it is whole.
const AML_DOWNLOAD_QUIET_MS = 400;
aml.filesTaken = new Set(); // of this page, so that of two places one saves it

aml.starters.push(({ model, send, notices }) => {
  const files = new Map();
  const size = (bytes) => {
    const units = ["bytes", "kB", "MB", "GB", "TB"];
    let place = 0;
    let amount = bytes;
    while (amount >= 1000 && place < units.length - 1) { amount /= 1000; place += 1; }
    return `${place ? amount.toFixed(amount < 10 ? 1 : 0) : amount} ${units[place]}`;
  };
  const noticeOf = (id) => `file ${id}`;
  const show = (file) => {
    if (performance.now() - file.begunAt < AML_DOWNLOAD_QUIET_MS) return;
    const of = file.total ? ` of ${size(file.total)}` : "";
    notices.say(noticeOf(file.id), `Fetching ${file.name}: ${size(file.bytes)}${of}`, { look: "busy", button: "Stop", onButton: () => stop(file) });
  };
  const stop = (file) => {
    files.delete(file.id);
    send("file-stop", file.id, "", { isQuiet: true });
  };
  const fail = (file, reason) => {
    files.delete(file.id);
    notices.say(noticeOf(file.id), `${file.name} was not saved. ${reason}`, { look: "bad", button: "Close" });
  };
  const next = (file) => send("file-next", file.id, String(file.count), {
    isQuiet: true,
    onDone: (error) => { if (error && files.has(file.id)) fail(file, error); },
  });
  const save = (file) => {
    const blob = new Blob(file.parts, { type: file.type });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = file.name;
    link.style.display = "none";
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may ask the user first
  };
  const onMessage = (content, buffers) => {
    const id = content.file;
    if (id === undefined) return;
    if (content.what === "begin") {
      if ((content.page && content.page !== aml.pageId) || aml.filesTaken.has(id)) return;
      aml.filesTaken.add(id);
      const file = { id, name: content.name, type: content.type, total: content.total, parts: [], bytes: 0, count: 0, begunAt: performance.now() };
      files.set(id, file);
      next(file);
      return;
    }
    const file = files.get(id);
    if (!file) return;
    if (content.what === "piece" && content.count === file.count) {
      const piece = new Blob([buffers[0]]); // a blob, because the browser may keep it outside of its memory
      file.parts.push(piece);
      file.bytes += piece.size;
      file.count += 1;
      show(file);
      next(file);
    } else if (content.what === "end") {
      if (content.bytes !== file.bytes) { fail(file, "Parts of it are missing."); return; }
      files.delete(id);
      notices.drop(noticeOf(id));
      save(file);
    } else if (content.what === "failed") {
      fail(file, content.reason);
    }
  };
  model.on("msg:custom", onMessage);
  return () => {
    model.off("msg:custom", onMessage);
    for (const file of [...files.values()]) stop(file);
  };
});
