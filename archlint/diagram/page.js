// Search, selection and the panel of facts. Text of the file only becomes text nodes.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const view = document.getElementById("view");
  const svg = view.querySelector("svg");
  const panel = document.getElementById("panel");
  const search = document.getElementById("search");
  const count = document.getElementById("count");
  const nodes = [...svg.querySelectorAll("[data-node]")];
  const drawn = [...svg.querySelectorAll("[data-edge]")];
  const { zoom, pan, point, reveal, fit, move } = camera(view, svg);
  const lines = data.edges.map(() => []);         // the elements of each relation: its line and its label
  for (const element of drawn) lines[Number(element.dataset.edge)].push(element);
  let chosen = -1;                                // a component,
  let picked = -1;                                // or a relation
  let hits = [];
  let hit = -1;

  function make(name, text, style) {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (style) element.className = style;
    return element;
  }

  function button(text, act) {
    const element = make("button", text);
    element.type = "button";
    element.addEventListener("click", act);
    return element;
  }

  function jump(text, index) {
    const item = make("li");
    item.append(button(text, () => choose(index, true)));
    return item;
  }

  function way(number, index) {
    const edge = data.edges[number];
    const item = make("li", undefined, "way");
    item.append(button(edge.detail, () => pick(number, true)));
    const other = edge.source === index ? edge.target : edge.source;
    const go = button("→", () => choose(other, true));
    go.title = `Show ${data.nodes[other].name}`;
    go.setAttribute("aria-label", go.title);
    if (other !== index) item.append(go);
    return item;
  }

  function findings(marks, name, act) {
    const list = make("ul");
    for (const mark of marks) {
      const item = make("li", undefined, `finding ${mark.severity}`);
      item.append(make("strong", `${mark.rule} ${mark.name} (${mark.severity})`), make("div", mark.message));
      item.append(make("div", mark.at ? `${mark.file}:${mark.line}, ${mark.at}` : `${mark.file}:${mark.line}`, "where"));
      if (act) item.append(button(`Show ${name}`, act));
      list.append(item);
    }
    return list;
  }

  function head(title) {
    const element = make("h2", title);
    element.tabIndex = -1;
    panel.replaceChildren(element);
    panel.scrollTop = 0;
  }

  function overview() {
    head(data.title);
    if (data.description) panel.append(make("p", data.description));
    for (const note of data.notes) panel.append(make("p", note));
    const parts = [{ marks: data.marks }];
    data.nodes.forEach((node, index) => parts.push({ marks: node.marks, name: node.name, act: () => choose(index, true) }));
    data.edges.forEach((edge, index) => parts.push({ marks: edge.marks, name: edge.title, act: () => pick(index, true) }));
    const total = parts.reduce((sum, part) => sum + part.marks.length, 0);
    panel.append(make("h3", total === 1 ? "1 finding" : `${total} findings`));
    for (const { marks, name, act } of parts) if (marks.length) panel.append(findings(marks, name, act));
    const list = make("dl");
    for (const [label, text] of data.sheet) list.append(make("dt", label), make("dd", text));
    if (list.children.length) section("Facts", list);
  }

  function section(title, element) {
    panel.append(make("h3", title), element);
  }

  function facts(index) {
    const node = data.nodes[index];
    head(node.name);
    if (node.description) panel.append(make("p", node.description));
    if (node.file) panel.append(make("div", `${node.file}:${node.line}`, "where"));
    if (node.source) panel.append(make("div", node.source, "source"));
    if (node.marks.length) section("Findings", findings(node.marks));
    const list = make("dl");
    for (const [label, text] of node.sheet) list.append(make("dt", label), make("dd", text));
    if (node.budget) list.append(make("dt", "minimum time"), make("dd", node.budget));
    for (const [pattern, role] of node.roles) list.append(make("dt", pattern), make("dd", role));
    if (list.children.length) section("Facts", list);
    const ways = make("ul");
    data.edges.forEach((edge, number) => {
      if (edge.source !== index && edge.target !== index) return;
      ways.append(way(number, index));
      if (edge.marks.length) ways.append(findings(edge.marks));
    });
    for (const [verb, target] of node.links) {
      const other = data.nodes.findIndex((one) => one.name === target);
      ways.append(jump(`${verb} ${target}`, other));
    }
    if (ways.children.length) section("Relations", ways);
    if (node.members.length) section("Components", make("p", node.members.join(", ")));
  }

  function relation(number) {
    const edge = data.edges[number];
    head(edge.title);
    if (edge.file) panel.append(make("div", `${edge.file}:${edge.line}`, "where"));
    if (edge.many) panel.append(make("p", edge.detail));
    if (edge.marks.length) section("Findings", findings(edge.marks));
    const list = make("dl");
    for (const [label, text] of edge.sheet) list.append(make("dt", label), make("dd", text));
    section("Facts", list);
    const ends = make("ul");
    for (const [word, index] of [["from", edge.source], ["to", edge.target]]) ends.append(jump(`${word} ${data.nodes[index].name}`, index));
    section("Components", ends);
  }

  function mark(elements) {
    for (const element of svg.querySelectorAll(".chosen")) element.classList.remove("chosen");
    for (const element of elements) element.classList.add("chosen");
  }

  function choose(index, jumping) {
    chosen = index;
    picked = -1;
    if (index < 0) {
      mark([]);
      overview();
      return;
    }
    const touching = data.edges.map((edge, number) => (edge.source === index || edge.target === index ? lines[number] : []));
    mark([nodes[index], ...touching.flat()]);
    facts(index);
    if (jumping) {
      reveal([nodes[index]], true);
      nodes[index].focus({ preventScroll: true });
    }
  }

  function pick(number, jumping) {
    chosen = -1;
    picked = number;
    mark(lines[number]);
    relation(number);
    if (jumping) {
      reveal(lines[number], true);
      read();
    }
  }

  // Move the focus to the panel, and back to the chosen part.
  function read() {
    panel.querySelector("h2").focus();
  }

  function leave() {
    const back = chosen >= 0 ? chosen : picked >= 0 ? data.edges[picked].source : -1;
    if (back >= 0 && panel.contains(document.activeElement)) nodes[back].focus({ preventScroll: true });
    choose(-1, false);
  }

  // All words, in any order. A single letter, as in "zone a", matches only whole words.
  function matches(text, words) {
    return words.every((word) => {
      if (words.length === 1 || !/^[a-z0-9]$/.test(word)) return text.includes(word);
      return new RegExp(`(?<![\\p{L}\\p{N}])${word}(?![\\p{L}\\p{N}])`, "u").test(text);
    });
  }

  function find() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const asked = words.length > 0;
    hits = [];
    nodes.forEach((element, index) => {
      const found = matches(data.nodes[index].search, words);
      element.classList.toggle("miss", !found);
      if (asked && found) hits.push(() => { choose(index, false); reveal([element], true); });
    });
    data.edges.forEach((edge, number) => {
      const found = asked && matches(edge.search, words);
      for (const element of lines[number]) element.classList.toggle("hit", found);
      if (found) hits.push(() => { pick(number, false); reveal(lines[number], true); });
    });
    hit = -1;
    svg.classList.toggle("searching", asked);
    count.textContent = !asked ? "" : hits.length === 1 ? "1 match" : `${hits.length} matches`;
  }

  search.addEventListener("input", find);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && hits.length) {
      event.preventDefault();
      hit = (hit + (event.shiftKey ? -1 : 1) + hits.length) % hits.length;
      hits[hit]();
    } else if (event.key === "Escape") {
      search.value = "";
      find();
    }
    event.stopPropagation();
  });

  nodes.forEach((element, index) => {
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return undefined;
      event.preventDefault();
      if (chosen === index) return read();
      choose(index, false);
      return reveal([element]);                    // in a narrow window, the panel covers part of the view
    });
    element.addEventListener("focus", () => {
      if (element.matches(":focus-visible")) reveal([element]);
    });
  });

  // A wide invisible line below each thin line, so that it is easy to click.
  for (const element of drawn) {
    const line = element.querySelector(".line");
    if (!line) continue;
    const reach = line.cloneNode();
    reach.setAttribute("class", "reach");
    reach.dataset.edge = element.dataset.edge;
    reach.append(element.querySelector("title").cloneNode(true));
    drawn[0].before(reach);
  }

  const pointers = new Map();
  let start = null;
  let moved = false;
  view.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, event);
    moved = pointers.size > 1;
    start = { x: event.clientX, y: event.clientY };
  });
  view.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    if (!moved && Math.hypot(event.clientX - start.x, event.clientY - start.y) < 5) return;
    if (!moved) view.setPointerCapture(event.pointerId);
    moved = true;
    view.classList.add("moving");
    const [x0, y0] = point(before);
    const [x1, y1] = point(event);
    if (pointers.size === 1) {
      pan(x0 - x1, y0 - y1);
    } else {
      const other = [...pointers.values()].find((one) => one.pointerId !== event.pointerId);
      const was = Math.hypot(before.clientX - other.clientX, before.clientY - other.clientY);
      const now = Math.hypot(event.clientX - other.clientX, event.clientY - other.clientY);
      if (now > 0 && was > 0) zoom(was / now, ...point(other));
    }
    pointers.set(event.pointerId, event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    view.addEventListener(end, (event) => {
      pointers.delete(event.pointerId);
      view.classList.remove("moving");
    });
  }
  view.addEventListener("click", (event) => {
    if (moved) return;
    const part = event.target.closest("[data-node], [data-edge]");
    if (part && part.dataset.edge) pick(Number(part.dataset.edge), false);
    else choose(part ? Number(part.dataset.node) : -1, false);
  });
  view.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004), ...point(event));
  }, { passive: false });

  const commands = {
    "+": () => zoom(0.8), "=": () => zoom(0.8), "-": () => zoom(1.25), "0": fit,
    ArrowLeft: () => move(-0.1, 0), ArrowRight: () => move(0.1, 0), ArrowUp: () => move(0, -0.1), ArrowDown: () => move(0, 0.1),
    "/": () => search.focus(), Escape: leave,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (panel.contains(event.target) && event.key !== "Escape") return;
    const command = commands[event.key];
    if (!command) return;
    event.preventDefault();
    command();
  });
  document.getElementById("in").addEventListener("click", commands["+"]);
  document.getElementById("out").addEventListener("click", commands["-"]);
  document.getElementById("fit").addEventListener("click", commands["0"]);
  overview();
  document.body.dataset.ready = "yes";
})();
