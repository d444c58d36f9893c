// All systems of the server: their state, objectives and findings now, and how the findings changed over time.

import * as api from "./api";
import { byId, make } from "./dom";

const SPACE = "http://www.w3.org/2000/svg";

function spark(row: api.SystemRow): Node {
  const counts = row.trend.map((run) => run.errors + run.warnings);
  if (counts.length < 2) return make("span", {}, counts.length ? "one run" : "no runs");
  const most = Math.max(1, ...counts);
  const svg = document.createElementNS(SPACE, "svg");
  const points = counts.map((count, number) => `${(number * 98) / (counts.length - 1) + 1},${23 - (count * 22) / most}`);
  svg.setAttribute("viewBox", "0 0 100 24");
  svg.setAttribute("class", "spark");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `errors and warnings of the last ${counts.length} runs: ${counts.join(", ")}`);
  const path = svg.appendChild(document.createElementNS(SPACE, "polyline"));
  path.setAttribute("points", points.join(" "));
  return svg;
}

function line(row: api.SystemRow, choose: (file: string) => void): HTMLElement {
  const button = make("button", { type: "button" }, row.system || row.file);
  button.addEventListener("click", () => choose(row.file));
  const objectives = row.objectives.map((one) => make("li", {}, `${one.workload}: ${one.stated.join(", ")}`));
  const counts = row.error || `${row.errors} errors, ${row.warnings} warnings, ${row.infos} infos`;
  return make("tr", { class: row.state },
    make("th", { scope: "row" }, button, make("small", {}, row.file)), make("td", { class: "state" }, row.state),
    make("td", {}, ...(objectives.length ? [make("ul", {}, ...objectives)] : ["none stated"])), make("td", {}, counts), make("td", {}, spark(row)));
}

export async function showSystems(choose: (file: string) => void): Promise<void> {
  const body = byId("systems-rows");
  try {
    const { systems } = await api.get<{ systems: api.SystemRow[] }>("/systems");
    body.replaceChildren(...systems.map((row) => line(row, choose)));
    document.body.dataset.systems = String(systems.length);
  } catch (error) {
    body.replaceChildren(make("tr", {}, make("td", { colspan: "5" }, error instanceof Error ? error.message : "the server cannot be reached")));
  }
}
