// What a screen reader depends on and the browser's own tree does not show: languages, and words beside each graphic.
const wanted = arguments[0];
if (root.lang !== wanted) say("page in another language", root, `lang=${root.lang}, chosen ${wanted}`);
const isJapanese = (text) => /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(text);
// Four words of small letters in a row are a passage; a name, a code or a unit is none.
const isEnglish = (text) => /(?:\b[a-z']{2,}\b[ ,]+){3,}\b[a-z']{2,}\b/.test(text);
for (const [e, text] of texts()) {
  if (e.closest("code, pre, input, select, textarea")) continue;
  const lang = e.closest("[lang]").lang;
  if (lang === "en" && isJapanese(text)) say("Japanese that is not marked so", e, `"${text}"`);
  if (lang === "ja" && !isJapanese(text) && isEnglish(text)) say("English that is not marked so", e, `"${text}"`);
}
for (const e of document.querySelectorAll("svg[role=img]")) {
  const part = e.closest(".subject, .row, section, article, main");
  if (isSeen(e) && !e.closest("[aria-hidden=true]") && !part.querySelector("table, dl")) {
    say("graphic without a table or figures beside it", e, "table or dl");
  }
}
for (const e of document.querySelectorAll("svg")) {
  const hidden = e.closest("[aria-hidden=true]");
  if (isSeen(e) && !hidden && e.getAttribute("role") !== "img") say("graphic that is neither hidden nor told", e, "role or aria-hidden");
}
const polite = document.querySelectorAll("[aria-live=polite], [role=status]");
if (document.querySelector("script[src*='live.js']") && polite.length < 1) say("no live region", root, "aria-live");
for (const e of polite) if (e.textContent.length > 400) say("live region says too much", e, `${e.textContent.length} letters`);
return said();
