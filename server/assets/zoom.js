// Zooms a timeline: by dragging over a span, by the wheel while the timeline has the focus, and by keys. It only leads to
// addresses that the links beside it also have; without this script the links do the same.
"use strict";
(() => {
  const LEAST = 1000;
  const MOST = 400 * 86400000;
  const lane = document.getElementById("timeline");
  if (!lane) return;

  const shown = () => ["from", "until", "now"].map((name) => Number(lane.dataset[name]));

  const go = (from, until) => {
    const [, , now] = shown();
    const length = Math.round(Math.min(MOST, Math.max(LEAST, until - from)));
    const end = Math.round(Math.min(now, from + length));
    const [was, had] = shown();
    if (end - length === was && end === had) return;
    const moment = (ms) => new Date(ms).toISOString().replace(".000Z", "Z");
    location.assign(`${location.pathname}?from=${moment(end - length)}&until=${moment(end)}#timeline`);
  };

  // The instant under `share` of the width stays where it is.
  const scale = (factor, share) => {
    const [from, until] = shown();
    const at = from + (until - from) * share;
    const length = Math.min(MOST, Math.max(LEAST, (until - from) * factor));
    go(at - length * share, at - length * share + length);
  };

  const shift = (part) => {
    const [from, until] = shown();
    const by = (until - from) * part;
    go(from + by, until + by);
  };

  const KEYS = {
    ArrowLeft: () => shift(-0.5),
    ArrowRight: () => shift(0.5),
    "+": () => scale(0.5, 0.5),
    "=": () => scale(0.5, 0.5),
    "-": () => scale(2, 0.5),
  };

  lane.addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || event.target !== lane) return;
    event.preventDefault();
    act();
  });

  const share = (event) => {
    const box = lane.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };

  lane.addEventListener(
    "wheel",
    (event) => {
      // A page that is only scrolled past is not zoomed.
      if (document.activeElement !== lane || event.ctrlKey) return;
      event.preventDefault();
      scale(event.deltaY < 0 ? 0.5 : 2, share(event));
    },
    { passive: false },
  );

  let begun = null;
  const mark = document.createElement("div");
  mark.className = "chosen";

  lane.addEventListener("pointerdown", (event) => {
    // A finger that moves up or down scrolls the page, which then takes the pointer away; a second finger chooses nothing.
    if (event.button !== 0 || !event.isPrimary) return;
    begun = share(event);
    lane.setPointerCapture(event.pointerId);
  });
  lane.addEventListener("pointermove", (event) => {
    if (begun === null) return;
    const [left, right] = [begun, share(event)].sort((a, b) => a - b);
    mark.style.left = `${left * 100}%`;
    mark.style.width = `${(right - left) * 100}%`;
    if (!mark.isConnected) lane.append(mark);
  });
  const end = (event, takes) => {
    if (begun === null) return;
    const [left, right] = [begun, share(event)].sort((a, b) => a - b);
    begun = null;
    mark.remove();
    const [from, until] = shown();
    // A click alone is no span.
    if (takes && (right - left) * lane.clientWidth > 4) {
      go(from + (until - from) * left, from + (until - from) * right);
    }
  };
  lane.addEventListener("pointerup", (event) => end(event, true));
  lane.addEventListener("pointercancel", (event) => end(event, false));

  if (location.hash === "#timeline") lane.focus({ preventScroll: false });
})();
