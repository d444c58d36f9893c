// The workbench: one file in the editor, with its findings, its picture, its numbers, and what changes would do.

import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history as undoable, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

import * as api from "./api";
import * as conflicts from "./conflicts";
import { aborted, byId, later, Latest, make } from "./dom";
import { changes, joined, merge } from "./merge";
import { showNumbers, showWhatIf, Sliders } from "./numbers";
import * as picture from "./picture";
import { complete, hover, useSchema } from "./schema";
import { showSystems } from "./systems";

const nonce = document.querySelector<HTMLMetaElement>("meta[name=nonce]")!.content;
const select = byId<HTMLSelectElement>("file");
const save = byId<HTMLButtonElement>("save");

/** What the editor's text came from; a version of null is a file that is gone. */
let base: { file: string; version: string | null; text: string; eol: string } = { file: "", version: null, text: "", eol: "\n" };
let clashing = false;

const view = new EditorView({ parent: byId("editor"), extensions: EditorView.cspNonce.of(nonce) });

function text(): string { return view.state.doc.toString(); }
function unsaved(): boolean { return base.file !== "" && (text() !== base.text || base.version === null); }

function say(message: string, kind = ""): void {
  const status = byId("status");
  status.textContent = message;
  status.className = kind;
}

function fail(error: unknown): void {
  if (aborted(error)) return;
  const refused = error instanceof api.Refused ? error : null;
  if (!refused && !(error instanceof TypeError && /fetch/i.test(error.message))) throw error;       // a defect: to the console
  say(refused ? `${refused.message}${refused.hint ? ` (${refused.hint})` : ""}` : "the server cannot be reached", "error");
}

function update(): void {
  save.disabled = !unsaved() || clashing;
  byId("unsaved").hidden = !unsaved();
  document.title = `${unsaved() ? "• " : ""}${base.file || "archlint"}`;
}

function state(doc: string): EditorState {
  return EditorState.create({
    doc,
    extensions: [
      lineNumbers(), lintGutter(), undoable(), drawSelection(), indentOnInput(), bracketMatching(), highlightActiveLine(), search(),
      syntaxHighlighting(classHighlighter), yaml(), hover, autocompletion({ override: [complete] }),
      EditorView.cspNonce.of(nonce), EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": "Text of the architecture file" }),
      keymap.of([{ key: "Mod-s", preventDefault: true, run: () => { void store(); return true; } },
        ...completionKeymap, ...searchKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
      EditorView.updateListener.of((change) => { if (change.docChanged) edited(); }),
    ],
  });
}

function edited(): void {
  update();
  soonCheck();
  soonDraw();
}

function request(): { file: string; text: string } {
  return { file: base.file, text: text() };
}

// ---- findings

const checking = new Latest();

function position(line: number, column: number): number {
  const { doc } = view.state;
  if (line < 1 || line > doc.lines) return line < 1 ? 0 : doc.length;
  const at = doc.line(line);
  return Math.min(at.to, at.from + [...at.text].slice(0, column - 1).join("").length);
}

function diagnostic(finding: api.Finding): Diagnostic {
  const from = position(finding.line, finding.column);
  const to = Math.max(from, position(finding.end_line, finding.end_column));
  const severity = finding.severity === "error" || finding.severity === "warning" ? finding.severity : "info";
  return { from, to, severity, source: finding.rule, message: finding.message + (finding.suggestion ? `\n${finding.suggestion}` : "") };
}

function go(line: number, column = 1): void {
  const at = position(line, column);
  view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
  view.focus();
}

function item(finding: api.Finding): HTMLElement {
  const here = finding.file === base.file;
  const place = here ? `line ${finding.line}` : `${finding.file}:${finding.line}`;
  const button = make("button", { type: "button" }, make("span", { class: "severity" }, finding.severity), make("b", {}, finding.rule), ` ${place} `,
    make("span", {}, finding.message));
  button.addEventListener("click", () => { if (here) go(finding.line, finding.column); else void open(finding.file).then(() => go(finding.line)); });
  const more = make("details", {}, make("summary", {}, "numbers and fixes"));
  const terms = finding.terms.map((term) => make("li", {}, `${term.label}: ${term.text}`));
  const cures = finding.cures.map((cure) => make("li", {}, make("b", {}, cure.title), `: ${cure.text}`));
  more.append(make("ul", {}, ...terms), make("ul", {}, ...cures));
  return make("li", { class: finding.severity }, button, ...(terms.length + cures.length ? [more] : []));
}

async function check(): Promise<void> {
  if (!base.file) return;
  try {
    const sent = text();
    const report = await api.post<api.Report>("/check", request(), checking.next());
    if (sent !== text()) return;
    const here = report.findings.filter((one) => one.file === base.file);
    const errors: Diagnostic[] = report.errors.filter((one) => one.line > 0).map((one) => {
      const from = position(one.line, Math.max(1, one.column));
      return { from, to: from, severity: "error", message: one.message };
    });
    view.dispatch(setDiagnostics(view.state, [...here.map(diagnostic), ...errors].sort((one, other) => one.from - other.from)));
    const items = [
      ...report.errors.map((one) => make("li", { class: "error" }, make("b", {}, one.message), one.hint ? ` ${one.hint}` : "")),
      ...report.findings.map(item),
    ];
    byId("findings").replaceChildren(...(items.length ? items : [make("li", { class: "none" }, "No findings.")]));
    const count = report.findings.length + report.errors.length;
    byId("count").textContent = String(count);
    document.body.dataset.checked = String(Number(document.body.dataset.checked ?? 0) + 1);
  } catch (error) { fail(error); }
}
const soonCheck = later(120, () => void check());

// ---- picture, numbers, what if

const drawing = new Latest(), computing = new Latest(), comparing = new Latest(), listing = new Latest();

function line(name: string): void {
  const plain = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const match = new RegExp(`^\\s+["']?${plain}["']?\\s*:`, "m").exec(text());
  if (match) go(view.state.doc.lineAt(match.index + match[0].search(/\S/)).number);
}

async function draw(): Promise<void> {
  if (!base.file) return;
  const shown = document.querySelector<HTMLElement>("[role=tab][aria-selected=true]")?.dataset.panel;
  try {
    if (shown === "picture-panel") picture.show(await api.picture({ ...request(), theme: theme() }, drawing.next()), nonce, line);
    if (shown === "numbers-panel") showNumbers(await api.post<api.Numbers>("/analyze", request(), computing.next()));
    if (shown === "whatif-panel") {
      sliders.use((await api.post<{ facts: api.Fact[] }>("/facts", request(), listing.next())).facts);
      await compare(sliders.settings);
    }
    document.body.dataset.drawn = String(Number(document.body.dataset.drawn ?? 0) + 1);
  } catch (error) {
    if (!(error instanceof api.Refused && error.status === 422)) fail(error);     // the findings say what is wrong
  }
}
const soonDraw = later(350, () => void draw());

async function compare(settings: { path: string; value: string }[]): Promise<void> {
  byId<HTMLButtonElement>("apply").disabled = byId<HTMLButtonElement>("reset").disabled = !settings.length;
  if (!settings.length) { comparing.next(); showWhatIf(null); return; }
  try {
    showWhatIf(await api.post<api.WhatIf>("/whatif", { ...request(), settings }, comparing.next()));
    document.body.dataset.compared = String(Number(document.body.dataset.compared ?? 0) + 1);
  } catch (error) { fail(error); }
}
let wanted: { path: string; value: string }[] = [];
const soonCompare = later(100, () => void compare(wanted));
const sliders = new Sliders((settings) => { wanted = settings; soonCompare(); });

/** Write the values of the sliders into the text; offsets of the server count whole characters. */
function apply(): void {
  const whole = [...text()];
  const at = (offset: number): number => (whole.length === text().length ? offset : whole.slice(0, offset).join("").length);
  const edits = sliders.edits.filter(({ fact }) => fact.file === base.file && text().slice(at(fact.start), at(fact.end)) === fact.value);
  view.dispatch({ changes: edits.map(({ fact, value }) => ({ from: at(fact.start), to: at(fact.end), insert: value })) });
  const left = sliders.edits.length - edits.length;
  sliders.reset();
  say(left ? `${left} of the facts are stated in another file: open that file to change them` : "the text has the new values; save it if you want them");
}

// ---- files: open, save, merge

async function open(file: string): Promise<void> {
  if (file === base.file) return;
  if (unsaved() && !window.confirm(`${base.file} has changes that are not saved. Leave them?`)) { select.value = base.file; return; }
  try {
    const stored = await api.readFile(file);
    conflicts.close();
    clashing = false;
    const eol = stored.text.includes("\r\n") ? "\r\n" : "\n";
    base = { file, version: stored.version, text: stored.text.replaceAll("\r\n", "\n"), eol };
    view.setState(state(base.text));
    if (![...select.options].some((option) => option.value === file)) select.append(make("option", { value: file }, file));
    select.value = file;
    history.replaceState(null, "", `#${encodeURIComponent(file)}`);
    sliders.use([]);
    showWhatIf(null);
    say("");
    update();
    await Promise.all([check(), draw()]);
    document.body.dataset.ready = "yes";
  } catch (error) { fail(error); }
}

async function store(): Promise<void> {
  if (!unsaved() || clashing) return;
  const sent = text();
  const file = base.file;
  say("saving …");
  try {
    const saved = await api.saveFile(file, sent.replaceAll("\n", base.eol), base.version);
    if (file !== base.file) return;
    base = { ...base, version: saved.version, text: sent };
    say("saved");
  } catch (error) {
    if (error instanceof api.Refused && error.status === 409) {
      const { theirs, version } = error.body as api.Conflict;
      combine(theirs, version);
      if (!clashing) say("the file changed on disk: its changes are merged here; save again", "warning");
    } else fail(error);
  }
  update();
}

/** Merge the text on disk into the editor; a clash is shown, and nothing is overwritten. */
function combine(disk: string | null, version: string | null): void {
  if (disk === null || version === null) {
    base = { ...base, version: null };
    say("the file is gone from disk; saving writes it again", "warning");
    update();
    return;
  }
  const theirs = disk.replaceAll("\r\n", "\n");
  const pieces = merge(text(), base.text, theirs);
  const next = { ...base, text: theirs, version };
  if (pieces.some((piece) => "clash" in piece)) {
    clashing = true;
    say("the file and the editor changed the same lines", "error");
    update();
    conflicts.ask(pieces, (chosen) => {
      clashing = false;
      base = next;
      view.dispatch({ changes: changes(text(), chosen) });
      say("the choices are in the editor; save it if you want them");
      update();
    });
    return;
  }
  conflicts.close();
  clashing = false;
  const mine = unsaved();
  base = next;
  view.dispatch({ changes: changes(text(), joined(pieces)) });
  say(mine ? "changes on disk are merged with yours" : "the file changed on disk");
  update();
}

async function changed(versions: Record<string, string | null>): Promise<void> {
  const version = versions[base.file];
  if (base.file in versions && version !== base.version) {
    try {
      if (version === null) combine(null, null);
      else {
        const file = base.file;
        const stored = await api.readFile(file);
        if (file === base.file && stored.version !== base.version) combine(stored.text, stored.version);
      }
    } catch (error) { fail(error); }
  } else soonCheck();                                                             // an include may have changed
  if (Object.keys(versions).some((file) => ![...select.options].some((option) => option.value === file))) void list();
  if (!byId("systems-view").hidden) void showSystems(choose);
}

async function list(): Promise<void> {
  const { files } = await api.get<{ files: { file: string }[] }>("/files");
  const names = files.map((one) => one.file);
  if (base.file && !names.includes(base.file)) names.unshift(base.file);
  select.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
  if (base.file) select.value = base.file;
}

// ---- the page around

function theme(): string {
  return document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

function show(tab: HTMLElement): void {
  for (const other of document.querySelectorAll<HTMLElement>("[role=tab]")) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    byId(other.dataset.panel!).hidden = !chosen;
  }
  void draw();
}

function choose(file: string): void {
  byId("systems-view").hidden = true;
  byId("work").hidden = false;
  byId("systems").setAttribute("aria-pressed", "false");
  void open(file);
}

function listen(): void {
  const events = new EventSource("/events");
  events.addEventListener("change", (event) => void changed(JSON.parse((event as MessageEvent<string>).data)));
  events.addEventListener("ready", () => {
    document.body.dataset.listening = "yes";
    if (base.file) void api.readFile(base.file).then((stored) => changed({ [base.file]: stored.version })).catch(() => undefined);
  });
  events.addEventListener("error", () => say("the server does not answer; changes stay in the editor", "warning"));
}

async function start(): Promise<void> {
  const tabs = [...document.querySelectorAll<HTMLElement>("[role=tab]")];
  tabs.forEach((tab, number) => {
    tab.addEventListener("click", () => show(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
      const next = tabs[(number + step + tabs.length) % tabs.length]!;
      if (step) { show(next); next.focus(); }
    });
  });
  select.addEventListener("change", () => void open(select.value));
  save.addEventListener("click", () => void store());
  byId("apply").addEventListener("click", apply);
  byId("reset").addEventListener("click", () => sliders.reset());
  byId<HTMLSelectElement>("kind").addEventListener("change", (event) => { sliders.kind = (event.target as HTMLSelectElement).value; sliders.draw(); });
  byId("larger").addEventListener("click", () => picture.scale(1.25));
  byId("smaller").addEventListener("click", () => picture.scale(0.8));
  byId("fit").addEventListener("click", () => picture.scale(0));
  byId("theme").addEventListener("click", () => { document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark"; void draw(); });
  byId("systems").addEventListener("click", () => {
    const shows = byId("systems-view").hidden;
    byId("systems-view").hidden = !shows;
    byId("work").hidden = shows;
    byId("systems").setAttribute("aria-pressed", String(shows));
    if (shows) void showSystems(choose);
  });
  window.addEventListener("beforeunload", (event) => { if (unsaved()) event.preventDefault(); });
  update();
  try {
    void api.get<Record<string, unknown>>("/schema").then(useSchema);
    await list();
    listen();
    const named = decodeURIComponent(location.hash.slice(1));
    const first = named || select.value;
    if (first) await open(first);
    else say("no architecture file in the folders of this server; `archlint init` writes a first one", "warning");
  } catch (error) { fail(error); }
}

void start();
