"use strict";
const LEAST = 0.4;                                 // a picture that fits only below this scale starts with a part that is readable
const READABLE = 0.65;                             // smallest readable scale: below it, the text of a card is under 7 pixels
// The visible part of a picture: zoom, move, and bring a part into view. At first it is what lies below the title.
function camera(view, svg) {
  const all = svg.getAttribute("viewBox");
  const [x, y, width, height] = svg.dataset.body.split(" ").map(Number);
  const full = { x, y, width, height };
  let box = { ...full };

  function show(next) {
    box = next;
    svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
  }

  function zoom(factor, cx, cy) {
    const width = Math.min(Math.max(box.width * factor, full.width / 60), full.width * 4);
    const scale = width / box.width;
    const x = cx === undefined ? box.x + box.width / 2 : cx;
    const y = cy === undefined ? box.y + box.height / 2 : cy;
    show({ x: x - (x - box.x) * scale, y: y - (y - box.y) * scale, width, height: box.height * scale });
  }

  function pan(dx, dy) {
    show({ ...box, x: box.x + dx, y: box.y + dy });
  }

  function point(event) {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [at.x, at.y];
  }

  // The middle of the view on one axis, moved so that no empty space shows beside a picture larger than the view.
  function kept(middle, seen, start, length) {
    if (seen >= length) return start + length / 2;
    return Math.min(Math.max(middle, start + seen / 2), start + length - seen / 2);
  }

  function around(elements) {
    const boxes = elements.map((element) => element.getBoundingClientRect());
    const left = Math.min(...boxes.map((one) => one.left)), right = Math.max(...boxes.map((one) => one.right));
    const top = Math.min(...boxes.map((one) => one.top)), bottom = Math.max(...boxes.map((one) => one.bottom));
    return { left, right, top, bottom, width: right - left, height: bottom - top };
  }

  // Bring a whole part into view, with `legibly` large enough to read. Nothing moves if it is so already. A part larger
  // than the view is scaled down until it fits.
  function reveal(elements, legibly) {
    const frame = view.getBoundingClientRect();
    if (!elements.length || !frame.width || !frame.height) return;
    const part = around(elements);
    const inside = part.left >= frame.left && part.right <= frame.right && part.top >= frame.top && part.bottom <= frame.bottom;
    const scale = svg.getScreenCTM().a;
    const wished = legibly && scale < READABLE ? 1 / scale : 1;
    const growth = Math.min(wished, (0.9 * frame.width) / part.width, (0.9 * frame.height) / part.height);
    if (inside && growth <= 1) return;
    const units = 1 / (scale * growth);
    const [cx, cy] = point({ clientX: part.left + part.width / 2, clientY: part.top + part.height / 2 });
    const x = kept(cx, frame.width * units, full.x, full.width);
    const y = kept(cy, frame.height * units, full.y, full.height);
    const width = box.width / growth, height = box.height / growth;
    show({ x: x - width / 2, y: y - height / 2, width, height });
  }

  return {
    svg, all, zoom, pan, point, reveal,
    scale: () => svg.getScreenCTM().a,
    size: () => box.width / full.width,            // above 1, the picture is smaller than it could be
    fit: () => show({ ...full }),
    start: () => {
      show({ ...full });
      const frame = view.getBoundingClientRect();
      if (!svg.getClientRects().length || !frame.width || svg.getScreenCTM().a >= LEAST) return;
      show({ x: full.x, y: full.y, width: frame.width / READABLE, height: frame.height / READABLE });
    },
    whole: (yes) => svg.setAttribute("viewBox", yes ? all : `${box.x} ${box.y} ${box.width} ${box.height}`),
    move: (dx, dy) => pan(dx * box.width, dy * box.height),
  };
}
