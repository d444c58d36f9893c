// The HTTP API of the server, as the page uses it.

export interface Finding {
  rule: string; name: string; severity: string; at: string; file: string; line: number; column: number;
  end_line: number; end_column: number; message: string; suggestion: string; docs: string;
  cures: { pattern: string; title: string; text: string }[];
  terms: { label: string; text: string }[];
}
export interface Report { findings: Finding[]; errors: { message: string; hint: string; file: string; line: number; column: number }[] }
export interface Num { name: string; text: string; value: number | null; unit: string; certainty: string; label?: string }
export interface Part { subject: string; name: string; kind?: string; numbers: Num[] }
export interface Numbers { numbers: Num[]; workloads: Part[]; components: Part[] }
export interface NumberChange { subject: string; name: string; old: Num | null; new: Num | null }
export interface WhatIf {
  numbers: NumberChange[];
  difference: { found: Finding[]; healed: Finding[] } | null;
}
export interface Fact { path: string; value: string; number: number; unit: string; file: string; start: number; end: number }
export interface Stored { file: string; version: string; text: string }
export interface Conflict { version: string | null; theirs: string | null }
export interface SystemRow {
  file: string; system: string; state: string; errors: number; warnings: number; infos: number; error: string;
  objectives: { workload: string; stated: string[] }[];
  trend: { at: string; errors: number; warnings: number; infos: number; source: string }[];
}

export class Refused extends Error {
  constructor(readonly status: number, message: string, readonly hint: string, readonly body: unknown) {
    super(message);
  }
}

async function answer(response: Response): Promise<Response> {
  if (response.ok) return response;
  let body: { message?: string; hint?: string } = {};
  try { body = await response.json(); } catch { /* no JSON: the status says enough */ }
  throw new Refused(response.status, body.message ?? `the server answered ${response.status}`, body.hint ?? "", body);
}

export async function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const sent = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal };
  return (await answer(await fetch(path, sent))).json();
}

export async function picture(body: unknown, signal?: AbortSignal): Promise<string> {
  const sent = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal };
  return (await answer(await fetch("/render", sent))).text();
}

export async function get<T>(path: string): Promise<T> {
  return (await answer(await fetch(path))).json();
}

function address(file: string): string {
  return "/files/" + file.split("/").map(encodeURIComponent).join("/");
}

export function readFile(file: string): Promise<Stored> {
  return get<Stored>(address(file));
}

/** Save a text in place of a version; null creates the file. */
export async function saveFile(file: string, text: string, version: string | null): Promise<{ version: string }> {
  const condition: Record<string, string> = version === null ? { "If-None-Match": "*" } : { "If-Match": `"${version}"` };
  const headers = { "Content-Type": "application/json", ...condition };
  return (await answer(await fetch(address(file), { method: "PUT", headers, body: JSON.stringify({ text }) }))).json();
}
