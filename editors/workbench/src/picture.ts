// The live picture: the SVG of the server, without anything that could run or load, with cards that lead to their lines.

import { byId } from "./dom";

const KEPT = new Set(["svg", "g", "path", "rect", "polygon", "polyline", "line", "circle", "ellipse", "text", "tspan", "title", "desc",
  "style", "defs", "marker", "clipPath", "linearGradient", "stop", "pattern", "use", "symbol", "mask", "a"]);
let zoom = 1;

function cleaned(source: string, nonce: string): SVGElement | null {
  const parsed = new DOMParser().parseFromString(source.replaceAll("<style>", `<style nonce="${nonce}">`), "image/svg+xml");
  const svg = parsed.documentElement;
  if (svg.localName !== "svg") return null;
  for (const element of [svg, ...svg.querySelectorAll("*")]) {
    if (!KEPT.has(element.localName)) { element.remove(); continue; }
    for (const { name, value } of [...element.attributes]) {
      const leads = /(^|:)href$/.test(name) && !value.startsWith("#");
      if (name.startsWith("on") || name === "style" || leads) element.removeAttribute(name);
    }
    if (element.localName === "style") element.setAttribute("nonce", nonce);
  }
  return document.importNode(svg, true) as unknown as SVGElement;
}

export function show(source: string, nonce: string, open: (name: string) => void): void {
  const svg = cleaned(source, nonce);
  const place = byId("picture");
  if (!svg) return;
  for (const style of svg.querySelectorAll("style")) (style as unknown as HTMLElement).nonce = nonce;
  for (const node of svg.querySelectorAll(".node")) {
    const name = node.querySelector("title")?.textContent?.split(" | ")[0] ?? "";
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    node.setAttribute("aria-label", `Show ${name} in the editor`);
    node.addEventListener("click", () => open(name));
    node.addEventListener("keydown", (event) => {
      const { key } = event as KeyboardEvent;
      if (key === "Enter" || key === " ") { event.preventDefault(); open(name); }
    });
  }
  place.replaceChildren(svg as unknown as Node);
  scale(1);
}

export function scale(factor: number): void {
  zoom = Math.min(8, Math.max(0.25, factor === 0 ? 1 : zoom * factor));
  const svg = byId("picture").querySelector("svg");
  if (svg) { svg.removeAttribute("height"); svg.setAttribute("width", `${Math.round(zoom * 100)}%`); }
}
