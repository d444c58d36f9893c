// The computed numbers, and what changed facts do to them.

import { type Fact, type Num, type Numbers, type WhatIf } from "./api";
import { byId, make } from "./dom";

const NAMES: Record<string, string> = {};

function words(name: string): string {
  return NAMES[name] ?? name.replaceAll("_", " ");
}

function shown(number: Num | null): string {
  return number ? number.text : "–";
}

export function showNumbers(found: Numbers): void {
  const parts = [...found.workloads, ...found.components].filter((part) => part.numbers.some((one) => one.value !== null));
  const tables = parts.map((part) => {
    const rows = part.numbers.filter((one) => one.value !== null).map((one) =>
      make("tr", {}, make("th", { scope: "row" }, words(one.name)), make("td", {}, one.text)));
    const section = part.subject.split(".")[0] ?? "";
    return make("table", {}, make("caption", {}, `${section.replace(/s$/, "")} ${part.name}`), make("tbody", {}, ...rows));
  });
  byId("numbers").replaceChildren(...(tables.length ? tables : [make("p", {}, "No numbers: state rates, times and replicas.")]));
}

/** The facts that have a slider: replicas and workers, rates, sizes, times. */
function kindOf(fact: Fact): string {
  if (/(replicas|workers|threads|concurrency|min|max)$/.test(fact.path) && !fact.unit) return "replicas";
  if (/\/(s|min|h|d|day|month|week)$/.test(fact.unit)) return "rates";
  if (/^[kMGTP]?i?B$/.test(fact.unit) || /(params|parameters|tokens)$/.test(fact.path)) return "sizes";
  return "others";
}

const STEPS = 40;

/** The value of a slider: whole numbers one by one, others from a tenth to ten times what is stated. */
function valueAt(fact: Fact, position: number): string {
  if (!fact.unit && Number.isInteger(fact.number)) return String(position);
  const value = fact.number * 10 ** (position / STEPS);
  return `${Number(value.toPrecision(3))}${fact.unit}`;
}

export class Sliders {
  private changed = new Map<string, string>();
  private facts: Fact[] = [];
  kind = "replicas";

  constructor(private readonly change: (settings: { path: string; value: string }[]) => void) {}

  get settings(): { path: string; value: string }[] {
    return [...this.changed].map(([path, value]) => ({ path, value }));
  }

  /** The facts that are changed, with their new values. */
  get edits(): { fact: Fact; value: string }[] {
    return this.facts.filter((fact) => this.changed.has(fact.path)).map((fact) => ({ fact, value: this.changed.get(fact.path)! }));
  }

  use(facts: Fact[]): void {
    const same = facts.length === this.facts.length && facts.every((fact, number) => {
      const old = this.facts[number]!;
      return fact.path === old.path && fact.value === old.value;
    });
    this.facts = facts;
    const known = new Set(facts.map((fact) => fact.path));
    for (const path of this.changed.keys()) if (!known.has(path)) this.changed.delete(path);
    if (!same || !byId("sliders").childElementCount) this.draw();
  }

  reset(): void {
    this.changed.clear();
    this.draw();
    this.change([]);
  }

  draw(): void {
    const rows = this.facts.filter((fact) => kindOf(fact) === this.kind).slice(0, 200).map((fact, number) => this.row(fact, number));
    byId("sliders").replaceChildren(...(rows.length ? rows : [make("p", {}, `This file states no ${this.kind}.`)]));
  }

  private row(fact: Fact, number: number): HTMLElement {
    const whole = !fact.unit && Number.isInteger(fact.number);
    const id = `slider-${number}`;
    const input = make("input", {
      type: "range", id, min: whole ? "1" : String(-STEPS), max: whole ? String(Math.max(10, fact.number * 4)) : String(STEPS), step: "1",
    }) as HTMLInputElement;
    const now = this.changed.get(fact.path);
    input.value = whole ? now ?? String(fact.number) : now ? String(Math.round(STEPS * Math.log10(parseFloat(now) / fact.number))) : "0";
    const output = make("output", { for: id }, now ?? fact.value);
    input.addEventListener("input", () => {
      const position = Number(input.value);
      const stays = whole ? position === fact.number : position === 0;
      const value = stays ? fact.value : valueAt(fact, position);
      if (stays) this.changed.delete(fact.path); else this.changed.set(fact.path, value);
      output.textContent = value;
      input.setAttribute("aria-valuetext", value);
      this.change(this.settings);
    });
    return make("div", { class: "slider" }, make("label", { for: id }, fact.path), input, output);
  }
}

export function showWhatIf(found: WhatIf | null): void {
  const place = byId("changes");
  if (!found) { place.replaceChildren(make("p", {}, "Move a slider: what changes is listed here.")); return; }
  const rows = found.numbers.map((one) => make("tr", {},
    make("th", { scope: "row" }, one.subject.replace(/^(components|workloads)\./, "")), make("td", {}, words(one.name)),
    make("td", {}, shown(one.old)), make("td", { class: "new" }, shown(one.new))));
  const head = make("thead", {}, make("tr", {}, ...["part", "number", "now", "then"].map((word) => make("th", { scope: "col" }, word))));
  const parts: HTMLElement[] = [];
  for (const [title, findings] of [["New findings", found.difference?.found ?? []], ["Resolved findings", found.difference?.healed ?? []]] as const) {
    if (findings.length) {
      parts.push(make("h3", {}, title), make("ul", {}, ...findings.map((one) =>
        make("li", { class: one.severity }, make("b", {}, `${one.rule} `), one.message))));
    }
  }
  if (rows.length) parts.push(make("table", { class: "wide" }, head, make("tbody", {}, ...rows)));
  place.replaceChildren(...(parts.length ? parts : [make("p", {}, "No number and no finding changes.")]));
}
