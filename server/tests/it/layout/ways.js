// What the rules of layout.rs share: how an element is named to whoever reads a failure, and what is seen of it.
const root = document.documentElement;
const wide = root.clientWidth;
const found = [];

// A CSS path that leads to the element from the nearest one with an id.
const path = (element) => {
  const steps = [];
  for (let e = element; e && e !== root; e = e.parentElement) {
    // A form's own `id` may be its field.
    const id = e.getAttribute("id");
    if (id) {
      steps.unshift(`#${id}`);
      break;
    }
    const kin = e.parentElement ? [...e.parentElement.children].filter((other) => other.localName === e.localName) : [];
    const name = [e.localName, ...e.classList].join(".");
    steps.unshift(kin.length > 1 ? `${name}:nth-of-type(${kin.indexOf(e) + 1})` : name);
  }
  return steps.join(" > ");
};

// Few of a kind are enough to mend it: the rest are counted.
const MOST = 3;
const count = new Map();
const say = (rule, element, what) => {
  const n = (count.get(rule) ?? 0) + 1;
  count.set(rule, n);
  if (n <= MOST) found.push(`${rule}: ${path(element)}: ${what}`);
};
const said = () => {
  for (const [rule, n] of count) if (n > MOST) found.push(`${rule}: and ${n - MOST} more`);
  return found;
};

const styleOf = (element) => getComputedStyle(element);
const isSeen = (element) => {
  if (element.closest(".unseen, .skip, title, desc, script, datalist, defs, option")) return false;
  // On a narrow screen the head of a statement's table is there for a screen reader alone.
  const head = element.closest("thead");
  if (head && styleOf(head).clipPath !== "none") return false;
  const box = element.getBoundingClientRect();
  return box.width > 0 && box.height > 0 && element.checkVisibility({ visibilityProperty: true });
};
// The nearest of an element and what is around it that fits, remembered for all that it is asked for.
const nearest = (fits) => {
  const known = new Map();
  const find = (e) => {
    if (!e || e === root || e === document.body) return null;
    if (!known.has(e)) known.set(e, fits(e) ? e : find(e.parentElement));
    return known.get(e);
  };
  return find;
};
const scrolls = (element) => ["auto", "scroll"].includes(styleOf(element).overflowX);
const cuts = (element) => ["hidden", "clip"].includes(styleOf(element).overflowX);
const scrollerOf = nearest(scrolls);
const cutterOf = nearest(cuts);
const blockOf = nearest((e) => styleOf(e).display !== "inline");

// Everything that is seen, graphics as one.
const all = [...document.body.querySelectorAll("*:not(svg *)")].filter(isSeen);

// Each piece of text that is seen, with the boxes of its lines.
const texts = () => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.nodeValue.trim() || !isSeen(node.parentElement)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    texts.push([node.parentElement, node.nodeValue.trim().slice(0, 40), [...range.getClientRects()]]);
  }
  return texts;
};
