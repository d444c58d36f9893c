"use strict";
const form = document.getElementById("filter");
const words = document.getElementById("words");
const rule = document.getElementById("rule");
const items = [...document.querySelectorAll(".item")].map((element) => ({
  element,
  kind: element.dataset.kind,
  rules: element.dataset.rules.split(" "),
  text: element.textContent.toLowerCase(),
}));
const sections = [...document.querySelectorAll(".block, .system")].filter((section) => section.querySelector(".item"));

function filter() {
  const asked = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const kinds = new Set([...form.querySelectorAll("input[name=kind]:checked")].map((box) => box.value));
  let shown = 0;
  for (const item of items) {
    const fits = kinds.has(item.kind) && (!rule.value || item.rules.includes(rule.value))
      && asked.every((word) => item.text.includes(word));
    item.element.hidden = !fits;
    shown += fits;
  }
  for (const section of sections) {
    section.hidden = !section.querySelector(".item:not([hidden])");
    if (section.matches("details") && (asked.length || rule.value)) section.open = true;
  }
  document.getElementById("shown").value = `${shown} of ${items.length} shown`;
  document.getElementById("nothing").hidden = shown > 0 || items.length === 0;
}

form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(filter));
form.hidden = items.length === 0;
filter();
