async function start(root, data) {
  const [rows, columns] = data.grid, before = data.prefix.length, count = before + rows * columns;
  const state = { layer: data.layers, head: data.heads, from: 0, to: before };
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const decoded = new Map();
  async function head(text) {
    if (!decoded.has(text)) decoded.set(text, await unpack(text, count, count, data.steps));
    return decoded.get(text);
  }
  const name = (token) => token < before ? data.prefix[token]
    : `row ${Math.floor((token - before) / columns) + 1}, column ${((token - before) % columns) + 1}`;

  // The weights that the chosen token gives, averaged where an average is chosen.
  let weights = new Float64Array(count), latest = 0;
  async function choose() {
    const ticket = ++latest, all = (at, many) => (at < many ? [at] : [...Array(many).keys()]);
    const chosen = state.layer > data.layers ? [data.rollout]
      : all(state.layer, data.layers).flatMap((layer) => all(state.head, data.heads).map((at) => data.packed[layer * data.heads + at]));
    const sums = new Float64Array(count);
    for (const text of chosen) {
      const flat = await head(text);
      if (ticket !== latest) return;
      for (let to = 0; to < count; to++) sums[to] += flat[state.from * count + to] / (chosen.length * data.steps);
    }
    weights = sums;
    paint();
  }

  const picker = (label, names, change) => {
    const select = make("select", {}, ...names.map((text) => make("option", {}, text)));
    select.addEventListener("change", () => { change(select.selectedIndex); choose(); });
    return [make("label", {}, label + " ", select), select];
  };
  const numbers = (many) => [...Array(many).keys()].map((at) => String(at + 1)).concat("average");
  const [layerLabel, layerSelect] = picker("Layer", [...numbers(data.layers), "rollout"], (at) => {
    state.layer = at;
    headSelect.disabled = at > data.layers;
  });
  const [headLabel, headSelect] = picker("Head", numbers(data.heads), (at) => { state.head = at; });
  [layerSelect.selectedIndex, headSelect.selectedIndex] = [state.layer, state.head];
  const tools = make("div", { class: "tools" }, layerLabel, headLabel);
  for (const [at, text] of data.prefix.entries()) {
    const button = make("button", { type: "button" }, "from " + text);
    button.addEventListener("click", () => { state.from = at; choose(); });
    tools.append(button);
  }
  const canvas = make("canvas", {
    tabindex: 0, role: "application",
    "aria-label": "The picture. Arrow keys choose a patch; Enter shows what that patch itself attends to.",
  });
  const value = make("b"), rest = make("span"), note = make("span", { class: "note" });
  const output = make("output", { "aria-live": "polite" }, value, make("br"), rest, make("br"), note);
  root.querySelector("figure").after(tools, make("div", { class: "panels" }, canvas, output));

  const colours = data.colours.map((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
  const colour = (share) => {
    const place = share * (colours.length - 1), low = Math.min(Math.floor(place), colours.length - 2);
    return colours[low].map((from, at) => Math.round(from + (colours[low + 1][at] - from) * (place - low)));
  };
  const picture = new Image();
  const [width, height] = data.size.map((side) => Math.round(side * 1.5));
  const [wide, high] = [width / columns, height / rows];
  function paint() {
    const ratio = window.devicePixelRatio || 1;
    [canvas.width, canvas.height] = [width * ratio, height * ratio];
    Object.assign(canvas.style, { width: width + "px", aspectRatio: `${width} / ${height}` });
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.filter = "grayscale(1)"; // or its colours would be taken for weights
    context.drawImage(picture, 0, 0, width, height);
    context.filter = "none";
    const most = Math.max(...weights.slice(before)) || 1;
    const box = (token, line, shade) => {
      const at = token - before;
      if (at < 0) return;
      for (const [color, extra] of [["#fff", 2.5], [shade, 0]]) {
        context.strokeStyle = color;
        context.lineWidth = line + extra;
        context.strokeRect((at % columns) * wide + 1, Math.floor(at / columns) * high + 1, wide - 2, high - 2);
      }
    };
    for (let at = 0; at < rows * columns; at++) {
      context.fillStyle = `rgba(${colour(weights[before + at] / most)}, 0.68)`;
      context.fillRect((at % columns) * wide, Math.floor(at / columns) * high, wide - 0.6, high - 0.6);
    }
    box(state.from, 3, "#000");
    box(state.to, 2.5, "#d55e00");
    const best = [...weights.keys()].sort((one, other) => weights[other] - weights[one]).slice(0, 3);
    value.textContent = `From ${name(state.from)} to ${name(state.to)}: ${weights[state.to].toFixed(4)}`;
    const ahead = data.prefix.map((text, at) => ` To ${text}: ${weights[at].toFixed(4)}.`).join("");
    rest.textContent = `Most goes to ${best.map((at) => `${name(at)} (${weights[at].toFixed(4)})`).join("; ")}.${ahead}`;
    note.textContent = `The weights sum to ${weights.reduce((sum, one) => sum + one, 0).toFixed(3)}. ` +
      `Brightest patch: ${most.toFixed(4)}. Weights are kept in steps of 1/${data.steps}.`;
  }
  const under = (event) => {
    const bounds = canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - bounds.left) / bounds.width) * columns);
    const row = Math.floor(((event.clientY - bounds.top) / bounds.height) * rows);
    return before + Math.max(0, Math.min(rows - 1, row)) * columns + Math.max(0, Math.min(columns - 1, column));
  };
  canvas.addEventListener("mousemove", (event) => { if (under(event) !== state.to) { state.to = under(event); paint(); } });
  canvas.addEventListener("click", (event) => { state.from = under(event); choose(); });
  canvas.addEventListener("keydown", (event) => {
    const at = state.to - before, row = Math.floor(at / columns), column = at % columns;
    const move = { ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1] };
    if (event.key === "Enter") state.from = state.to;
    else if (!move[event.key]) return;
    else {
      const [r, c] = move[event.key];
      if (r < 0 || c < 0 || r >= rows || c >= columns) return event.preventDefault();
      state.to = before + r * columns + c;
    }
    event.preventDefault();
    choose();
  });
  picture.src = data.picture;
  await picture.decode();
  await choose();
}
