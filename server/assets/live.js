// Keeps an open page up to date: hears of a newer picture by server-sent events, fetches the page again, and changes only
// what differs, so that scroll, focus and open details stay as they are. Without this script the page still reads.
"use strict";
(() => {
  const root = document.documentElement;
  const notice = document.getElementById("connection");
  const announce = document.getElementById("announce");
  const main = document.getElementById("main");
  const units = root.dataset.units.split(",");
  const LEAST_WAIT = 1000;

  let received = performance.now();
  let connected = true;
  let lostAt = null;
  let fetching = false;
  let again = false;

  const clock = (at) => {
    const format = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
    const zone = root.dataset.zone;
    try {
      return `${new Intl.DateTimeFormat(root.lang, { ...format, timeZone: zone }).format(at)} ${zone}`;
    } catch {
      return new Date(at).toISOString();
    }
  };

  // The same rule as on the server: the two largest units, nothings left out.
  const lasting = (ms) => {
    const s = Math.max(0, Math.floor(ms / 1000));
    const parts = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60, s % 60];
    const first = Math.max(0, parts.findIndex((n) => n > 0));
    const shown = parts.map((n, i) => [n, units[i]]).slice(first, first + 2).filter(([n]) => n > 0);
    return shown.length ? shown.map(([n, unit]) => `${n}\u00a0${unit}`).join(" ") : `0\u00a0${units[3]}`;
  };

  // A length grows from the server's own moment, so that a wrong clock of the reader changes nothing.
  const tick = () => {
    if (!connected) return;
    const now = Number(main.dataset.known) + (performance.now() - received);
    for (const time of main.querySelectorAll("time[data-since]")) {
      const text = lasting(now - Number(time.dataset.since));
      if (time.textContent !== text) time.textContent = text;
    }
  };

  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id ?? "") === (b.id ?? "");

  const patch = (old, fresh) => {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    for (const { name } of [...old.attributes]) {
      // Whether details are open is the reader's choice.
      if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    const children = [...fresh.childNodes];
    children.forEach((child, place) => {
      const held = old.childNodes[place];
      if (!held) old.append(child);
      else if (alike(held, child)) patch(held, child);
      else held.replaceWith(child);
    });
    while (old.childNodes.length > children.length) old.lastChild.remove();
  };

  const spoken = () => [...main.querySelectorAll(".headline")].map((line) => [line.dataset.state, line.innerText]);

  // Who listens cannot skip: of much that changes at once a little is said, and the rest is counted.
  const MOST_SPOKEN = 3;
  const briefly = (texts) => {
    const rest = texts.length - MOST_SPOKEN;
    const first = texts.slice(0, MOST_SPOKEN).join(". ");
    return rest > 0 ? `${first}. ${announce.dataset.more.replace("%count%", rest)}` : first;
  };

  const refresh = async () => {
    // A page with a form keeps what was typed into it, and what it said about it.
    if (main.hasAttribute("data-still")) return;
    if (fetching) {
      again = true;
      return;
    }
    fetching = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
      if (answer.ok && fresh) {
        const before = spoken();
        patch(main, fresh);
        received = performance.now();
        const changed = spoken().filter(([state], place) => state !== before[place]?.[0]);
        if (changed.length) announce.textContent = briefly(changed.map(([, text]) => text));
      }
    } catch {
      // The event stream notices a lost connection and says so.
    }
    setTimeout(() => {
      fetching = false;
      if (again) {
        again = false;
        refresh();
      }
    }, LEAST_WAIT);
  };

  const lost = () => {
    if (!connected) return;
    connected = false;
    lostAt = Date.now();
    const known = clock(Number(main.dataset.known));
    notice.textContent = notice.dataset.lost.replace("%time%", clock(lostAt)).replace("%known%", known);
    root.classList.add("offline");
  };

  const back = () => {
    if (connected) return;
    connected = true;
    notice.textContent = notice.dataset.back.replace("%time%", clock(Date.now()));
    root.classList.remove("offline");
    setTimeout(() => {
      if (connected) notice.textContent = "";
    }, 10000);
  };

  let events = null;
  const listen = () => {
    events = new EventSource("/events");
    events.addEventListener("open", back);
    events.addEventListener("live", (event) => {
      back();
      const known = Date.parse(JSON.parse(event.data).as_known_at);
      if (known === Number(main.dataset.known) || document.hidden) return;
      refresh();
    });
    events.addEventListener("error", () => {
      lost();
      // A browser gives up on some answers; the page does not.
      if (events?.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
    });
  };

  // A page that is left may be kept for the way back. With its stream open it would hold one of the few connections that a
  // browser opens to one server, and after six such pages the next one would not load.
  addEventListener("pagehide", () => {
    events?.close();
    events = null;
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    listen();
    refresh();
  });

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && connected) refresh();
  });
  setInterval(tick, 1000);
  listen();
})();
