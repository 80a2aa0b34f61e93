// The rules of paper: the page is as wide as what a sheet of A4 leaves between its margins.
for (const e of document.querySelectorAll("nav, form, button, input, select, textarea, summary, [role=status], [aria-live]")) {
  if (isSeen(e)) say("printed though nobody can use it on paper", e, "display: none");
}
if (styleOf(root).colorScheme !== "light") say("dark on paper", root, `color-scheme: ${styleOf(root).colorScheme}`);

const painter = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const known = new Map();
const light = (colour) => {
  if (!known.has(colour)) {
    painter.clearRect(0, 0, 1, 1);
    painter.fillStyle = colour;
    painter.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = painter.getImageData(0, 0, 1, 1).data;
    known.set(colour, [(0.2126 * r + 0.7152 * g + 0.0722 * b) / 255, a / 255]);
  }
  return known.get(colour);
};
for (const e of all) {
  const [brightness, alpha] = light(styleOf(e).backgroundColor);
  if (alpha > 0.2 && brightness < 0.6) say("dark on paper", e, `background ${styleOf(e).backgroundColor}`);
}
for (const [e, text, boxes] of texts()) {
  const ink = e.closest("svg") ? styleOf(e).fill : styleOf(e).color;
  if (light(ink)[0] > 0.45) say("pale on paper", e, `"${text}" in ${ink}`);
  for (const box of boxes) {
    if (box.right > wide + 1) say("cut at the right of the paper", e, `"${text}" ends at ${Math.round(box.right)} px of ${wide}`);
    const cell = e.closest("td, th, dt, dd");
    if (cell && box.right > cell.getBoundingClientRect().right + 1) say("text leaves its cell on paper", e, `"${text}"`);
  }
}
for (const e of all) {
  const { right } = e.getBoundingClientRect();
  if (right > wide + 1) say("cut at the right of the paper", e, `ends at ${Math.round(right)} px of ${wide}`);
  if (scrolls(e) && e.scrollWidth > e.clientWidth + 1) say("cut at the right of the paper", e, "it scrolls, and paper does not");
}
for (const e of document.querySelectorAll("thead")) {
  if (isSeen(e) && styleOf(e).display !== "table-header-group") say("head of a table stands once", e, styleOf(e).display);
}
for (const e of document.querySelectorAll("tr")) {
  if (isSeen(e) && styleOf(e).breakInside !== "avoid") say("row breaks between pages", e, styleOf(e).breakInside);
}
return said();
