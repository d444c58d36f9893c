// Small helpers: every text from a file goes into the page as text, never as markup.

export function byId<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

type Content = Node | string;

export function make(tag: string, attributes: Record<string, string> = {}, ...content: Content[]): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content);
  return element;
}

/** Run a function once the calls stop for a while. */
export function later(milliseconds: number, run: () => void): () => void {
  let timer = 0;
  return () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(run, milliseconds);
  };
}

/** Give each call of a request a signal that the next call aborts. */
export class Latest {
  private controller = new AbortController();
  next(): AbortSignal {
    this.controller.abort();
    this.controller = new AbortController();
    return this.controller.signal;
  }
}

export function aborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
