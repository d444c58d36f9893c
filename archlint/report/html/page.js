// The page around the pictures: filter, keys, addresses and theme.
(() => {
  const form = document.getElementById("filter");
  const words = document.getElementById("words");
  const rule = document.getElementById("rule");
  const theme = document.getElementById("theme");
  const pictureFirst = document.body.classList.contains("picture");
  const pictures = [...document.querySelectorAll(".system")].flatMap((root, number) => (root.querySelector(".live-data") ? [live(root, number)] : []));
  const items = [...document.querySelectorAll(".item")].map((element) => ({
    element,
    kind: element.dataset.kind,
    rules: element.dataset.rules.split(" "),
    text: element.textContent.toLowerCase(),
    picture: pictures.find(({ root }) => root.contains(element)),
  }));
  const sections = [...document.querySelectorAll(".block, .system")].filter((section) => section.querySelector(".item") && !section.querySelector(".live-data"));

  function say(id, text) {
    const place = document.getElementById(id);
    if (place) place.value = text;
  }

  function filter() {
    const asked = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kinds = new Set([...form.querySelectorAll("input[name=kind]:checked")].map((box) => box.value));
    const matches = pictures.reduce((sum, picture) => sum + picture.find(asked), 0);
    const parts = new Map(pictures.map((picture) => [picture, picture.found()]));
    for (const picture of pictures) picture.severities(kinds);
    let shown = 0;
    for (const item of items) {
      const onPart = item.picture && parts.get(item.picture)?.has(Number(item.element.dataset.finding));
      const fits = kinds.has(item.kind) && (!rule || !rule.value || item.rules.includes(rule.value))
        && (onPart || asked.every((word) => item.text.includes(word)));
      item.element.hidden = !fits;
      shown += fits;
    }
    for (const section of sections) {
      section.hidden = !section.querySelector(".item:not([hidden])");
      if (section.matches("details") && (asked.length || (rule && rule.value))) section.open = true;
    }
    say("count", !asked.length || !pictures.length ? "" : matches === 1 ? "1 match" : `${matches} matches`);
    say("shown", `${shown} of ${items.length} shown`);
    document.getElementById("nothing").hidden = shown > 0 || items.length === 0;
  }

  function clear() {
    words.value = "";
    filter();
  }

  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  form.hidden = items.length === 0 && !pictures.length;
  words.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && pictures.length) {
      event.preventDefault();
      const picture = pictures.find((one) => one.hits()) ?? pictures[0];
      picture.next(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape") clear();
    event.stopPropagation();
  });

  // In a page that scrolls, keys act on the picture that has the focus.
  const names = {
    "+": "in", "=": "in", "-": "out", "0": "fit", ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down", Escape: "leave",
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !event.target.closest("input, select")) { event.preventDefault(); words.focus(); return; }
    const inside = pictures.find(({ root }) => root.contains(event.target)) ?? (pictureFirst || event.key === "Escape" ? pictures[0] : undefined);
    if (!names[event.key] || !inside) return;
    const menu = event.target.closest("details.menu[open]");
    if (event.key === "Escape" && menu) { menu.open = false; menu.querySelector("summary").focus(); return; }
    const beside = event.target.closest(".side, select, input, .menu") || (!pictureFirst && !inside.view.contains(event.target));
    if (beside && event.key !== "Escape") return;
    event.preventDefault();
    inside.commands[names[event.key]]();
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  // The address names a part of a system: `#components.api`, and `#2/components.api` in the second one.
  function visit() {
    let hash = location.hash.slice(1);
    try { hash = decodeURIComponent(hash); } catch { return; }
    const [, number, at] = /^(?:(\d+)\/)?(.*)$/s.exec(hash);
    const systems = [...document.querySelectorAll(".system")];
    const picture = pictures.find(({ root }) => systems.indexOf(root) === Number(number ?? 1) - 1);
    if (at && picture && picture.visit(at) && !pictureFirst) picture.view.scrollIntoView({ block: "nearest" });
  }
  addEventListener("hashchange", visit);

  const dark = [...document.querySelectorAll("#dark, #dark-picture")];
  const media = { auto: "screen and (prefers-color-scheme: dark)", light: "not all", dark: "screen" };
  const stated = Object.keys(media).find((name) => media[name] === dark[0].media) ?? "auto";
  function paint(name) {
    for (const style of dark) style.media = media[name];
    theme.textContent = `Theme: ${name}`;
    theme.dataset.theme = name;
  }
  theme.addEventListener("click", () => {
    const order = Object.keys(media);
    paint(order[(order.indexOf(theme.dataset.theme) + 1) % order.length]);
  });
  theme.hidden = false;
  paint(stated);
  filter();
  visit();
  document.body.dataset.ready = "yes";
})();
