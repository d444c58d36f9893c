// Pointers: drag, pinch, wheel, click and hover. Zooming in on a group enters it; zooming out of a drawing leaves it.
function moving(view, { camera, click, enter, out, over }) {
  const pointers = new Map();
  let start = null;
  let moved = false;

  function zoom(factor, target, at) {
    const before = camera();
    if (factor < 1 && before.scale() > 2.2) { enter(target); if (camera() !== before) return; }
    if (factor > 1 && before.size() > 1.3) { out(); if (camera() !== before) return; }
    before.zoom(factor, ...at);
  }

  view.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, event);
    moved = pointers.size > 1;
    start = { x: event.clientX, y: event.clientY };
  });
  view.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    if (!moved && Math.hypot(event.clientX - start.x, event.clientY - start.y) < 5) return;
    if (!moved) view.setPointerCapture(event.pointerId);
    moved = true;
    view.classList.add("moving");
    const { pan, point } = camera();
    const [x0, y0] = point(before);
    const [x1, y1] = point(event);
    if (pointers.size === 1) {
      pan(x0 - x1, y0 - y1);
    } else {
      const other = [...pointers.values()].find((one) => one.pointerId !== event.pointerId);
      const was = Math.hypot(before.clientX - other.clientX, before.clientY - other.clientY);
      const now = Math.hypot(event.clientX - other.clientX, event.clientY - other.clientY);
      if (now > 0 && was > 0) zoom(was / now, event.target, point(other));
    }
    pointers.set(event.pointerId, event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    view.addEventListener(end, (event) => {
      pointers.delete(event.pointerId);
      view.classList.remove("moving");
    });
  }
  view.addEventListener("click", (event) => { if (!moved) click(event.target); });
  view.addEventListener("dblclick", (event) => enter(event.target));
  view.addEventListener("pointerover", (event) => { if (event.pointerType === "mouse" && !pointers.size) over(event.target); });
  view.addEventListener("pointerleave", () => over(null));
  view.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004), event.target, camera().point(event));
  }, { passive: false });
}
