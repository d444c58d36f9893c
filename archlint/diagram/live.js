// A system to explore: its drawings, the findings beside them, what is chosen, and the address of that.
function live(root, number) {
  const data = JSON.parse(root.querySelector(".live-data").textContent);
  const one = (selector) => root.querySelector(selector);
  const view = one(".view"), part = one(".part"), picker = one(".workload"), back = one(".back"), said = one(".said");
  const drawings = [...root.querySelectorAll(".drawing")].map((element, index) => drawingOf(element, data.drawings[index], data.routes, view));
  const articles = [...root.querySelectorAll("[data-finding]")];
  const keys = new Map(drawings.map((drawing, index) => [drawing.data.key, index]));
  const state = { node: -1, edge: -1, near: -1, route: -1, found: null, severities: new Set(["error", "warning", "info"]) };
  let current = 0;
  let hits = [], hit = -1;
  const now = () => drawings[current];
  const show = factsOf(part, {
    node: (index) => choose(index, true), edge: (index) => pick(index, true), close: () => leave(), open: (group, name) => open(group, name),
  });

  function paint() {
    now().paint(state);
  }

  function address(at) {
    const hash = at ? `#${number ? `${number + 1}/` : ""}${encodeURIComponent(at)}` : " ";
    try { history.replaceState(null, "", at ? hash : location.pathname + location.search); } catch { /* a page without an address */ }
  }

  // Beside a chosen part, only its findings are shown.
  function narrow(findings) {
    for (const article of articles) article.classList.toggle("elsewhere", findings !== null && !findings.includes(Number(article.dataset.finding)));
    root.classList.toggle("narrowed", findings !== null);
    if (findings === null) { part.hidden = true; part.replaceChildren(); }
  }

  function choose(index, jumping) {
    Object.assign(state, { node: index, edge: -1 });
    paint();
    if (index < 0) { narrow(null); address(state.route < 0 ? "" : `workloads.${data.routes[state.route].workload}`); return; }
    const node = now().data.nodes[index];
    show.node(now().data, index, state.route < 0 ? "" : now().lit[state.route].hops.get(index));
    narrow(node.findings);
    address(node.at);
    if (jumping) {
      const [element] = now().seen(now().nodes[index]);
      now().camera().reveal([element], true);
      element.focus({ preventScroll: true });
      nearby();
    }
  }

  function pick(index, jumping) {
    Object.assign(state, { node: -1, edge: index });
    paint();
    const edge = now().data.edges[index];
    show.edge(now().data, index);
    narrow(edge.findings);
    if (edge.at) address(edge.at);
    if (jumping) {
      now().camera().reveal(now().seen(now().lines[index]), true);
      read();
    }
  }

  // In a page that scrolls, bring the picture or the facts into view.
  function nearby() {
    const box = view.getBoundingClientRect();
    if (box.bottom < 80 || box.top > innerHeight - 80) view.scrollIntoView({ block: "nearest" });
  }

  function read() {
    const title = part.querySelector("h2");
    if (title) title.focus();
  }

  function leave() {
    const last = state.node >= 0 ? state.node : state.edge >= 0 ? now().data.edges[state.edge].source : -1;
    if (last < 0 && current > 0) return open("");
    const [element] = last >= 0 ? now().seen(now().nodes[last]) : [];
    if (element && part.contains(document.activeElement)) element.focus({ preventScroll: true });
    return choose(-1, false);
  }

  // Shows another drawing: a group, or (with an empty key) all groups.
  function open(group, name) {
    if (!keys.has(group)) return;
    const before = now().data.key;
    Object.assign(state, { node: -1, edge: -1, near: -1 });
    current = keys.get(group);
    drawings.forEach(({ element }, index) => { element.hidden = index !== current; });
    back.hidden = current === 0;
    one(".group").textContent = group;
    now().camera().start();
    if (asked.length) state.found = now().find(asked);
    const index = now().home.get(name ?? (group ? undefined : before));
    choose(index ?? -1, index !== undefined);
    if (index === undefined) { paint(); if (group) address(`groups.${group}`); }
  }

  let asked = [];
  function find(words) {
    asked = words;
    state.found = words.length ? now().find(words) : null;
    hits = [];
    drawings.forEach((drawing, index) => {
      const found = drawing.find(words);
      const there = (act) => () => { if (index !== current) open(drawing.data.key); act(); };
      for (const node of found.nodes) if (drawing.data.nodes[node].own) hits.push(there(() => { choose(node, false); drawing.camera().reveal(drawing.seen(drawing.nodes[node]), true); }));
      for (const edge of found.edges) if (drawing.data.edges[edge].own) hits.push(there(() => { pick(edge, false); drawing.camera().reveal(drawing.seen(drawing.lines[edge]), true); }));
    });
    hit = -1;
    paint();
    return hits.length;
  }

  function next(step) {
    if (!hits.length) return;
    hit = (hit + step + hits.length) % hits.length;
    hits[hit]();
  }

  // The numbers of the findings on parts that a search finds.
  function found() {
    if (!asked.length) return null;
    const parts = drawings.flatMap((drawing) => {
      const { nodes, edges } = drawing.find(asked);
      return [...[...nodes].map((index) => drawing.data.nodes[index]), ...[...edges].map((index) => drawing.data.edges[index])];
    });
    return new Set(parts.flatMap((one) => one.findings));
  }

  function route(index) {
    state.route = index;
    picker.value = index < 0 ? "" : String(index);
    one(".route").hidden = index < 0;
    one(".route .note").textContent = index < 0 ? "" : data.routes[index].note;
    for (const bar of root.querySelectorAll(".route figure")) bar.hidden = Number(bar.dataset.route) !== index;
    if (state.node >= 0) choose(state.node, false);
    else { paint(); address(index < 0 ? "" : `workloads.${data.routes[index].workload}`); }
  }

  // Opens what an address names: a component, a group, a relation or a workload.
  function visit(at) {
    const workload = data.routes.findIndex((each) => `workloads.${each.workload}` === at);
    if (workload >= 0) { route(workload); return true; }
    for (const own of [true, false]) {
      for (const drawing of drawings) {
        const node = drawing.data.nodes.findIndex((each) => each.at === at && (each.own || !own));
        const edge = drawing.data.edges.findIndex((each) => each.at === at && (each.own || !own));
        if (node < 0 && edge < 0) continue;
        if (drawing !== now()) open(drawing.data.key);
        if (node >= 0) choose(node, true); else pick(edge, true);
        return true;
      }
    }
    if (at.startsWith("groups.") && keys.has(at.slice(7))) { open(at.slice(7)); return true; }
    return false;
  }

  drawings.forEach((drawing) => drawing.nodes.forEach((elements, index) => {
    for (const element of elements) {
      element.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        if (state.node !== index) { choose(index, false); drawing.camera().reveal([element]); return; }   // the facts may cover a part of the view
        if (drawing.data.nodes[index].members.length) open(drawing.data.nodes[index].name);
        else read();
      });
      element.addEventListener("focus", () => {
        if (!element.matches(":focus-visible")) return;
        drawing.camera().reveal([element]);
        over(index);
      });
      element.addEventListener("blur", () => over(-1));
    }
  }));

  function over(index) {
    if (state.near === index) return;
    state.near = index;
    paint();
  }

  moving(view, {
    camera: () => now().camera(),
    click: (target) => {
      const hitPart = target.closest("[data-node], [data-edge]");
      if (hitPart && hitPart.dataset.edge) pick(Number(hitPart.dataset.edge), false);
      else choose(hitPart ? Number(hitPart.dataset.node) : -1, false);
    },
    enter: (target) => {
      const node = target.closest("[data-node]");
      const group = node && now().data.nodes[Number(node.dataset.node)];
      if (group && group.members.length) open(group.name);
    },
    out: () => { if (current > 0) open(""); },
    over: (target) => over(target ? Number(target.closest("[data-node]")?.dataset.node ?? -1) : -1),
  });

  for (const article of articles) {
    const index = Number(article.dataset.finding);
    const links = make("div", undefined, "show");
    const seen = new Set();
    for (const drawing of drawings) {
      for (const [parts, name, act] of [[drawing.data.nodes, (each) => each.name, choose], [drawing.data.edges, (each) => each.title, pick]]) {
        parts.forEach((each, place) => {
          if (!each.own || !each.findings.includes(index) || seen.has(name(each)) || seen.size >= 6) return;
          seen.add(name(each));
          links.append(button(`Show ${name(each)}`, () => { if (drawing !== now()) open(drawing.data.key); act(place, true); nearby(); }));
        });
      }
    }
    if (seen.size) article.querySelector(".place").after(links);
  }

  picker.addEventListener("change", () => route(picker.value === "" ? -1 : Number(picker.value)));
  back.addEventListener("click", () => open(""));
  for (const box of root.querySelectorAll(".layers input")) {
    box.addEventListener("change", () => { for (const { svg } of drawings.flatMap((each) => each.cameras)) svg.classList.toggle(`no-${box.value}`, !box.checked); });
  }
  sharing(one(".share"), () => ({ title: now().data.key || data.title, camera: now().camera(), mermaid: now().data.mermaid }), (words) => { said.textContent = words; });
  const commands = {
    in: () => now().camera().zoom(0.8), out: () => now().camera().zoom(1.25), fit: () => now().camera().fit(),
    left: () => now().camera().move(-0.1, 0), right: () => now().camera().move(0.1, 0), up: () => now().camera().move(0, -0.1), down: () => now().camera().move(0, 0.1),
    leave,
  };
  for (const name of ["in", "out", "fit"]) one(`.${name}`).addEventListener("click", commands[name]);
  one(".tools").hidden = false;
  matchMedia("print").addEventListener("change", (event) => { for (const each of drawings.flatMap((drawing) => drawing.cameras)) each.whole(event.matches); });
  for (const { cameras } of drawings) for (const each of cameras) each.start();
  if (data.workload) route(data.routes.findIndex((each) => each.workload === data.workload));
  return {
    root, view, find, next, found, visit, commands, hits: () => hits.length,
    severities: (kinds) => {
      state.severities = kinds;
      for (const { svg } of drawings.flatMap((each) => each.cameras)) for (const kind of ["error", "warning", "info"]) svg.classList.toggle(`no-${kind}`, !kinds.has(kind));
      paint();
    },
  };
}
