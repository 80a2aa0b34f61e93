// The rules of a screen, at the width that it has now.
if (root.scrollWidth > wide) say("scrolls sideways", document.body, `${root.scrollWidth} px of ${wide}`);

for (const e of all) {
  if (scrollerOf(e.parentElement)) continue;
  const { left, right } = e.getBoundingClientRect();
  if (right > wide + 1 || left < -1) say("sticks out", e, `from ${Math.round(left)} to ${Math.round(right)} px of ${wide}`);
}

// A finger or a mouse moves what a keyboard must be able to move too.
const moves = (e) => scrolls(e) || ["auto", "scroll"].includes(styleOf(e).overflowY);
for (const e of all) {
  if (e.matches("input, textarea, select") || !moves(e)) continue;
  const named = e.getAttribute("aria-label") ||
    (e.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join("");
  if (e.tabIndex !== 0) say("scroller out of a keyboard's reach", e, "no tabindex=0");
  if (!e.hasAttribute("role") || !named.trim()) say("scroller without role or name", e, "role and aria-label");
}

const labels = new Map();
for (const [e, text, boxes] of texts()) {
  const cell = e.closest("td, th, dt, dd, button");
  const cutter = cutterOf(e);
  const scroller = scrollerOf(e);
  const graphic = e.closest("svg");
  for (const box of boxes) {
    if (!scroller && (box.right > wide + 1 || box.left < -1)) {
      say("text sticks out", e, `"${text}" ends at ${Math.round(box.right)} px of ${wide}`);
    }
    if (cell && box.right > cell.getBoundingClientRect().right + 1) say("text leaves its cell", e, `"${text}"`);
    const edge = cutter?.getBoundingClientRect();
    const leaves = edge && (box.right > edge.right + 1 || box.left < edge.left - 1 || box.bottom > edge.bottom + 2);
    if (leaves && !cutter.title) say("text is cut", e, `"${text}"`);
    if (!graphic) continue;
    const others = labels.get(graphic) ?? [];
    for (const [other, words] of others) {
      const over = Math.min(box.right, other.right) - Math.max(box.left, other.left);
      const deep = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
      if (over > 1 && deep > 3) say("labels lie over each other", e, `"${words}" and "${text}"`);
    }
    labels.set(graphic, [...others, [box, text]]);
  }
}
for (const e of all) {
  if (styleOf(e).textOverflow === "ellipsis" && e.scrollWidth > e.clientWidth && !e.title) say("text is cut", e, "ellipsis");
}

// What a wide screen has room for is not to be searched by scrolling.
if (wide >= 1280 && Number.parseFloat(styleOf(root).fontSize) <= 16) {
  for (const e of all) {
    if (e.closest("main") && scrolls(e) && e.scrollWidth > e.clientWidth + 1) {
      say("scrolls though the screen is wide", e, `${e.scrollWidth} px of ${e.clientWidth}`);
    }
  }
}

// A long text in a narrow scroller is read in pieces, line by line: what wraps must fit into what is seen at once.
for (const scroller of all.filter(scrolls)) {
  for (const e of scroller.querySelectorAll("td, th, p, li, caption")) {
    const box = e.getBoundingClientRect();
    const lines = Number.parseFloat(styleOf(e).lineHeight);
    const wraps = lines > 0 && box.height > 2.5 * lines && e.querySelector("br, table") === null;
    if (wraps && box.width > scroller.clientWidth) {
      say("wider than its scroller", e, `${Math.round(box.width)} px of ${scroller.clientWidth}`);
    }
  }
}

// WCAG 2.2, 2.5.8: 24 by 24 px, but for what stands within a sentence, and for small targets with room around them.
const LEAST = 24;
const targets = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
  .filter((e) => isSeen(e) && !e.disabled)
  .map((e) => [e, e.closest("label")?.getBoundingClientRect() ?? e.getBoundingClientRect()]);
const isInSentence = (e) => {
  if (styleOf(e).display !== "inline") return false;
  const block = blockOf(e.parentElement);
  const words = document.createTreeWalker(block ?? e, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const node = words.currentNode;
    if (/[\p{L}\p{N}]/u.test(node.nodeValue) && !node.parentElement.closest("a, button")) return true;
  }
  return false;
};
const middle = (box) => [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
const gap = ([x, y], box) =>
  Math.hypot(Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));
const isSmall = (box) => box.width < LEAST - 0.5 || box.height < LEAST - 0.5;
for (const [e, box] of targets) {
  if (!isSmall(box) || isInSentence(e)) continue;
  const strict = e.localName === "button" || e.closest("nav, header") !== null;
  const here = middle(box);
  const crowded = targets.some(([other, its]) => {
    if (other === e) return false;
    if ([...other.getClientRects()].some((line) => gap(here, line) < LEAST / 2)) return true;
    const [x, y] = middle(its);
    return isSmall(its) && Math.hypot(x - here[0], y - here[1]) < LEAST;
  });
  const size = `${Math.round(box.width)} by ${Math.round(box.height)} px`;
  if (strict || crowded) say("target too small", e, `"${e.innerText}" is ${size}`);
}
return said();
