// Liveness only: everything is readable without this file. It listens to what changes, asks for the page anew, and
// turns UTC into local time on demand.
"use strict";
(() => {
  const LEAST = 3000; // milliseconds between two looks
  const status = document.getElementById("live");
  const zone = document.getElementById("zone");
  let local = false;
  let last = 0;
  let waiting = null;
  try { local = localStorage.getItem("zone") === "local"; } catch { /* storage is off: UTC it is */ }

  const pad = (number) => String(number).padStart(2, "0");
  const forms = {
    day: (t) => `${t.getFullYear()}-${pad(t.getMonth() + 1)}-${pad(t.getDate())}`,
    clock: (t) => `${pad(t.getHours())}:${pad(t.getMinutes())}`,
    second: (t) => `${pad(t.getHours())}:${pad(t.getMinutes())}:${pad(t.getSeconds())}`,
    minute: (t) => `${pad(t.getMonth() + 1)}-${pad(t.getDate())} ${pad(t.getHours())}:${pad(t.getMinutes())}`,
  };

  function times() {
    for (const one of document.querySelectorAll("time[datetime], text[data-time]")) {
      one.dataset.utc ??= one.textContent;
      if (one.localName === "time") one.title = one.getAttribute("datetime");
      const moment = new Date(one.getAttribute("datetime") ?? one.dataset.time);
      one.textContent = local ? forms[one.dataset.form](moment) : one.dataset.utc;
    }
    zone.textContent = local ? "show UTC" : "show local time";
    document.documentElement.dataset.zone = local ? "local" : "utc";
  }

  function say(state, words) {
    status.className = state;
    status.textContent = words;
  }

  function keep(fresh) {
    const main = document.getElementById("main");
    for (const open of main.querySelectorAll("details[open][id]")) {
      fresh.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
    }
    const scrolled = [...main.querySelectorAll(".matrix, .wide")].map((one) => one.scrollLeft);
    const focus = document.activeElement?.getAttribute("href");
    main.replaceWith(fresh);
    [...fresh.querySelectorAll(".matrix, .wide")].forEach((one, place) => { one.scrollLeft = scrolled[place] ?? 0; });
    if (focus) fresh.querySelector(`[href="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  }

  async function look() {
    waiting = null;
    if (document.hidden || !document.getElementById("main").dataset.live) return;
    last = Date.now();
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) return;
      const made = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = made.getElementById("main");
      if (!fresh || String(getSelection())) return; // who marks a text wants to keep it
      keep(document.adoptNode(fresh));
      document.title = made.title;
      times();
    } catch { /* the stream says that the connection is lost */ }
  }

  function soon() {
    waiting ??= setTimeout(look, Math.max(0, last + LEAST - Date.now()));
  }

  function listen() {
    const stream = new EventSource("/events/stream");
    stream.onopen = () => { say("on", "● live"); soon(); };
    stream.onerror = () => {
      say("off", "○ no connection, trying again");
      if (stream.readyState === EventSource.CLOSED) { stream.close(); setTimeout(listen, 5000); }
    };
    stream.addEventListener("news", (message) => {
      const wanted = (document.getElementById("main").dataset.live ?? "").split(" ");
      if (JSON.parse(message.data).what.some((word) => wanted.includes(word))) soon();
    });
    addEventListener("pagehide", () => stream.close(), { once: true });
  }

  zone.hidden = false;
  zone.addEventListener("click", () => {
    local = !local;
    try { localStorage.setItem("zone", local ? "local" : "utc"); } catch { /* forgotten with the page */ }
    times();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
  times();
  listen();
})();
