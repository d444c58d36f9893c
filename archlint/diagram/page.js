// Search, choosing and the panel of facts. Words of the file reach the page as text nodes only.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const view = document.getElementById("view");
  const svg = view.querySelector("svg");
  const panel = document.getElementById("panel");
  const search = document.getElementById("search");
  const count = document.getElementById("count");
  const nodes = [...svg.querySelectorAll("[data-node]")];
  const edges = [...svg.querySelectorAll("[data-edge]")];
  const { zoom, pan, point, reveal, fit, move } = camera(view, svg);
  let chosen = -1;
  let hits = [];
  let hit = -1;

  function make(name, text, style) {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (style) element.className = style;
    return element;
  }

  function jump(text, index) {
    const item = make("li");
    const button = make("button", text);
    button.type = "button";
    button.addEventListener("click", () => choose(index, true));
    item.append(button);
    return item;
  }

  function findings(marks, index) {
    const list = make("ul");
    for (const mark of marks) {
      const item = make("li", undefined, `finding ${mark.severity}`);
      item.append(make("strong", `${mark.rule} ${mark.name} (${mark.severity})`), make("div", mark.message));
      item.append(make("div", `${mark.file}:${mark.line}  ${mark.at}`, "where"));
      if (index !== undefined && index >= 0) {
        const button = make("button", `Show ${data.nodes[index].name}`);
        button.type = "button";
        button.addEventListener("click", () => choose(index, true));
        item.append(button);
      }
      list.append(item);
    }
    return list;
  }

  function overview() {
    panel.replaceChildren(make("h2", data.title));
    if (data.description) panel.append(make("p", data.description));
    for (const note of data.notes) panel.append(make("p", note));
    const parts = [[data.marks, -1], ...data.nodes.map((node, index) => [node.marks, index])];
    for (const edge of data.edges) parts.push([edge.marks, edge.source]);
    const total = parts.reduce((sum, part) => sum + part[0].length, 0);
    panel.append(make("h3", total === 1 ? "1 finding" : `${total} findings`));
    for (const [marks, index] of parts) if (marks.length) panel.append(findings(marks, index));
  }

  function section(title, element) {
    panel.append(make("h3", title), element);
  }

  function facts(index) {
    const node = data.nodes[index];
    panel.replaceChildren(make("h2", node.name));
    if (node.description) panel.append(make("p", node.description));
    if (node.file) panel.append(make("div", `${node.file}:${node.line}`, "where"));
    if (node.source) panel.append(make("div", node.source, "source"));
    if (node.marks.length) section("Findings", findings(node.marks));
    const list = make("dl");
    for (const [label, text] of node.sheet) list.append(make("dt", label), make("dd", text));
    if (node.budget) list.append(make("dt", "least time"), make("dd", node.budget));
    for (const [pattern, role] of node.roles) list.append(make("dt", pattern), make("dd", role));
    if (list.children.length) section("Facts", list);
    const ways = make("ul");
    for (const edge of data.edges) {
      if (edge.source !== index && edge.target !== index) continue;
      ways.append(jump(edge.detail, edge.source === index ? edge.target : edge.source));
      if (edge.marks.length) ways.append(findings(edge.marks));
    }
    for (const [verb, target] of node.links) {
      const other = data.nodes.findIndex((one) => one.name === target);
      ways.append(jump(`${verb} ${target}`, other));
    }
    if (ways.children.length) section("Relations", ways);
    if (node.members.length) section("Components", make("p", node.members.join(", ")));
  }

  function choose(index, jumping) {
    if (chosen >= 0) nodes[chosen].classList.remove("chosen");
    for (const edge of edges) edge.classList.remove("chosen");
    chosen = index;
    if (index < 0) return overview();
    nodes[index].classList.add("chosen");
    for (const edge of edges) {
      const one = data.edges[Number(edge.dataset.edge)];
      edge.classList.toggle("chosen", one.source === index || one.target === index);
    }
    facts(index);
    panel.scrollTop = 0;
    if (jumping) {
      reveal(nodes[index], true);
      nodes[index].focus({ preventScroll: true });
    }
    return undefined;
  }

  function find() {
    const words = search.value.trim().toLowerCase();
    hits = [];
    nodes.forEach((element, index) => {
      const found = words === "" || data.nodes[index].search.includes(words);
      element.classList.toggle("miss", !found);
      if (found && words !== "") hits.push(index);
    });
    hit = -1;
    svg.classList.toggle("searching", words !== "");
    count.textContent = words === "" ? "" : hits.length === 1 ? "1 match" : `${hits.length} matches`;
  }

  search.addEventListener("input", find);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && hits.length) {
      event.preventDefault();
      hit = (hit + (event.shiftKey ? -1 : 1) + hits.length) % hits.length;
      choose(hits[hit], false);
      reveal(nodes[hits[hit]], true);
    } else if (event.key === "Escape") {
      search.value = "";
      find();
    }
    event.stopPropagation();
  });

  nodes.forEach((element, index) => {
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose(index, false);
      reveal(element);                             // in a narrow window, the facts leave less of the view
    });
    element.addEventListener("focus", () => {
      if (element.matches(":focus-visible")) reveal(element);
    });
  });

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
    const node = event.target.closest("[data-node]");
    choose(node ? Number(node.dataset.node) : -1, false);
  });
  view.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004), ...point(event));
  }, { passive: false });

  const commands = {
    "+": () => zoom(0.8), "=": () => zoom(0.8), "-": () => zoom(1.25), "0": fit,
    ArrowLeft: () => move(-0.1, 0), ArrowRight: () => move(0.1, 0), ArrowUp: () => move(0, -0.1), ArrowDown: () => move(0, 0.1),
    "/": () => search.focus(), Escape: () => choose(-1, false),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || panel.contains(event.target)) return;
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
