// Figures of this page: which model and view an element is of, what is drawn in it, and the ranges of its axes.
aml.figures = (() => {
  const TYPES = { float64: Float64Array, float32: Float32Array, int32: Int32Array, uint32: Uint32Array, int16: Int16Array, uint16: Uint16Array, int8: Int8Array, uint8: Uint8Array };
  const SEND_MS = 200;
  const LATE_MS = 600;
  const KEYS = "Arrow keys move, plus and minus zoom, 0 shows all, Alt with arrow keys reads the points.";
  const surfaces = new Map(); // by the figure's model id
  const entries = new WeakMap(); // by the figure's element: { surface, view, el }

  // A change of all charts is drawn once a frame, and all are measured before the first is changed: to measure after a change
  // makes the browser lay out the page anew.
  const due = new Set();
  let frame = 0;
  const refreshDue = () => {
    frame = 0;
    const all = [...due].map((surface) => [surface, surface.measure()]);
    due.clear();
    for (const [surface, size] of all) surface.refreshNow(size);
  };

  // An array as bqplot or the kernel gives it, as rows of numbers.
  const rowsOf = (value) => {
    if (value && value.dtype && value.value) {
      const { buffer, byteOffset, byteLength } = value.value;
      const flat = new TYPES[value.dtype](buffer.slice(byteOffset, byteOffset + byteLength));
      const [n, width] = value.shape ?? [flat.length];
      return width === undefined ? [flat] : Array.from({ length: n }, (_, i) => flat.subarray(i * width, (i + 1) * width));
    }
    if (!value || !value.length) return [];
    return typeof value[0] === "object" && value[0] !== null ? value : [value];
  };

  // The points of a mark of lines that are on the page, without gaps and without what a logarithmic axis has no place for.
  const drawnOf = (mark, isLogX, isLogY) => {
    const [xRows, yRows] = [rowsOf(mark.get("x")), rowsOf(mark.get("y"))];
    const [stepRows, timeRows] = [rowsOf(mark.get("aml_steps")), rowsOf(mark.get("aml_times"))];
    return yRows.map((y, place) => {
      const x = xRows.length === 1 ? xRows[0] : xRows[place] ?? [];
      const [steps, times] = [stepRows[place] ?? stepRows[0], timeRows[place] ?? timeRows[0]];
      const found = [];
      let isSorted = true;
      const n = Math.min(x.length, y.length);
      for (let i = 0; i < n; i += 1) {
        if (!Number.isFinite(x[i]) || !Number.isFinite(y[i]) || (isLogX && x[i] <= 0) || (isLogY && y[i] <= 0)) continue;
        if (found.length && x[i] < x[found[found.length - 1]]) isSorted = false;
        found.push(i);
      }
      const take = (values) => Float64Array.from(found, (i) => (values ? values[i] ?? NaN : NaN));
      return { x: take(x), y: take(y), steps: take(steps), times: take(times), isSorted };
    });
  };

  class Surface {
    constructor(model, parts) {
      this.model = model;
      [this.xAxis, this.yAxis] = parts.axes;
      this.views = new Map(); // by element
      this.senders = new Set();
      this.drawn = new WeakMap(); // by mark
      this.pending = null; // what the user zoomed to and the kernel has not answered yet
      this.pushed = {}; // what the kernel set meanwhile
      this.isSetting = false;
      this.keepsY = false;
      this.listeners = new Set();
      this.label = null;
      this.listen();
    }

    get scales() { return { x: this.xAxis.get("scale"), y: this.yAxis.get("scale") }; }
    get info() { return this.model.get("aml_info") ?? {}; }
    get isLogX() { return Boolean(this.info.x_log); }
    get isLogY() { return Boolean(this.info.y_log); }
    get isZoomed() { return this.pending ? this.pending.isZoomed : Boolean(this.info.is_zoomed); }
    get window() {
      const { x, y } = this.scales;
      return [x.get("min"), x.get("max"), y.get("min"), y.get("max")];
    }

    listen() {
      const on = (model, event, call) => {
        model.on(event, call, this);
        this.listeners.add(() => model.off(event, call, this));
      };
      for (const [place, key] of ["x", "y"].entries()) {
        const onChange = () => this.onScale(key);
        let scale = null;
        const follow = () => {
          scale?.off("change", onChange, this);
          scale = this.scales[key];
          scale.on("change", onChange, this);
        };
        follow();
        on(place ? this.yAxis : this.xAxis, "change:scale", () => {
          follow();
          this.rescale(place);
          this.refresh();
        });
        this.listeners.add(() => scale.off("change", onChange, this));
      }
      on(this.model, "change:aml_info", () => this.onInfo());
      on(this.xAxis, "change:label", () => this.isSetting || this.refresh());
      this.resize = new ResizeObserver(() => this.refreshNow(this.measure()));
    }

    stop() {
      clearTimeout(this.timer);
      due.delete(this);
      this.listeners.forEach((off) => off());
      this.resize.disconnect();
      for (const el of this.views.keys()) {
        el.querySelector(":scope > .aml-surface")?.remove();
        entries.delete(el);
      }
      this.views.clear();
    }

    adopt(view) {
      if (this.views.has(view.el)) return;
      const entry = { surface: this, view, el: view.el };
      this.views.set(view.el, entry);
      entries.set(view.el, entry);
      view.el.tabIndex = 0;
      view.el.setAttribute("role", "application");
      view.el.setAttribute("aria-roledescription", "chart");
      view.el.setAttribute("aria-description", KEYS);
      view.el.dataset.amlKeys = "\u2190 \u2192 move, + \u2212 zoom, 0 all, Alt+\u2192 read";
      view.el.setAttribute("data-lm-suppress-shortcuts", "true"); // else JupyterLab takes the arrow keys
      this.resize.observe(view.el); // refreshes at once
    }

    // Only views that are still on the page.
    shown() {
      for (const el of this.views.keys()) {
        if (el.isConnected) continue;
        this.resize.unobserve(el);
        this.views.delete(el);
      }
      return [...this.views.values()];
    }

    async findViews() {
      const views = await Promise.allSettled(Object.values(this.model.views ?? {}));
      for (const { value } of views) if (value?.el?.isConnected) this.adopt(value);
    }

    onScale(key) {
      if (this.isSetting) return;
      if (this.pending) {
        // New data came before the kernel heard of the zoom: what the user looks at stays.
        this.pushed[key] = [this.scales[key].get("min"), this.scales[key].get("max")];
        this.apply(this.pending.window);
      }
      this.refresh();
    }

    onInfo() {
      const { x_kind, x_log, y_log, card } = this.info;
      const axes = JSON.stringify([x_kind, x_log, y_log, card, this.info.x_label]);
      if (this.axes !== undefined && this.axes !== axes && this.pending) this.settle(true);
      this.axes = axes;
      this.settle(false);
      if (!this.isZoomed) this.keepsY = false;
      this.refresh();
    }

    // The kernel has answered: from now on it says what is shown.
    settle(isForced) {
      const pending = this.pending;
      if (!pending || !(isForced || (pending.isDone && Boolean(this.info.is_zoomed) === pending.isZoomed))) return;
      clearTimeout(this.timer);
      this.pending = null;
      const [x0, x1, y0, y1] = this.window;
      this.apply([...(this.pushed.x ?? [x0, x1]), ...(this.pushed.y ?? [y0, y1])]);
    }

    onAnswer(pending, error) {
      if (this.pending !== pending || error) return; // what the user zoomed to stays, answered or not
      pending.isDone = true;
      pending.isLate = false;
      this.settle(false);
      this.refresh();
    }

    apply([x0, x1, y0, y1]) {
      this.isSetting = true;
      try {
        this.scales.x.set({ min: x0, max: x1 });
        this.scales.y.set({ min: y0, max: y1 });
      } finally {
        this.isSetting = false;
      }
    }

    // Show a part at once, and tell the kernel when the user has come to rest.
    show(window, { isZoomed = true } = {}) {
      const [x0, x1, y0, y1] = window;
      const isRange = (low, high) => Number.isFinite(low) && Number.isFinite(high) && high - low > 1e-13 * Math.max(Math.abs(low), Math.abs(high));
      if (!isRange(x0, x1) || !isRange(y0, y1)) return;
      if (!this.pending) this.pushed = {};
      const pending = { window, isZoomed, isDone: false, isLate: false };
      this.pending = pending;
      this.apply(window);
      this.refresh();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        const send = [...this.senders].pop();
        if (!send || !this.info.card) return;
        this.pushed = {};
        this.timer = setTimeout(() => {
          if (this.pending !== pending || pending.isDone) return;
          pending.isLate = true;
          this.refresh();
        }, LATE_MS);
        const onDone = (error) => this.onAnswer(pending, error);
        send("chart-zoom", this.info.card, isZoomed ? JSON.stringify(window) : "", { isQuiet: true, onDone });
      }, SEND_MS);
    }

    reset() {
      this.keepsY = false;
      if (this.isZoomed && this.info.full) this.show(this.info.full, { isZoomed: false });
    }

    lines() {
      return this.points(this.model.get("marks")[0]);
    }

    // What was logged, behind lines that are smoothed; empty where they are not.
    rawLines() {
      const raw = this.model.get("marks").slice(1).find((mark) => mark.get("_model_name") === "LinesModel" && mark.get("fill") === "none" && mark.get("enable_hover") !== false);
      return raw ? this.points(raw) : [];
    }

    points(mark) {
      const key = [mark.get("x"), mark.get("y"), mark.get("aml_steps"), mark.get("aml_times"), this.isLogX, this.isLogY];
      const known = this.drawn.get(mark);
      if (known && known.key.every((one, i) => one === key[i])) return known.lines;
      const lines = drawnOf(mark, this.isLogX, this.isLogY);
      this.drawn.set(mark, { key, lines });
      return lines;
    }

    refresh() {
      due.add(this);
      frame ||= requestAnimationFrame(refreshDue);
    }

    refreshNow(size) {
      if (size) this.drawTicks(size);
      const views = this.shown();
      const label = views.length ? this.describe() : "";
      for (const { el } of views) {
        if (el.getAttribute("aria-label") !== label) el.setAttribute("aria-label", label);
        aml.zoom.markReset(this, el);
      }
      for (const call of aml.figures.onRefresh) call(this);
    }

    describe() {
      const { title, form, labels = [], x_label } = this.info;
      const [x0, x1] = this.window;
      const lines = this.lines();
      const last = lines.length === 1 && lines[0].y.length ? `, last value ${aml.hover.exact(lines[0].y[lines[0].y.length - 1])}` : "";
      const kind = { bars: "bar chart", band: "line chart with a band" }[form] ?? (labels.length > 1 ? `chart of ${labels.length} lines` : "line chart");
      return `${title}, ${kind}, ${x_label || "x"} from ${this.xText(x0)} to ${this.xText(x1)}${last}${this.isZoomed ? ", zoomed" : ""}`;
    }

    xText(x) {
      const kind = this.info.x_kind;
      if (kind === "wall") return aml.hover.momentText(x);
      if (kind === "relative") return aml.hover.durationText(x);
      return aml.hover.exact(kind === "step" ? Number(x.toFixed(3)) : Number(x.toPrecision(6)));
    }

    // How much room the smallest plot has, in pixels; null where there is none.
    measure() {
      const sizes = this.shown().map(({ el }) => [el.clientWidth, el.clientHeight]).filter(([width]) => width > 0);
      if (!sizes.length) return null;
      const { left, right, top, bottom } = this.model.get("fig_margin");
      const width = Math.min(...sizes.map(([one]) => one)) - left - right;
      const height = Math.min(...sizes.map(([, one]) => one)) - top - bottom;
      return width > 10 && height > 10 ? { width, height } : null;
    }

    drawTicks({ width, height }) {
      const [x0, x1, y0, y1] = this.window;
      const { x_kind } = this.info;
      this.setTicks(0, this.xAxis, aml.ticks.axis({ low: x0, high: x1, kind: x_kind, isLog: this.isLogX, size: width }));
      this.setTicks(1, this.yAxis, aml.ticks.axis({ low: y0, high: y1, isLog: this.isLogY, size: height, isVertical: true }));
      this.nameDay(x0, x1);
    }

    // bqplot gets an axis its new scale only later, and does not draw it with that.
    async rescale(place) {
      const scale = this.scales[place ? "y" : "x"];
      for (const { view } of this.shown()) {
        const axis = (await Promise.allSettled(view.axis_views?.views ?? []))[place]?.value;
        for (let i = 0; axis && axis.axis_scale?.model !== scale && i < 100; i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
        if (!axis || axis.axis_scale?.model !== scale) continue;
        axis.set_scales_range();
        axis.redraw_axisline();
      }
    }

    setTicks(place, axis, { values, labels }) {
      const key = JSON.stringify([values, labels]);
      const before = axis.get("aml_ticks");
      if (before === key && axis.get("num_ticks") === null) return;
      // A label for each value first, because bqplot draws after each single change.
      const named = Object.fromEntries(values.map((value, i) => [String(value), labels[i]]));
      axis.set({ num_ticks: null, tick_labels: named, tick_values: values, aml_ticks: key });
      // What bqplot began for the ticks before would come after, and write their labels.
      for (const { view } of this.shown())
        Promise.all(view.axis_views?.views ?? []).then((axes) => axes[place]?.redraw_axisline?.()).catch(() => {});
    }

    // Ticks of one day bear times only: the day and the zone stand beside the name of the axis.
    nameDay(low, high) {
      if (this.info.x_kind !== "wall") {
        // The range of another axis came before its kind, and got a day.
        if (this.isDayNamed) this.setLabel(this.info.x_label ?? "");
        this.isDayNamed = false;
        return;
      }
      if (!Number.isFinite(low) || !Number.isFinite(high)) return;
      const options = { year: "numeric", month: "short", day: "numeric" };
      const [first, last] = [low, high].map((at) => aml.ticks.dateText(new Date(at * 1000), options));
      const days = first === last ? first : `${first} \u2013 ${last}`;
      this.isDayNamed = true;
      this.setLabel(`${this.info.x_label}, ${days}, ${aml.hover.zoneText(high)}`);
    }

    setLabel(label) {
      if (this.xAxis.get("label") === label) return;
      this.isSetting = true;
      this.xAxis.set("label", label);
      this.isSetting = false;
    }
  }

  // The plot of a view in pixels of its element, and ways between its pixels and the units of its axes.
  const plotOf = ({ surface, view }) => {
    const { left, top } = view.margin;
    const [x0, x1, y0, y1] = surface.window;
    const ranges = { x: view.padded_range("x", surface.scales.x), y: view.padded_range("y", surface.scales.y) };
    const axis = (low, high, isLog, [from, to], shift) => {
      const [a, b] = isLog ? [Math.log(low), Math.log(high)] : [low, high];
      return {
        pixel: (value) => shift + from + (((isLog ? Math.log(value) : value) - a) / (b - a)) * (to - from),
        value: (pixel) => {
          const part = (pixel - shift - from) / (to - from);
          const place = a * (1 - part) + b * part;
          return isLog ? Math.exp(place) : place;
        },
      };
    };
    return {
      left, top, width: view.plotareaWidth, height: view.plotareaHeight,
      x: axis(x0, x1, surface.isLogX, ranges.x, left),
      y: axis(y0, y1, surface.isLogY, ranges.y, top),
    };
  };

  // What is drawn over a figure; it never catches the pointer, but for its buttons.
  const layerOf = (el) => {
    let layer = el.querySelector(":scope > .aml-surface");
    if (!layer) {
      layer = document.createElement("div");
      layer.className = "aml-surface";
      el.append(layer);
    }
    return layer;
  };

  const entryOf = (target, root) => {
    const el = target instanceof Element ? target.closest(".bqplot.figure") : null;
    return el && el.closest(".aml-run") === root ? entries.get(el) ?? null : null;
  };
  // A card may hold several figures: the one around a control counts, else the one of the control's part of the card.
  const entryOfCard = (element, root) => {
    const figure = element.closest(".aml-curve, .aml-card, .bqplot.figure");
    const el = figure?.matches(".bqplot.figure") ? figure : figure?.querySelector(".bqplot.figure");
    const card = element.getAttribute("data-aml-with");
    const found = el && entries.get(el);
    if (found && (!card || found.surface.info.card === card)) return found;
    const all = [...surfaces.values()].flatMap((surface) => surface.shown());
    return all.find((entry) => entry.surface.info.card === card && entry.el.closest(".aml-run") === root) ?? found ?? null;
  };

  const start = ({ model, root, send }) => {
    const mine = new Map();
    let isStopped = false;
    const add = async (id) => {
      const figure = await model.widget_manager.get_model(id);
      const axes = await Promise.all(figure.get("axes"));
      await Promise.all(figure.get("marks"));
      if (isStopped || !mine.has(id) || axes.length < 2) return;
      const surface = surfaces.get(id) ?? new Surface(figure, { axes });
      surfaces.set(id, surface);
      surface.senders.add(send);
      mine.set(id, surface);
      await surface.findViews();
    };
    const drop = (id) => {
      const surface = mine.get(id);
      mine.delete(id);
      surface?.senders.delete(send);
      if (surface && !surface.senders.size) {
        surface.stop();
        surfaces.delete(id);
      }
    };
    // A figure's view comes some time after its model, and nothing tells of it.
    const look = async (wait = 40) => {
      await Promise.allSettled([...mine.values()].filter(Boolean).map((surface) => surface.findViews()));
      const isKnown = (el) => entries.has(el) || el.closest(".aml-run") !== root;
      const isComplete = [...mine.values()].every((surface) => surface?.views.size) && [...root.querySelectorAll(".bqplot.figure")].every(isKnown);
      if (!isStopped && !isComplete && wait < 6000) looking = setTimeout(() => look(wait * 1.6), wait);
    };
    let looking = null;
    const update = () => {
      const wanted = new Set(model.get("figures") ?? []);
      for (const id of [...mine.keys()]) if (!wanted.has(id)) drop(id);
      for (const id of wanted) {
        if (mine.has(id)) continue;
        mine.set(id, null);
        add(id).catch((error) => console.warn("aml_widgets: a figure cannot be looked after.", error));
      }
      clearTimeout(looking);
      look();
    };
    const onOver = (event) => {
      const el = event.target instanceof Element ? event.target.closest(".bqplot.figure") : null;
      if (el && !entries.has(el) && el.closest(".aml-run") === root) for (const surface of mine.values()) surface?.findViews();
    };
    model.on("change:figures", update);
    root.addEventListener("pointerover", onOver);
    root.addEventListener("focusin", onOver);
    update();
    return () => {
      isStopped = true;
      clearTimeout(looking);
      model.off("change:figures", update);
      root.removeEventListener("pointerover", onOver);
      root.removeEventListener("focusin", onOver);
      for (const id of [...mine.keys()]) drop(id);
    };
  };

  aml.starters.push(start);
  return { entryOf, entryOfCard, plotOf, layerOf, onRefresh: new Set() };
})();
