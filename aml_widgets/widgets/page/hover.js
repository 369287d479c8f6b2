// What a chart says of the point under the pointer: step, value and time of it and of the other lines there.
aml.hover = (() => {
  const NEAR_PX = 10; // points of other lines that count as being at the same place
  const MAX_ROWS = 12;
  const MARKS = { cross: "NaN", "triangle-up": "infinity", "triangle-down": "minus infinity" };
  const N_COLOURS = 8;

  const tidy = (text) => text.replace("-", "\u2212").replace("e+", "e").replace("e-", "e\u2212");
  // The number as it was logged: the shortest text that reads back as the same number.
  const exact = (value) => {
    if (Number.isInteger(value) && Math.abs(value) < 1e15 && Math.abs(value) >= 1e4) return tidy(String(value)).replace(/\B(?=(\d{3})+$)/g, ",");
    return tidy(String(value));
  };
  const rounded = (value) => (Number.isInteger(value) ? exact(value) : exact(Number(value.toPrecision(6))));

  const zoneText = (at) => {
    const part = new Intl.DateTimeFormat(undefined, { timeZoneName: "short" }).formatToParts(new Date(at * 1000)).find((one) => one.type === "timeZoneName");
    return part?.value ?? "";
  };
  const momentText = (at) => {
    const date = new Date(at * 1000);
    if (Number.isNaN(date.getTime())) return String(at);
    const day = aml.ticks.dateText(date, { year: "numeric", month: "short", day: "numeric" });
    const time = aml.ticks.dateText(date, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false, timeZoneName: "short" });
    return `${day}, ${time}`;
  };
  const durationText = (seconds) => (Math.abs(seconds) < 60 ? `${exact(Number(seconds.toFixed(3)))} s` : aml.ticks.clock(Number(seconds.toFixed(3)), seconds % 1 ? 3 : 0));

  // The place in sorted values that is nearest to one of them.
  const nearestPlace = (values, wanted) => {
    let [low, high] = [0, values.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low > 0 && wanted - values[low - 1] <= values[low] - wanted ? low - 1 : low;
  };

  const nearestOf = (line, plot, x, y) => {
    const n = line.x.length;
    if (!n) return null;
    let best = null;
    const look = (i) => {
      const [dx, dy] = [Math.abs(plot.x.pixel(line.x[i]) - x), y === null ? 0 : Math.abs(plot.y.pixel(line.y[i]) - y)];
      if (!best || (line.isSorted ? dx < best.dx - 1e-6 || (dx < best.dx + 1e-6 && dy < best.dy) : dx * dx + dy * dy < best.dx ** 2 + best.dy ** 2)) best = { i, dx, dy };
    };
    if (!line.isSorted) {
      for (let i = 0; i < n; i += 1) look(i);
      return best;
    }
    const place = nearestPlace(line.x, plot.x.value(x));
    look(place);
    if (place > 0) look(place - 1); // nearer on a logarithmic axis
    if (place < n - 1) look(place + 1);
    // An envelope has its lowest and its highest at one place.
    for (let i = place - 1; i >= 0 && line.x[i] === line.x[place]; i -= 1) look(i);
    for (let i = place + 1; i < n && line.x[i] === line.x[place]; i += 1) look(i);
    return best;
  };

  const isIn = (plot, x) => x >= plot.left - 2 && x <= plot.left + plot.width + 2;
  const isVisible = (surface, place) => !(surface.info.hidden ?? []).includes(place);

  // The nearest point, and the points of the other lines beside it: { line, i, x, rows: [{ line, i, dx, dy }] }.
  const readLines = (entry, plot, x, y) => {
    const { surface } = entry;
    const lines = surface.lines();
    const found = lines.map((line, place) => {
      const best = isVisible(surface, place) ? nearestOf(line, plot, x, y) : null;
      return best && isIn(plot, plot.x.pixel(line.x[best.i])) ? { line: place, ...best } : null;
    }).filter(Boolean);
    if (!found.length) return null;
    const closest = Math.min(...found.map((one) => one.dx));
    const nearest = found.filter((one) => one.dx <= closest + NEAR_PX).reduce((best, one) => (one.dy < best.dy ? one : best));
    return withRows(entry, plot, nearest.line, nearest.i);
  };

  const withRows = (entry, plot, line, i) => {
    const lines = entry.surface.lines();
    const x = plot.x.pixel(lines[line].x[i]);
    const y = plot.y.pixel(lines[line].y[i]);
    const rows = lines.map((other, place) => {
      if (place === line) return { line, i, x, y };
      if (!isVisible(entry.surface, place)) return null;
      const best = nearestOf(other, plot, x, lines[line].isSorted ? null : y);
      if (!best || best.dx > NEAR_PX) return null;
      return { line: place, i: best.i, x: plot.x.pixel(other.x[best.i]), y: plot.y.pixel(other.y[best.i]) };
    }).filter(Boolean);
    return { line, i, x, y, rows };
  };

  // A bar is four points: left below, left above, right above, right below.
  const readBars = (entry, plot, x) => {
    const [outline] = entry.surface.lines();
    if (!outline) return null;
    const value = plot.x.value(x);
    for (let i = 0; i + 3 < outline.x.length; i += 4)
      if (value >= outline.x[i] && value <= outline.x[i + 2])
        return { line: 0, i: i + 1, x: (plot.x.pixel(outline.x[i]) + plot.x.pixel(outline.x[i + 2])) / 2, y: plot.y.pixel(outline.y[i + 1]), rows: [], bar: [outline.x[i], outline.x[i + 2], outline.y[i + 1]] };
    return null;
  };

  // Marks at the edge say what was logged that has no place in the plot.
  const edgeTexts = (entry, plot, x) => {
    const texts = [];
    for (const mark of entry.surface.model.get("marks").slice(1)) {
      const name = mark.get("_model_name") === "ScatterModel" && MARKS[mark.get("marker")];
      if (!name) continue;
      const at = [...(mark.get("x") ?? [])].map((value) => ({ value, dx: Math.abs(plot.x.pixel(value) - x) })).filter((one) => one.dx <= 5);
      if (at.length) texts.push(`${name} at ${entry.surface.xText(at.reduce((best, one) => (one.dx < best.dx ? one : best)).value)}`);
    }
    return texts;
  };

  const element = (name, className, text) => {
    const one = document.createElement(name);
    one.className = className;
    if (text !== undefined) one.textContent = text;
    return one;
  };
  const colourOf = (surface, line) => {
    const colours = surface.model.get("marks")[0].get("colors");
    return colours[line % colours.length];
  };
  const rawOf = (surface, place, x) => {
    const raw = surface.rawLines()[place];
    if (!raw?.x.length) return null;
    const i = raw.isSorted ? nearestPlace(raw.x, x) : raw.x.indexOf(x);
    return i >= 0 && raw.x[i] === x ? raw.y[i] : null;
  };

  // What is said, as plain values: { head: [text], rows: [{ label, colour, line, value, isNearest }], notes: [text] }.
  const textsOf = (entry, reading) => {
    const { surface } = entry;
    const { x_kind, x_label, labels = [], form } = surface.info;
    if (reading.bar) {
      const [low, high, height] = reading.bar;
      return { head: [`${x_label ? `${x_label} ` : ""}${rounded(low)} \u2013 ${rounded(high)}`], rows: [{ label: labels[0] || "count", colour: colourOf(surface, 0), line: 0, value: exact(height), isNearest: true }], notes: [] };
    }
    const lines = surface.lines();
    const { x, steps, times } = lines[reading.line];
    const [step, time] = [steps[reading.i], times[reading.i]];
    const at = x[reading.i];
    const head = [];
    if (x_kind === "step") head.push(`${x_label || "step"} ${exact(at)}`);
    else if (x_kind === "relative") head.push(`after ${durationText(at)}`);
    else if (x_kind !== "wall") head.push(`${x_label || "x"} ${exact(at)}`);
    if (x_kind !== "step" && Number.isFinite(step)) head.push(`step ${exact(step)}`);
    if (x_kind === "wall" || Number.isFinite(time)) head.push(momentText(Number.isFinite(time) ? time : at));
    const isAlone = lines.length === 1;
    const rows = [];
    const order = [...reading.rows].sort((one, other) => Math.abs(one.y - reading.y) - Math.abs(other.y - reading.y));
    const chosen = new Set(order.slice(0, MAX_ROWS));
    for (const row of reading.rows.filter((one) => chosen.has(one))) {
      const value = lines[row.line].y[row.i];
      const isNearest = row.line === reading.line;
      const colour = form === "band" ? colourOf(surface, 0) : colourOf(surface, row.line);
      const raw = rawOf(surface, row.line, lines[row.line].x[row.i]);
      const write = isNearest ? exact : rounded;
      const label = labels[row.line] || (isAlone ? "value" : `line ${row.line + 1}`);
      const where = lines[row.line].x[row.i] === at || reading.bar ? "" : ` at ${surface.xText(lines[row.line].x[row.i])}`;
      if (raw === null) rows.push({ label: (isAlone ? "value" : label) + where, colour, line: row.line, value: write(value), isNearest });
      else if (isAlone) rows.push({ label: "logged", colour, line: row.line, value: exact(raw), isNearest, isPale: true }, { label: "smoothed", colour, line: row.line, value: rounded(value), isNearest });
      else rows.push({ label: label + where, colour, line: row.line, value: `${write(raw)} (smoothed ${rounded(value)})`, isNearest });
    }
    const n_more = reading.rows.length - rows.length;
    return { head, rows, notes: [...(n_more > 0 && !isAlone ? [`and ${n_more} more lines`] : []), ...(reading.edges ?? [])] };
  };

  const fillTip = (tip, texts) => {
    const head = element("div", "aml-tip-head");
    texts.head.forEach((text, i) => head.append(element("div", i ? "aml-tip-soft" : "aml-tip-x", text)));
    const rows = element("div", "aml-tip-rows");
    for (const row of texts.rows) {
      const line = element("div", `aml-tip-row${row.isNearest ? " aml-is-nearest" : ""}`);
      const swatch = element("span", `aml-swatch aml-dash-${Math.floor(row.line / N_COLOURS)}${row.isPale ? " aml-is-pale" : ""}`);
      swatch.style.setProperty("--aml-swatch", row.colour);
      line.append(swatch, element("span", "aml-tip-label", row.label), element("span", "aml-tip-value", row.value));
      rows.append(line);
    }
    tip.replaceChildren(head, rows, ...texts.notes.map((text) => element("div", "aml-tip-soft", text)));
  };

  // Beside the point and inside of the view, whichever side has the room.
  const placeTip = (tip, el, root, x, y) => {
    const [figure, bounds] = [el.getBoundingClientRect(), root.getBoundingClientRect()];
    tip.style.maxWidth = `${Math.max(120, Math.min(340, bounds.width - 24))}px`;
    const { offsetWidth: width, offsetHeight: height } = tip;
    const [low, high] = [bounds.left - figure.left + 4, bounds.right - figure.left - width - 4];
    const beside = x + 14 <= high ? x + 14 : x - width - 14;
    const [top, bottom] = [bounds.top - figure.top + 4, bounds.bottom - figure.top - height - 4];
    tip.style.left = `${Math.max(low, Math.min(high, beside))}px`;
    tip.style.top = `${Math.max(top, Math.min(bottom, y - height / 2))}px`;
  };

  let current = null; // only one chart on the page is pointed at
  const hide = () => {
    if (!current) return;
    current.entry.el.querySelectorAll(":scope > .aml-surface > .aml-point, :scope > .aml-surface > .aml-hair, :scope > .aml-surface > .aml-tip").forEach((one) => one.remove());
    current = null;
  };

  const show = (entry, root, plot, reading) => {
    if (!reading) return hide();
    const edges = JSON.stringify(reading.edges ?? []);
    const isSame = current && current.entry === entry && current.reading.line === reading.line && current.reading.i === reading.i && current.edges === edges && current.data === entry.surface.lines();
    if (!isSame) {
      hide();
      const layer = aml.figures.layerOf(entry.el);
      const hair = element("div", "aml-hair");
      const tip = element("div", "aml-tip");
      const points = reading.rows.length ? reading.rows : [{ line: reading.line, i: reading.i, x: reading.x, y: reading.y }];
      const dots = points.filter((row) => row.y >= plot.top - 1 && row.y <= plot.top + plot.height + 1 && isIn(plot, row.x)).map((row) => {
        const dot = element("div", `aml-point${row.line === reading.line ? " aml-is-nearest" : ""}`);
        dot.style.setProperty("--aml-swatch", colourOf(entry.surface, entry.surface.info.form === "band" ? 0 : row.line));
        dot.style.translate = `${row.x}px ${row.y}px`;
        return dot;
      });
      fillTip(tip, textsOf(entry, reading));
      hair.style.height = `${plot.height}px`;
      hair.style.translate = `${Math.round(reading.x)}px ${plot.top}px`;
      layer.append(hair, ...dots, tip);
      current = { entry, root, reading, edges, tip, data: entry.surface.lines() };
    }
    placeTip(current.tip, entry.el, root, reading.x, Math.max(plot.top, Math.min(plot.top + plot.height, reading.y)));
  };

  const readAt = (entry, clientX, clientY) => {
    const plot = aml.figures.plotOf(entry);
    const box = entry.el.getBoundingClientRect();
    const [x, y] = [clientX - box.left, clientY - box.top];
    const isInside = isIn(plot, x) && y >= plot.top - 2 && y <= plot.top + plot.height + 2;
    if (!isInside) return { plot, reading: null };
    const reading = entry.surface.info.form === "bars" ? readBars(entry, plot, x) : readLines(entry, plot, x, y);
    if (reading) reading.edges = edgeTexts(entry, plot, x);
    return { plot, reading };
  };

  // For the keyboard: the next point of the same line, or the same place of the next line.
  const move = (entry, root, points, lines) => {
    const { surface } = entry;
    const plot = aml.figures.plotOf(entry);
    const all = surface.lines();
    const size = surface.info.form === "bars" ? 4 : 1;
    let { line, i } = current?.entry === entry ? current.reading : { line: -1, i: -1 };
    if (line < 0 || !all[line]?.x.length) {
      line = all.findIndex((one, place) => one.x.length && isVisible(surface, place));
      if (line < 0) return null;
      const [x0, x1] = surface.window;
      const inside = [...all[line].x.keys()].filter((place) => all[line].x[place] >= x0 && all[line].x[place] <= x1);
      if (!inside.length) return null;
      i = points < 0 ? inside[inside.length - 1] : inside[0];
    } else if (lines) {
      const places = [...all.keys()].filter((place) => all[place].x.length && isVisible(surface, place));
      const next = places[(places.indexOf(line) + lines + places.length) % places.length];
      i = nearestOf(all[next], plot, plot.x.pixel(all[line].x[i]), null).i;
      line = next;
    } else i = Math.max(0, Math.min(all[line].x.length - 1, i + points * size));
    const reading = surface.info.form === "bars" ? readBars(entry, plot, plot.x.pixel(all[line].x[i] + (all[line].x[Math.min(i + 1, all[line].x.length - 1)] - all[line].x[i]) / 2)) : withRows(entry, plot, line, i);
    if (!reading) return null;
    show(entry, root, plot, reading);
    const texts = textsOf(entry, reading);
    return [...texts.head, ...texts.rows.filter((row) => row.isNearest).map((row) => `${row.label} ${row.value}`)].join(", ");
  };

  aml.starters.push(({ root }) => {
    let wanted = null;
    let frame = 0;
    const draw = () => {
      frame = 0;
      if (!wanted?.entry.el.isConnected || aml.zoom.isDragging()) return;
      const { plot, reading } = readAt(wanted.entry, wanted.x, wanted.y);
      show(wanted.entry, root, plot, reading);
    };
    const ask = (entry, event) => {
      wanted = { entry, x: event.clientX, y: event.clientY };
      if (!frame) frame = requestAnimationFrame(draw);
    };
    const onMove = (event) => {
      if (event.pointerType === "touch") return;
      const entry = aml.figures.entryOf(event.target, root);
      if (entry && !event.target.closest("button")) ask(entry, event);
      else if (wanted) leave();
    };
    const leave = () => {
      wanted = null;
      if (current?.root === root) hide();
    };
    const onTap = (event) => {
      if (event.pointerType !== "touch") return;
      const entry = aml.figures.entryOf(event.target, root);
      if (entry) ask(entry, event);
      else leave();
    };
    const onLeave = (event) => { if (event.pointerType !== "touch") leave(); };
    const onFocusOut = () => { if (current?.root === root && !wanted) hide(); };
    // New points or another range under a pointer that rests: what is said stays true.
    const onRefresh = (surface) => {
      if (current?.root !== root || current.entry.surface !== surface) return;
      if (wanted) { if (!frame) frame = requestAnimationFrame(draw); } else hide();
    };
    root.addEventListener("pointermove", onMove, { passive: true });
    root.addEventListener("pointerleave", onLeave);
    root.addEventListener("click", onTap);
    root.addEventListener("focusout", onFocusOut);
    aml.figures.onRefresh.add(onRefresh);
    return () => {
      cancelAnimationFrame(frame);
      leave();
      root.removeEventListener("pointermove", onMove);
      root.removeEventListener("pointerleave", onLeave);
      root.removeEventListener("click", onTap);
      root.removeEventListener("focusout", onFocusOut);
      aml.figures.onRefresh.delete(onRefresh);
    };
  });

  return { exact, rounded, momentText, durationText, zoneText, nearestPlace, move, hide };
})();
