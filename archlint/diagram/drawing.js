// One drawing: its data, and the elements of each component and relation in its layouts for wide and narrow windows.
function drawingOf(element, data, routes, view) {
  const cameras = [...element.querySelectorAll("svg")].map((svg) => camera(view, svg));
  const nodes = data.nodes.map(() => []);
  const lines = data.edges.map(() => []);
  for (const { svg } of cameras) {
    for (const one of svg.querySelectorAll("[data-node]")) nodes[Number(one.dataset.node)].push(one);
    const drawn = [...svg.querySelectorAll("[data-edge]")];
    for (const one of drawn) lines[Number(one.dataset.edge)].push(one);
    for (const one of drawn) {                     // a wide invisible line below each thin one is easy to click
      const line = one.querySelector(".line");
      if (!line) continue;
      const reach = line.cloneNode();
      reach.setAttribute("class", "reach");
      reach.dataset.edge = one.dataset.edge;
      reach.append(one.querySelector("title").cloneNode(true));
      drawn[0].before(reach);
    }
  }
  const home = new Map();
  data.nodes.forEach((node, index) => { for (const name of [node.name, ...node.members]) home.set(name, index); });
  const lit = routes.map((route) => {
    const hops = new Map(Object.entries(route.hops).filter(([name]) => home.has(name)).map(([name, least]) => [home.get(name), least]));
    const steps = new Set(route.steps.map(([source, target]) => `${home.get(source)} ${home.get(target)}`));
    return { hops, steps };
  });

  function around(index) {
    const found = { nodes: new Set([index]), edges: new Set() };
    data.edges.forEach((edge, number) => {
      if (edge.source !== index && edge.target !== index) return;
      found.edges.add(number);
      found.nodes.add(edge.source).add(edge.target);
    });
    for (const [, target] of data.nodes[index].links) found.nodes.add(home.get(target));
    return found;
  }

  // All words, in any order. A single letter, as in "zone a", matches only whole words.
  function matches(text, words) {
    return words.every((word) => {
      if (words.length === 1 || !/^[a-z0-9]$/.test(word)) return text.includes(word);
      return new RegExp(`(?<![\\p{L}\\p{N}])${word}(?![\\p{L}\\p{N}])`, "u").test(text);
    });
  }

  function find(words) {
    const fits = (one) => words.length > 0 && matches(one.search, words);
    const numbers = (parts) => new Set(parts.flatMap((one, index) => (fits(one) ? [index] : [])));
    return { nodes: numbers(data.nodes), edges: numbers(data.edges) };
  }

  // Dims what is not asked for: what has the pointer and its neighbours first, then the search, then the path.
  function paint({ node, edge, near, route, found, severities }) {
    const touched = node >= 0 ? around(node) : null;
    const close = near >= 0 ? around(near) : null;
    const path = route >= 0 ? lit[route] : null;
    data.nodes.forEach((one, index) => {
      const shown = close ? close.nodes.has(index) : found ? found.nodes.has(index) : path ? path.hops.has(index) : true;
      const worst = ["error", "warning", "info"].find((severity) => one.severities.includes(severity) && severities.has(severity));
      for (const element of nodes[index]) {
        const { classList } = element;
        classList.toggle("chosen", index === node);
        classList.toggle("near", Boolean(close) && shown);
        classList.toggle("miss", Boolean(found) && !found.nodes.has(index));
        classList.toggle("lit", Boolean(path) && path.hops.has(index));
        classList.toggle("dim", !shown && index !== node);
        for (const severity of ["error", "warning", "info"]) classList.toggle(`${severity}-card`, severity === worst);
      }
    });
    data.edges.forEach((one, number) => {
      const onPath = path && path.steps.has(`${one.source} ${one.target}`);
      const hit = found && found.edges.has(number);
      const shown = close ? close.edges.has(number) : found ? hit : path ? onPath : true;
      const chosen = number === edge || Boolean(touched && touched.edges.has(number));
      for (const { classList } of lines[number]) {
        classList.toggle("chosen", chosen);
        classList.toggle("near", Boolean(close) && shown);
        classList.toggle("hit", Boolean(hit));
        classList.toggle("lit", Boolean(onPath));
        classList.toggle("dim", !shown && !chosen);
      }
    });
  }

  return {
    data, element, nodes, lines, lit, home, find, paint, cameras,
    camera: () => cameras.find(({ svg }) => svg.getClientRects().length) ?? cameras[0],
    seen: (elements) => elements.filter((one) => one.getClientRects().length),
  };
}
