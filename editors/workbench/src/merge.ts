// Merges the text in the editor with the text on disk, line by line, against the text that both came from.

import { diff3Merge, diffIndices } from "node-diff3";

export interface Clash { mine: string[]; theirs: string[] }
export type Piece = { lines: string[] } | { clash: Clash };

/** The pieces of a merge, in order; a clash is a place where both sides changed the same lines. */
export function merge(mine: string, base: string, theirs: string): Piece[] {
  const regions = diff3Merge(mine.split("\n"), base.split("\n"), theirs.split("\n"), { excludeFalseConflicts: true });
  return regions.map((region) =>
    region.ok ? { lines: region.ok } : { clash: { mine: region.conflict!.a, theirs: region.conflict!.b } });
}

export type Choice = "mine" | "theirs" | "both";

/** The text of a merge, with a choice for each clash. */
export function joined(pieces: Piece[], choices: Choice[] = []): string {
  let number = 0;
  return pieces.flatMap((piece) => {
    if ("lines" in piece) return piece.lines;
    const choice = choices[number++] ?? "mine";
    const { mine, theirs } = piece.clash;
    return choice === "mine" ? mine : choice === "theirs" ? theirs : [...mine, ...theirs];
  }).join("\n");
}

/** The smallest changes of whole lines from one text to another, so that the cursor stays where it is. */
export function changes(from: string, to: string): { from: number; to: number; insert: string }[] {
  if (from === to) return [];
  const before = from.split("\n"), after = to.split("\n");
  const starts = [0];
  for (const line of before) starts.push(starts[starts.length - 1]! + line.length + 1);
  return diffIndices(before, after).map(({ buffer1: [at, count], buffer2Content }) => {
    const added = buffer2Content.join("\n");
    if (at + count < before.length) {
      return { from: starts[at]!, to: starts[at + count]!, insert: buffer2Content.length ? added + "\n" : "" };
    }
    if (at === 0) return { from: 0, to: from.length, insert: added };       // the whole text
    return { from: starts[at]! - 1, to: from.length, insert: buffer2Content.length ? "\n" + added : "" };
  });
}
