// A chart as a picture, made by the browser alone: SVG with the colours that are seen, and PNG of it.
aml.saving = (() => {
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity", "font-family", "font-size", "font-weight", "text-anchor", "shape-rendering", "display", "visibility"];
  const TITLE_HEIGHT = 30;
  const ROW_HEIGHT = 18;
  const SIDE = 12;
  const SCALE = 2;

  // `color(srgb …)`, which color-mix gives, is known to browsers only.
  const plainColour = (text) =>
    text.replace(/color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)(?: \/ ([\d.e-]+))?\)/g, (_whole, ...parts) => {
      const [red, green, blue] = parts.slice(0, 3).map((part) => Math.round(Math.max(0, Math.min(1, Number(part))) * 255));
      return `rgba(${red}, ${green}, ${blue}, ${parts[3] ?? 1})`;
    });

  const copyStyled = (node) => {
    const copy = node.cloneNode(true);
    const [from, to] = [[node, ...node.querySelectorAll("*")], [copy, ...copy.querySelectorAll("*")]];
    from.forEach((one, i) => {
      if (!to[i].style || one.closest("defs")) return;
      const style = getComputedStyle(one);
      to[i].removeAttribute("class");
      to[i].removeAttribute("style");
      for (const name of STYLES) {
        const value = style.getPropertyValue(name);
        // Written as attributes, which every program that reads SVG knows.
        if (value) to[i].setAttribute(name, plainColour(value));
      }
    });
    for (const one of copy.querySelectorAll("*")) if (one.getAttribute("display") === "none") one.remove();
    return copy;
  };

  const make = (name, attributes, text) => {
    const one = document.createElementNS(NAMESPACE, name);
    for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
    if (text !== undefined) one.textContent = text;
    return one;
  };

  const measure = (font) => {
    const context = document.createElement("canvas").getContext("2d");
    context.font = font;
    return (text) => context.measureText(text).width;
  };
  const cut = (text, width, widthOf) => {
    if (widthOf(text) <= width) return text;
    let letters = [...text];
    while (letters.length > 1 && widthOf(`${letters.join("")}\u2026`) > width) letters = letters.slice(0, Math.max(1, Math.floor(letters.length * 0.9)));
    return `${letters.join("")}\u2026`;
  };

  const svgOf = (entry) => {
    const { surface, view, el } = entry;
    const { title = "", labels = [], hidden = [] } = surface.info;
    const look = getComputedStyle(el.closest(".aml-run"));
    const [ground, ink, font] = [plainColour(look.backgroundColor), plainColour(look.color), look.fontFamily];
    const [width, height] = [Math.ceil(view.width), Math.ceil(view.height)];
    const legend = [];
    if (labels.length > 1) {
      const widthOf = measure(`12px ${font}`);
      const probe = document.createElement("span");
      el.append(probe);
      let [x, row] = [SIDE, 0];
      surface.model.get("marks")[0].get("colors").length &&
        labels.forEach((label, place) => {
          if (hidden.includes(place)) return;
          const colours = surface.model.get("marks")[0].get("colors");
          probe.style.color = colours[place % colours.length];
          const colour = plainColour(getComputedStyle(probe).color);
          const text = cut(label, width - 2 * SIDE - 26, widthOf);
          const needed = 26 + widthOf(text) + 14;
          if (x > SIDE && x + needed > width) [x, row] = [SIDE, row + 1];
          legend.push({ text, colour, x, row, dash: ["", "7 4", "2 3", "12 3 2 3", "1 7", "16 8"][Math.floor(place / 8)] ?? "" });
          x += needed;
        });
      probe.remove();
    }
    const rows = legend.length ? legend[legend.length - 1].row + 1 : 0;
    const total = TITLE_HEIGHT + height + rows * ROW_HEIGHT + (rows ? 8 : 0);
    const svg = make("svg", { xmlns: NAMESPACE, version: "1.1", width, height: total, viewBox: `0 0 ${width} ${total}` });
    svg.append(make("rect", { width, height: total, fill: ground }));
    svg.append(make("text", { x: SIDE, y: 20, fill: ink, "font-family": font, "font-size": "14px", "font-weight": "600" }, cut(title, width - 2 * SIDE, measure(`600 14px ${font}`))));
    const body = make("g", { transform: `translate(0 ${TITLE_HEIGHT})` });
    for (const part of el.querySelectorAll(":scope > svg")) {
      const copy = copyStyled(part);
      body.append(...copy.childNodes);
    }
    svg.append(body);
    for (const { text, colour, x, row, dash } of legend) {
      const y = TITLE_HEIGHT + height + 12 + row * ROW_HEIGHT;
      svg.append(make("line", { x1: x, x2: x + 20, y1: y - 4, y2: y - 4, stroke: colour, "stroke-width": 2.5, "stroke-dasharray": dash || "none" }));
      svg.append(make("text", { x: x + 26, y, fill: ink, "font-family": font, "font-size": "12px" }, text));
    }
    return { text: new XMLSerializer().serializeToString(svg), width, height: total };
  };

  const fileName = (entry, ending) => {
    const safe = String(entry.surface.info.title ?? "").replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 80);
    return `${safe || "chart"}.${ending}`;
  };

  const save = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };

  const pngOf = ({ text, width, height }) =>
    new Promise((resolve, reject) => {
      const image = new Image();
      image.onerror = () => reject(new Error("The picture of the chart could not be drawn."));
      image.onload = () => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [Math.round(width * SCALE), Math.round(height * SCALE)];
        const context = canvas.getContext("2d");
        context.scale(SCALE, SCALE);
        context.drawImage(image, 0, 0, width, height);
        canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture of the chart is too large."))), "image/png");
      };
      image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    });

  aml.local["chart-save-svg"] = (element, _event, root) => {
    const entry = aml.figures.entryOfCard(element, root);
    if (entry) save(new Blob([svgOf(entry).text], { type: "image/svg+xml" }), fileName(entry, "svg"));
  };
  aml.local["chart-save-png"] = async (element, _event, root) => {
    const entry = aml.figures.entryOfCard(element, root);
    if (entry) save(await pngOf(svgOf(entry)), fileName(entry, "png"));
  };
  return { svgOf, pngOf, fileName };
})();
