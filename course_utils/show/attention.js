async function start(root, data) {
  const state = { group: 0, layer: 0, head: 0, row: 0, column: 0, special: true };
  const decoded = new Map();
  for (const one of data.groups) one.columns ||= one.rows;
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const group = () => data.groups[state.group];

  // One head's whole steps, row by row. Heads are unpacked when they are first looked at.
  async function head(of, number) {
    const key = of.name + number;
    if (!decoded.has(key)) {
      decoded.set(key, await unpack(of.packed[number], of.rows.length, of.columns.length, data.steps));
    }
    return decoded.get(key);
  }

  // What is on the screen: kept rows and columns, and weights whose rows sum to 1.
  let shown = { rows: [], columns: [], weights: new Float64Array(0), most: 1 };
  let latest = 0;
  async function choose(draw = true) {
    const of = group(), ticket = ++latest;
    const layers = state.layer < of.layers ? [state.layer] : [...Array(of.layers).keys()];
    const heads = state.head < of.heads ? [state.head] : [...Array(of.heads).keys()];
    const kept = (tokens) => [...tokens.keys()].filter((at) => state.special || !data.special.includes(tokens[at]));
    const rows = kept(of.rows), columns = kept(of.columns);
    const weights = new Float64Array(rows.length * columns.length);
    for (const layer of layers) {
      for (const number of heads) {
        const flat = await head(of, layer * of.heads + number);
        if (ticket !== latest) return;
        const share = 1 / (layers.length * heads.length * data.steps);
        for (let row = 0, at = 0; row < rows.length; row++)
          for (let column = 0; column < columns.length; column++, at++)
            weights[at] += flat[rows[row] * of.columns.length + columns[column]] * share;
      }
    }
    if (!state.special) {
      for (let row = 0; row < rows.length; row++) {
        const part = weights.subarray(row * columns.length, (row + 1) * columns.length);
        const sum = part.reduce((total, weight) => total + weight, 0);
        if (sum > 0) part.forEach((weight, at) => { part[at] = weight / sum; });
      }
    }
    let most = 0;
    for (const weight of weights) if (weight > most) most = weight;
    shown = { rows, columns, weights, most: most || 1 };
    render();
    state.row = Math.max(0, Math.min(state.row, rows.length - 1));
    state.column = Math.max(0, Math.min(state.column, columns.length - 1));
    if (draw) paint();
  }

  // Controls. Native ones: their keys and names are known to every browser and screen reader.
  const picker = (label, names, change) => {
    const select = make("select", {}, ...names.map((name) => make("option", {}, name)));
    select.addEventListener("change", () => { change(select.selectedIndex); choose(); });
    return [make("label", {}, label + " ", select), select];
  };
  const numbers = (count, all) => [...Array(count).keys()].map((at) => String(at + 1)).concat(count > 1 ? [all] : []);
  const tools = make("div", { class: "tools" });
  let layerSelect, headSelect;
  function rebuild() {
    const [layerLabel, layer] = picker("Layer", numbers(group().layers, "average"), (at) => { state.layer = at; });
    const [headLabel, heads] = picker("Head", numbers(group().heads, "average"), (at) => { state.head = at; });
    [layerSelect, headSelect] = [layer, heads];
    while (tools.querySelector(".pick")) tools.querySelector(".pick").remove();
    for (const label of [layerLabel, headLabel]) label.className = "pick";
    tools.querySelector(".special").before(layerLabel, headLabel);
  }
  const box = make("input", { type: "checkbox" });
  box.checked = true;
  box.addEventListener("change", () => { state.special = box.checked; choose(); });
  if (data.groups.length > 1) {
    const change = (at) => { Object.assign(state, { group: at, layer: 0, head: 0, row: 0, column: 0 }); rebuild(); };
    tools.append(picker("Attention of", data.groups.map((one) => one.name), change)[0]);
  }
  tools.append(make("label", { class: "special" }, box, "special tokens"));
  rebuild();

  const keys = "Up and down choose the token that gives attention, left and right the one that gets it.";
  const matrix = make("canvas", { tabindex: 0, role: "application", "aria-label": "Matrix of one head. " + keys });
  const strip = make("canvas", { class: "strip", tabindex: 0, role: "application", "aria-label": "The text. " + keys });
  const value = make("b"), rest = make("span"), note = make("span", { class: "note" });
  const output = make("output", { "aria-live": "polite" }, value, make("br"), rest, make("br"), note);
  const frame = make("div", { class: "frame" });
  const figure = root.querySelector("figure"), picture = figure.querySelector("img");
  const side = make("div", {}, matrix);
  const panels = make("div", { class: "panels" });
  figure.before(tools, panels);
  panels.append(figure, side);
  panels.after(output, strip);
  figure.append(frame);

  const colours = data.colours.map((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
  const ramp = [...Array(256).keys()].map((level) => {
    const place = (level / 255) * (colours.length - 1), low = Math.min(Math.floor(place), colours.length - 2);
    return colours[low].map((from, at) => Math.round(from + (colours[low + 1][at] - from) * (place - low)));
  });
  const level = (weight) => Math.round(255 * Math.sqrt(weight / shown.most));
  const colour = (weight) => ramp[level(weight)];

  // The matrix as pixels, one for each weight; drawn anew only when the weights change.
  const bitmap = make("canvas");
  function render() {
    const pixels = new ImageData(Math.max(1, shown.columns.length), Math.max(1, shown.rows.length));
    const whole = new Uint32Array(pixels.data.buffer);
    const packed = ramp.map(([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0);
    for (let at = 0; at < shown.weights.length; at++) whole[at] = packed[level(shown.weights[at])];
    [bitmap.width, bitmap.height] = [pixels.width, pixels.height];
    bitmap.getContext("2d").putImageData(pixels, 0, 0);
  }
  const font = (size, weight = "") => `${weight} ${size}px system-ui, sans-serif`;
  const prepare = (canvas, width, height) => {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = width + "px";
    canvas.style.aspectRatio = `${width} / ${height}`;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    return context;
  };
  const short = (context, text, most) => {
    if (context.measureText(text).width <= most) return text;
    while (text.length > 1 && context.measureText(text + "…").width > most) text = text.slice(0, -1);
    return text + "…";
  };

  let layout = { left: 0, top: 0, cell: 1 }, chips = [];
  function paintMatrix(ink) {
    const { rows, columns } = shown, of = group();
    const most = Math.max(rows.length, columns.length, 1);
    const cell = most > 296 ? 1 : most > 98 ? 296 / most : Math.min(25, Math.floor(296 / most));
    const labelled = cell >= 9;
    const gutter = labelled ? 74 : 18;
    layout = { left: gutter, top: gutter, cell };
    const context = prepare(matrix, Math.max(gutter + cell * columns.length + 4, 200), gutter + cell * rows.length + 4);
    context.imageSmoothingEnabled = false;
    context.drawImage(bitmap, gutter, gutter, cell * columns.length, cell * rows.length);
    context.fillStyle = ink;
    context.textBaseline = "middle";
    const size = Math.min(13, Math.max(9, cell - 1));
    const label = (tokens, chosen, x, y, turned) => tokens.forEach((token, at) => {
      const text = (turned ? of.columns : of.rows)[token];
      context.save();
      context.font = font(size, at === chosen ? "bold" : "");
      context.translate(x(at), y(at));
      if (turned) context.rotate(-Math.PI / 2);
      context.textAlign = turned ? "left" : "right";
      context.fillText(short(context, text, gutter - 10), 0, 0);
      context.restore();
    });
    if (labelled) {
      label(rows, state.row, () => gutter - 5, (at) => gutter + cell * (at + 0.5), false);
      label(columns, state.column, (at) => gutter + cell * (at + 0.5), () => gutter - 5, true);
    } else {
      context.font = font(12);
      context.fillText("to →", gutter, 8);
      context.save();
      context.translate(8, gutter);
      context.rotate(-Math.PI / 2);
      context.textAlign = "right";
      context.fillText("← from", 0, 0);
      context.restore();
    }
    const outline = (x, y, width, height) => {
      context.lineWidth = 3.5;
      context.strokeStyle = "#fff";
      context.strokeRect(x, y, width, height);
      context.lineWidth = 1.8;
      context.strokeStyle = "#d55e00";
      context.strokeRect(x, y, width, height);
    };
    const pad = cell < 6 ? 2 : 0;
    outline(gutter, gutter + cell * state.row - pad, cell * columns.length, cell + 2 * pad);
    outline(gutter + cell * state.column - pad - 1, gutter + cell * state.row - pad - 1, cell + 2 * pad + 2, cell + 2 * pad + 2);
  }

  // The text that gets attention, every token on the colour of its weight.
  function paintStrip(ink) {
    const { columns, weights } = shown, of = group();
    const width = Math.max(280, Math.min(980, root.clientWidth || 800)), high = columns.length > 128 ? 20 : 26;
    const measure = strip.getContext("2d");
    measure.font = font(high - 12 < 13 ? 12 : 14);
    let x = 2, y = 2;
    chips = columns.map((token, at) => {
      const text = short(measure, of.columns[token], width - 20), wide = measure.measureText(text).width + 10;
      if (x + wide > width - 2) [x, y] = [2, y + high + 3];
      const chip = { at, text, x, y, wide };
      x += wide + 3;
      return chip;
    });
    const context = prepare(strip, width, y + high + 4);
    context.font = font(high - 12 < 13 ? 12 : 14);
    context.textBaseline = "middle";
    for (const chip of chips) {
      const shade = colour(weights[state.row * columns.length + chip.at]);
      context.fillStyle = `rgb(${shade})`;
      context.fillRect(chip.x, chip.y, chip.wide, high);
      context.fillStyle = shade[0] * 0.299 + shade[1] * 0.587 + shade[2] * 0.114 > 120 ? "#000" : "#fff";
      context.fillText(chip.text, chip.x + 5, chip.y + high / 2 + 1);
      if (chip.at === state.column) {
        context.lineWidth = 3;
        context.strokeStyle = "#d55e00";
        context.strokeRect(chip.x, chip.y, chip.wide, high);
      }
    }

  }

  const digits = data.steps > 2000 ? 4 : 3;
  function paint() {
    const ink = getComputedStyle(root).color, of = group(), { rows, columns, weights } = shown;
    paintMatrix(ink);
    paintStrip(ink);
    const square = data.square, scale = picture.clientWidth / (picture.naturalWidth || 1) || 1;
    const many = (at, count) => (at < count ? [at, 1] : [0, count]);
    const [layer, layers] = many(state.layer, of.layers), [first, heads] = many(state.head, of.heads);
    Object.assign(frame.style, {
      left: (of.corner[0] + first * square - 3) * scale + "px", top: (of.corner[1] + layer * square - 3) * scale + "px",
      width: (heads * square + 2) * scale + "px", height: (layers * square + 2) * scale + "px",
    });
    layerSelect.selectedIndex = state.layer;
    headSelect.selectedIndex = state.head;
    if (!rows.length || !columns.length) {
      value.textContent = "Without its special tokens the text is empty.";
      rest.textContent = note.textContent = "";
      return;
    }
    const row = [...weights.subarray(state.row * columns.length, (state.row + 1) * columns.length)];
    const name = (at) => `“${of.columns[columns[at]]}”`;
    const best = [...row.keys()].sort((one, other) => row[other] - row[one]).slice(0, 5).filter((at) => row[at] > 0);
    const sum = row.reduce((total, weight) => total + weight, 0);
    value.textContent = `“${of.rows[rows[state.row]]}” to ${name(state.column)}: ${row[state.column].toFixed(digits)}`;
    rest.textContent = sum > 0
      ? `Most goes to ${best.map((at) => `${name(at)} ${row[at].toFixed(digits)}`).join(", ")}.`
      : "All the attention of this token goes to special tokens.";
    note.textContent = `Token ${rows[state.row] + 1} to ${columns[state.column] + 1} of ${of.columns.length}. ` +
      `The row sums to ${sum.toFixed(3)}. Brightest: ${shown.most.toFixed(digits)}. Weights are kept in steps of 1/${data.steps}.`;
  }

  // Mouse and keys.
  const within = (canvas, event) => {
    const bounds = canvas.getBoundingClientRect(), scale = bounds.width / parseFloat(canvas.style.width);
    return [(event.clientX - bounds.left) / scale, (event.clientY - bounds.top) / scale];
  };
  const move = (row, column) => {
    row = Math.max(0, Math.min(shown.rows.length - 1, row));
    column = Math.max(0, Math.min(shown.columns.length - 1, column));
    if (row === state.row && column === state.column) return;
    Object.assign(state, { row, column });
    paint();
  };
  matrix.addEventListener("mousemove", (event) => {
    const [x, y] = within(matrix, event);
    const [row, column] = [y - layout.top, x - layout.left].map((distance) => Math.floor(distance / layout.cell));
    if (row >= 0 && column >= 0) move(row, column);
  });
  const hit = (event) => {
    const [x, y] = within(strip, event);
    return chips.find((chip) => x >= chip.x && x <= chip.x + chip.wide && y >= chip.y && y <= chip.y + 30);
  };
  strip.addEventListener("mousemove", (event) => { const chip = hit(event); if (chip) move(state.row, chip.at); });
  strip.addEventListener("click", (event) => {
    const chip = hit(event);
    if (chip && group().rows === group().columns) move(chip.at, state.column);
  });
  for (const canvas of [matrix, strip]) {
    canvas.addEventListener("keydown", (event) => {
      const last = shown.columns.length - 1;
      const [row, column] = {
        ArrowUp: [state.row - 1, state.column], ArrowDown: [state.row + 1, state.column],
        ArrowLeft: [state.row, state.column - 1], ArrowRight: [state.row, state.column + 1],
        Home: [state.row, 0], End: [state.row, last],
      }[event.key] || [];
      if (row === undefined) return;
      event.preventDefault();
      move(row, column);
    });
  }
  picture.addEventListener("click", (event) => {
    const bounds = picture.getBoundingClientRect(), scale = bounds.width / picture.naturalWidth;
    const [x, y] = [(event.clientX - bounds.left) / scale, (event.clientY - bounds.top) / scale];
    data.groups.forEach((one, at) => {
      const head = Math.floor((x - one.corner[0]) / data.square), layer = Math.floor((y - one.corner[1]) / data.square);
      if (head < 0 || layer < 0 || head >= one.heads || layer >= one.layers) return;
      if (at !== state.group) {
        Object.assign(state, { group: at, row: 0, column: 0 });
        tools.querySelector("select").selectedIndex = at;
        rebuild();
      }
      Object.assign(state, { layer, head });
      choose();
    });
  });
  const first = group().rows.findIndex((token) => !data.special.includes(token));
  state.row = Math.max(0, first);
  await choose(false);
  const row = [...shown.weights.subarray(state.row * shown.columns.length, (state.row + 1) * shown.columns.length)];
  state.column = Math.max(0, row.indexOf(Math.max(...row)));
  paint();
}
