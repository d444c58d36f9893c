// The picture as it is shown, as a file; and the link to what is chosen.
function download(name, blob) {
  const link = make("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function markupOf(camera) {
  const copy = camera.svg.cloneNode(true);
  copy.setAttribute("viewBox", camera.all);
  for (const part of copy.querySelectorAll(".reach")) part.remove();
  for (const part of copy.querySelectorAll("[tabindex]")) for (const name of ["tabindex", "role"]) part.removeAttribute(name);
  const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
  const dark = document.getElementById("dark-picture");
  style.textContent = document.getElementById("picture").textContent + (matchMedia(dark.media).matches ? dark.textContent : "");
  copy.prepend(style);
  return new XMLSerializer().serializeToString(copy);
}

function bitmapOf(markup, camera, done) {
  const image = new Image();
  image.addEventListener("load", () => {
    const canvas = make("canvas");
    const most = Math.min(2, 8000 / Math.max(image.width, image.height));
    canvas.width = Math.round(image.width * most);
    canvas.height = Math.round(image.height * most);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(done, "image/png");
  });
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(markup)}`;
}

// Each button of the menu has a `data-share`; `now` returns the title, the camera and the Mermaid of what is shown.
function sharing(menu, now, say) {
  const name = (ending) => `${now().title.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 80) || "picture"}.${ending}`;
  const acts = {
    link: async () => {
      try { await navigator.clipboard.writeText(location.href); say("Link copied"); } catch { say(location.href); }
    },
    svg: () => download(name("svg"), new Blob([markupOf(now().camera)], { type: "image/svg+xml" })),
    png: () => bitmapOf(markupOf(now().camera), now().camera, (blob) => download(name("png"), blob)),
    mermaid: () => download(name("mmd"), new Blob([now().mermaid], { type: "text/plain" })),
  };
  menu.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-share]");
    if (asked) { acts[asked.dataset.share](); menu.open = false; }
  });
}
