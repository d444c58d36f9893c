// Completion and hover from the JSON Schema of arch.yaml, and from the names that the text defines.

import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";
import { EditorView, hoverTooltip } from "@codemirror/view";
import type { SyntaxNode } from "@lezer/common";

type Schema = { [key: string]: unknown };
const VERBS = new Set(["calls", "publishes", "consumes", "reads", "writes", "logs_to", "monitored_by", "triggers", "from", "to", "fallback"]);
let root: Schema = {};

export function useSchema(schema: Schema): void { root = schema; }

function opened(schema: unknown, seen = 0): Schema[] {
  if (typeof schema !== "object" || schema === null || seen > 12) return [];
  const one = schema as Schema;
  const found: Schema[] = [one];
  if (typeof one.$ref === "string") {
    const name = one.$ref.replace("#/$defs/", "");
    found.push(...opened((root.$defs as Schema | undefined)?.[name], seen + 1));
  }
  for (const word of ["anyOf", "oneOf", "allOf"]) {
    if (Array.isArray(one[word])) for (const part of one[word]) found.push(...opened(part, seen + 1));
  }
  return found;
}

function step(schemas: Schema[], key: string | number): Schema[] {
  const next: Schema[] = [];
  for (const schema of schemas) {
    const properties = schema.properties as Schema | undefined;
    if (typeof key === "number" || key === "") next.push(...opened(schema.items));
    else if (properties && key in properties) next.push(...opened(properties[key]));
    else {
      next.push(...opened(schema.additionalProperties));
      for (const part of Object.values((schema.patternProperties as Schema | undefined) ?? {})) next.push(...opened(part));
    }
  }
  return next;
}

function text(state: EditorState, node: SyntaxNode): string {
  return state.sliceDoc(node.from, node.to).replace(/^["']|["']$/g, "");
}

/** The keys around a position, from the outside, and whether the position is in a value. */
export function pathAt(state: EditorState, position: number): { path: (string | number)[]; inValue: boolean; key: string } {
  const path: (string | number)[] = [];
  let inValue = false, key = "", first = true;
  const tree = syntaxTree(state);
  let node: SyntaxNode | null = tree.resolveInner(position, -1);
  const line = state.doc.lineAt(position);
  const before = state.sliceDoc(line.from, position);
  if (/^\s*$/.test(before) || node.name === "Stream" || node.name === "Document") {
    return { path: byIndent(state, line.number, before.length), inValue: false, key: "" };
  }
  for (; node; node = node.parent) {
    if (node.name === "Pair") {
      const name: SyntaxNode | null = node.getChild("Key");
      if (!name) continue;
      const word = text(state, name);
      const colon = state.sliceDoc(name.to, position).includes(":");
      if (position > name.to && colon) { path.unshift(word); if (first) inValue = name.from >= line.from; }
      else if (first) key = word;
      first = false;
    } else if (node.name === "Item" || node.name === "FlowSequence") path.unshift(0);
  }
  return { path, inValue, key };
}

/** The keys above an empty line, by their indentation. */
function byIndent(state: EditorState, number: number, indent: number): string[] {
  const path: string[] = [];
  for (let at = number - 1; at > 0 && indent > 0; at -= 1) {
    const match = /^(\s*)(?:- )?["']?([^\s"'#:][^:#]*?)["']?:(?:\s|$)/.exec(state.doc.line(at).text);
    if (match && match[1]!.length < indent) { path.unshift(match[2]!); indent = match[1]!.length; }
  }
  return path;
}

function schemasAt(path: (string | number)[]): Schema[] {
  return path.reduce((schemas, key) => step(schemas, key), opened(root));
}

function described(schemas: Schema[]): string {
  return (schemas.find((one) => typeof one.description === "string")?.description as string | undefined) ?? "";
}

/** The names that a section of the text defines. */
export function namesIn(state: EditorState, section: string): string[] {
  const names: string[] = [];
  let inside = false;
  for (const line of state.doc.iterLines()) {
    const top = /^([A-Za-z_-]+):(.*)$/.exec(line);
    if (top) {
      inside = top[1] === section;
      if (inside) for (const match of top[2]!.matchAll(/[{,]\s*([\w.-]+):\s*\{/g)) names.push(match[1]!);
    } else if (inside) {
      const match = /^ {1,4}["']?([^\s"'#:-][^"':#]*)["']?:/.exec(line);
      if (match) names.push(match[1]!);
    }
  }
  return names;
}

export function complete(context: CompletionContext): CompletionResult | null {
  const word = context.matchBefore(/[\w.-]*/);
  if (!word || (word.from === word.to && !context.explicit)) return null;
  const { path, inValue } = pathAt(context.state, context.pos);
  const schemas = schemasAt(path);
  const options: Completion[] = [];
  const key = String([...path].reverse().find((one) => typeof one === "string") ?? "");
  if (inValue || typeof path[path.length - 1] === "number") {
    const sections = VERBS.has(key) ? ["components"] : key === "serves" || key === "model" ? ["models"] : [];
    for (const section of sections) for (const label of namesIn(context.state, section)) options.push({ label, type: "variable" });
    for (const schema of schemas) {
      const hints = (schema.markdownEnumDescriptions ?? schema.enumDescriptions) as string[] | undefined;
      ((schema.enum as unknown[] | undefined) ?? []).forEach((value, number) =>
        options.push({ label: String(value), type: "enum", info: hints?.[number] }));
      if ("const" in schema) options.push({ label: String(schema.const), type: "enum" });
    }
  }
  if (!inValue) {
    for (const schema of schemas) {
      for (const [label, part] of Object.entries((schema.properties as Schema | undefined) ?? {})) {
        options.push({ label, type: "property", info: described(opened(part)) || undefined, apply: `${label}: ` });
      }
    }
  }
  const unique = new Map(options.map((option) => [option.label, option]));
  return unique.size ? { from: word.from, options: [...unique.values()], validFor: /^[\w.-]*$/ } : null;
}

export const hover = hoverTooltip((view: EditorView, position: number) => {
  const { path, inValue, key } = pathAt(view.state, position);
  const whole = inValue || !key ? path : [...path, key];
  const said = whole.length ? described(schemasAt(whole)) : "";
  if (!said) return null;
  const word = view.state.wordAt(position);
  return {
    pos: word?.from ?? position, end: word?.to ?? position, above: false,
    create() {
      const dom = document.createElement("div");
      dom.className = "hint";
      const title = dom.appendChild(document.createElement("strong"));
      title.textContent = whole.filter((one) => typeof one === "string").join(".");
      dom.appendChild(document.createElement("div")).textContent = said;
      return { dom };
    },
  };
});
