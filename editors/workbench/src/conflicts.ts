// Clashes between the editor and the disk: both texts are shown, and nothing is taken without a choice.

import { byId, make } from "./dom";
import { type Choice, joined, type Piece } from "./merge";

export function ask(pieces: Piece[], done: (text: string) => void): void {
  const panel = byId("conflicts");
  const clashes = pieces.flatMap((piece) => ("clash" in piece ? [piece.clash] : []));
  const choices: (Choice | undefined)[] = clashes.map(() => undefined);
  const apply = make("button", { type: "button", disabled: "" }, "Use these choices") as HTMLButtonElement;
  const rows = clashes.map(({ mine, theirs }, number) => {
    const options = (["mine", "theirs", "both"] as const).map((choice) => {
      const input = make("input", { type: "radio", name: `clash-${number}`, value: choice });
      input.addEventListener("change", () => {
        choices[number] = choice;
        apply.disabled = choices.some((one) => one === undefined);
      });
      const text = { mine: "the editor's", theirs: "the file's", both: "both" }[choice];
      return make("label", {}, input, ` ${text}`);
    });
    return make("fieldset", {}, make("legend", {}, `Conflict ${number + 1} of ${clashes.length}`),
      make("div", { class: "sides" },
        make("figure", {}, make("figcaption", {}, "In the editor"), make("pre", {}, mine.join("\n") || "(nothing)")),
        make("figure", {}, make("figcaption", {}, "In the file"), make("pre", {}, theirs.join("\n") || "(nothing)"))),
      make("div", { class: "choices" }, ...options));
  });
  apply.addEventListener("click", () => {
    close();
    done(joined(pieces, choices as Choice[]));
  });
  const title = make("h2", { tabindex: "-1" }, "The file and the editor changed the same lines");
  panel.replaceChildren(title, make("p", {}, "Choose for each conflict. Until then the text in the editor stays, and saving is off."), ...rows, apply);
  panel.hidden = false;
  title.focus();
}

export function close(): void {
  const panel = byId("conflicts");
  panel.hidden = true;
  panel.replaceChildren();
}
