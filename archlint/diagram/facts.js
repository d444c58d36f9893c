// What is known of a component, a group or a relation. Text of the file only becomes text nodes.
function make(name, text, style) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (style) element.className = style;
  return element;
}

function button(text, act, label) {
  const element = make("button", text);
  element.type = "button";
  if (label) { element.title = label; element.setAttribute("aria-label", label); }
  element.addEventListener("click", act);
  return element;
}

// Writes facts into `part`; `go` leads to other parts: node(index), edge(number), open(group), close().
function factsOf(part, go) {
  function head(title) {
    const element = make("h2", title);
    element.tabIndex = -1;
    const row = make("div", undefined, "head");
    row.append(element, button("×", go.close, "Back to all findings"));
    part.replaceChildren(row);
    part.hidden = false;
    part.scrollTop = 0;
  }

  function section(title, element) {
    if (element.children.length) part.append(make("h3", title), element);
  }

  function sheet(rows) {
    const list = make("dl");
    for (const [label, text] of rows) list.append(make("dt", label), make("dd", text));
    return list;
  }

  function place(one) {
    if (one.file) part.append(make("div", `${one.file}:${one.line}`, "where"));
  }

  function jump(text, index) {
    const item = make("li");
    item.append(button(text, () => go.node(index)));
    return item;
  }

  function way(drawing, number, index) {
    const edge = drawing.edges[number];
    const item = make("li", undefined, "way");
    item.append(button(edge.detail, () => go.edge(number)));
    const other = edge.source === index ? edge.target : edge.source;
    if (other !== index) item.append(button("→", () => go.node(other), `Show ${drawing.nodes[other].name}`));
    return item;
  }

  function node(drawing, index, budget) {
    const one = drawing.nodes[index];
    head(one.name);
    if (one.members.length) part.append(button(`Open ${one.name}`, () => go.open(one.name)));
    if (one.description) part.append(make("p", one.description));
    place(one);
    if (one.source) part.append(make("div", one.source, "source"));
    const rows = [...one.sheet];
    if (budget) rows.push(["minimum time", budget]);
    section("Facts", sheet([...rows, ...one.roles]));
    const ways = make("ul");
    drawing.edges.forEach((edge, number) => {
      if (edge.source === index || edge.target === index) ways.append(way(drawing, number, index));
    });
    for (const [verb, target] of one.links) ways.append(jump(`${verb} ${target}`, drawing.nodes.findIndex((other) => other.name === target)));
    section("Relations", ways);
    const members = make("ul");
    for (const name of one.members) {
      const item = make("li");
      item.append(button(name, () => go.open(one.name, name)));
      members.append(item);
    }
    section("Components", members);
  }

  function edge(drawing, number) {
    const one = drawing.edges[number];
    head(one.title);
    place(one);
    if (one.many) part.append(make("p", one.detail));
    section("Facts", sheet(one.sheet));
    const ends = make("ul");
    for (const [word, index] of [["from", one.source], ["to", one.target]]) ends.append(jump(`${word} ${drawing.nodes[index].name}`, index));
    section("Components", ends);
  }

  return { node, edge };
}
