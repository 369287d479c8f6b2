// Zoom, pan and reset of charts, by pointer, wheel and keyboard. The browser shows it at once; the kernel draws the detail.
aml.zoom = (() => {
  const START_PX = 4; // a click moves a little too
  const BAND_PX = 24; // a drag of less height is meant along x only
  const KEY_PART = 0.15;
  let drag = null;

  const shifted = (low, high, isLog, part) => {
    const [a, b] = isLog ? [Math.log(low), Math.log(high)] : [low, high];
    const by = (b - a) * part;
    return isLog ? [Math.exp(a + by), Math.exp(b + by)] : [a + by, b + by];
  };
  const scaled = (low, high, isLog, part, factor) => {
    const [a, b] = isLog ? [Math.log(low), Math.log(high)] : [low, high];
    const at = a * (1 - part) + b * part;
    const range = [at - (at - a) * factor, at + (b - at) * factor];
    return isLog ? range.map(Math.exp) : range;
  };

  // What the lines need between two places; never more than the whole chart shows.
  const fitted = (surface, x0, x1) => {
    const [, , now0, now1] = surface.window;
    if (surface.keepsY) return [now0, now1];
    const { hidden = [], full, form } = surface.info;
    if (form === "bars") return [now0, now1];
    let [low, high] = [Infinity, -Infinity];
    for (const lines of [surface.lines(), surface.rawLines()])
      lines.forEach((line, place) => {
        if (hidden.includes(place)) return;
        for (let i = 0; i < line.x.length; i += 1) {
          if (line.x[i] < x0 || line.x[i] > x1) continue;
          if (line.y[i] < low) low = line.y[i];
          if (line.y[i] > high) high = line.y[i];
        }
      });
    if (!(low <= high)) return [now0, now1];
    if (full) [low, high] = [Math.max(low, Math.min(full[2], high)), Math.min(high, Math.max(full[3], low))];
    if (surface.isLogY) {
      const room = (high / low) ** 0.05;
      return high / low > 1 + 1e-9 ? [low / room, high * room] : [low / 1.1, high * 1.1];
    }
    const room = high - low > Math.abs(high) * 1e-12 ? (high - low) * 0.05 : Math.abs(high) * 0.05 || 0.5;
    return [low - room, high + room];
  };

  const isAll = (surface, x0, x1) => surface.info.full && x0 <= surface.info.full[0] && x1 >= surface.info.full[1];
  // Some of the chart stays in sight, however far it is moved.
  const isInSight = (surface, [x0, x1, y0, y1]) => {
    const full = surface.info.full;
    return !full || (x0 < full[1] && x1 > full[0] && y0 < full[3] && y1 > full[2]);
  };

  const zoomX = (surface, part, factor) => {
    const [low, high] = surface.window;
    const [x0, x1] = scaled(low, high, surface.isLogX, part, factor);
    if (factor > 1 && isAll(surface, x0, x1)) return surface.reset();
    const full = surface.info.full;
    // Beyond the ends there is nothing to see.
    const [a, b] = full && factor > 1 ? [Math.max(x0, full[0]), Math.min(x1, full[1])] : [x0, x1];
    if (b > a) surface.show([a, b, ...fitted(surface, a, b)]);
  };
  const zoomY = (surface, part, factor) => {
    const [x0, x1, low, high] = surface.window;
    surface.keepsY = true;
    surface.show([x0, x1, ...scaled(low, high, surface.isLogY, part, factor)]);
  };
  const pan = (surface, [x0, x1, y0, y1], partX, partY) => {
    if (partY) surface.keepsY = true;
    const window = [...shifted(x0, x1, surface.isLogX, partX), ...(partY ? shifted(y0, y1, surface.isLogY, partY) : [y0, y1])];
    if (isInSight(surface, window)) surface.show(window);
  };

  const placeOf = (entry, event) => {
    const box = entry.el.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

  // The part of the plot that a drag spans, in pixels: all of the height where it goes along x, and the other way round.
  const spanOf = ({ plot, from, to }) => {
    const ends = (a, b, low, size) => [clamp(Math.min(a, b), low, low + size), clamp(Math.max(a, b), low, low + size)];
    const [width, height] = [Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])];
    const isAlongX = height < BAND_PX && width > height;
    const isAlongY = width < BAND_PX && height > width;
    const x = isAlongY ? [plot.left, plot.left + plot.width] : ends(from[0], to[0], plot.left, plot.width);
    const y = isAlongX ? [plot.top, plot.top + plot.height] : ends(from[1], to[1], plot.top, plot.height);
    return { x, y, isAlongX, isAlongY };
  };

  const drawSpan = () => {
    const { x, y } = spanOf(drag);
    drag.box ??= aml.figures.layerOf(drag.entry.el).appendChild(Object.assign(document.createElement("div"), { className: "aml-span" }));
    Object.assign(drag.box.style, { left: `${x[0]}px`, width: `${x[1] - x[0]}px`, top: `${y[0]}px`, height: `${y[1] - y[0]}px` });
  };

  const begin = (entry, event) => {
    const plot = aml.figures.plotOf(entry);
    const from = placeOf(entry, event);
    const isInside = from[0] >= plot.left && from[0] <= plot.left + plot.width && from[1] >= plot.top && from[1] <= plot.top + plot.height;
    if (!isInside) return;
    drag = { entry, plot, from, to: from, id: event.pointerId, isPan: event.shiftKey, isOn: false, origin: entry.surface.window, frame: 0 };
    document.addEventListener("keydown", onEscape, true);
  };
  const end = () => {
    if (!drag) return;
    cancelAnimationFrame(drag.frame);
    drag.box?.remove();
    drag.entry.el.classList.remove("aml-is-dragged", "aml-is-panned");
    if (drag.entry.el.hasPointerCapture?.(drag.id)) drag.entry.el.releasePointerCapture(drag.id);
    document.removeEventListener("keydown", onEscape, true);
    drag = null;
  };
  const abort = () => {
    const { entry, isPan, isOn, origin, before } = drag ?? {};
    end();
    if (isPan && isOn) entry.surface.show(origin, { isZoomed: before });
  };
  const onEscape = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    abort();
  };
  const follow = (event) => {
    drag.to = placeOf(drag.entry, event);
    const [dx, dy] = [drag.to[0] - drag.from[0], drag.to[1] - drag.from[1]];
    if (!drag.isOn) {
      if (Math.hypot(dx, dy) < START_PX) return;
      drag.isOn = true;
      drag.before = drag.entry.surface.isZoomed;
      drag.entry.el.setPointerCapture(drag.id);
      drag.entry.el.classList.add(drag.isPan ? "aml-is-panned" : "aml-is-dragged");
      aml.hover.hide();
    }
    if (!drag.isPan) return drawSpan();
    if (!drag.frame)
      drag.frame = requestAnimationFrame(() => {
        if (!drag) return;
        drag.frame = 0;
        const partY = Math.abs(drag.to[1] - drag.from[1]) > BAND_PX / 2 ? (drag.to[1] - drag.from[1]) / drag.plot.height : 0;
        pan(drag.entry.surface, drag.origin, -(drag.to[0] - drag.from[0]) / drag.plot.width, partY);
      });
  };
  const finish = () => {
    const { entry, plot, isPan, isOn } = drag;
    const span = isOn && !isPan ? spanOf(drag) : null;
    end();
    if (!span) return;
    const { surface } = entry;
    const [x0, x1, y0, y1] = surface.window;
    const x = span.isAlongY ? [x0, x1] : span.x.map(plot.x.value);
    const y = span.y.map(plot.y.value).reverse();
    if (span.isAlongX) return surface.show([...x, ...fitted(surface, ...x)]);
    surface.keepsY = true;
    surface.show([...x, ...(span.isAlongX ? [y0, y1] : y)]);
  };

  // A visible way back, where something is zoomed.
  const markReset = (surface, el) => {
    const known = el.querySelector(":scope > .aml-surface > .aml-reset");
    el.classList.toggle("aml-is-late", Boolean(surface.pending?.isLate));
    if (!surface.isZoomed) return known?.remove();
    if (known) return undefined;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "aml-button aml-reset";
    button.textContent = "Reset zoom";
    button.title = "Show all again (double click, or 0)";
    button.setAttribute("data-aml-local", "chart-reset");
    button.setAttribute("data-aml-with", surface.info.card ?? "");
    aml.figures.layerOf(el).append(button);
    return undefined;
  };

  const keys = {
    ArrowLeft: (surface) => pan(surface, surface.window, -KEY_PART, 0),
    ArrowRight: (surface) => pan(surface, surface.window, KEY_PART, 0),
    ArrowUp: (surface) => pan(surface, surface.window, 0, KEY_PART),
    ArrowDown: (surface) => pan(surface, surface.window, 0, -KEY_PART),
    "+": (surface) => zoomX(surface, 0.5, 1 / 1.5),
    "=": (surface) => zoomX(surface, 0.5, 1 / 1.5),
    "-": (surface) => zoomX(surface, 0.5, 1.5),
    0: (surface) => surface.reset(),
    Escape: (surface) => surface.reset(),
  };
  const reading = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  aml.local["chart-reset"] = (element, _event, root) => {
    const entry = aml.figures.entryOfCard(element, root);
    if (!entry) return;
    entry.surface.reset();
    if (entry.el.contains(element)) entry.el.focus({ preventScroll: true }); // the button is gone
  };

  aml.starters.push(({ root }) => {
    let spoken = null;
    const say = (text) => {
      if (!spoken) {
        spoken = Object.assign(document.createElement("div"), { className: "aml-spoken" });
        spoken.setAttribute("aria-live", "polite");
        root.append(spoken);
      }
      spoken.textContent = text;
    };
    const isControl = (event) => event.target instanceof Element && event.target.closest("button, a, input, select, textarea");
    const onDown = (event) => {
      if (event.button !== 0 || event.pointerType === "touch" || isControl(event)) return;
      const entry = aml.figures.entryOf(event.target, root);
      if (entry) begin(entry, event);
    };
    const isOurs = (event) => drag && event.pointerId === drag.id && drag.entry.el.closest(".aml-run") === root;
    const onMove = (event) => { if (isOurs(event)) follow(event); };
    const onUp = (event) => { if (isOurs(event)) { follow(event); finish(); } };
    const onCancel = (event) => { if (isOurs(event)) abort(); };
    const onDouble = (event) => { if (!isControl(event)) aml.figures.entryOf(event.target, root)?.surface.reset(); };
    const onWheel = (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // else it scrolls the notebook, as ever
      const entry = aml.figures.entryOf(event.target, root);
      if (!entry) return;
      event.preventDefault();
      const plot = aml.figures.plotOf(entry);
      const [x, y] = placeOf(entry, event);
      const factor = clamp(Math.exp(event.deltaY * (event.deltaMode ? 0.05 : 0.002)), 0.5, 2);
      if (x < plot.left) zoomY(entry.surface, clamp(1 - (y - plot.top) / plot.height, 0, 1), factor);
      else zoomX(entry.surface, clamp((x - plot.left) / plot.width, 0, 1), factor);
    };
    const onKey = (event) => {
      const entry = aml.figures.entryOf(event.target, root);
      if (!entry || event.target !== entry.el || event.ctrlKey || event.metaKey) return;
      if (event.altKey) {
        const by = reading[event.key];
        if (!by) return;
        const text = aml.hover.move(entry, root, ...by);
        if (text) say(text);
      } else {
        if (event.key === "Escape" && !entry.surface.isZoomed) return aml.hover.hide();
        const act = keys[event.key];
        if (!act) return;
        act(entry.surface);
        say(entry.surface.describe());
      }
      event.preventDefault();
      event.stopPropagation();
    };
    const listeners = { pointerdown: onDown, pointermove: onMove, pointerup: onUp, pointercancel: onCancel, dblclick: onDouble, keydown: onKey };
    for (const [name, listener] of Object.entries(listeners)) root.addEventListener(name, listener);
    root.addEventListener("wheel", onWheel, { passive: false });
    return () => {
      if (drag?.entry.el.closest(".aml-run") === root) abort();
      for (const [name, listener] of Object.entries(listeners)) root.removeEventListener(name, listener);
      root.removeEventListener("wheel", onWheel);
      spoken?.remove();
    };
  });

  return { markReset, isDragging: () => Boolean(drag?.isOn) };
})();
