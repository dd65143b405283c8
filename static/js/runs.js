// What pages of runs and incidents do in the browser: clocks that go on between two answers of the server, and dialogs
// that come from it. All of it works without: the clock then stands at when the page came, and a dialog is a page.
"use strict";

(() => {
  const found = (selector) => [...document.querySelectorAll(selector)];
  // When each element came, by this machine's clock alone, which may differ from the server's.
  const cameAt = new WeakMap();
  const secondsSince = (element) => {
    if (!cameAt.has(element)) cameAt.set(element, performance.now());
    return (performance.now() - cameAt.get(element)) / 1000;
  };
  const two = (number) => String(number).padStart(2, "0");
  const clock = (seconds, pad) => {
    const whole = Math.floor(Math.abs(seconds));
    const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
    const start = hours ? `${hours}:${two(minutes)}` : pad ? two(minutes) : String(minutes);
    return `${start}:${two(whole % 60)}`;
  };
  const write = (element, text) => {
    if (element && element.textContent !== text) element.textContent = text;
  };

  function tick() {
    for (const element of found("[data-counts-up]")) {
      write(element, clock(Number(element.dataset.countsUp) + secondsSince(element)));
    }
    for (const element of found("[data-counts-down]")) {
      write(element, clock(Math.max(0, Number(element.dataset.countsDown) - secondsSince(element))));
    }
    found("[data-left]").forEach(showTarget);
  }

  // The recovery target: counts down to it, and on from it with a plus and another sentence.
  function showTarget(element) {
    const left = Number(element.dataset.left) - (element.dataset.stopped === undefined ? secondsSince(element) : 0);
    const isOver = left <= 0;
    write(element.querySelector("[role=timer]"), (isOver ? "+" : "") + clock(isOver ? left : Math.ceil(left), true));
    write(element.querySelector(".clock-words"), isOver ? element.dataset.over : element.dataset.under);
    element.classList.toggle("is-over", isOver);
    const bar = element.querySelector("progress");
    if (bar) bar.value = Math.min(bar.max, bar.max - left);
  }
  setInterval(tick, 500);
  document.addEventListener("htmx:afterSettle", tick);
  tick();

  // --- A panel does not renew itself under a finger that is pressing something in it: the click would be lost -------
  let pressed = null;
  let isMissed = false;
  document.addEventListener("pointerdown", (event) => {
    pressed = event.target.closest("[hx-trigger*='live:']");
  });
  const release = () => {
    if (!pressed) return;
    pressed = null;
    if (isMissed) setTimeout(() => document.body.dispatchEvent(new CustomEvent("live:connected", { bubbles: true })), 200);
    isMissed = false;
  };
  document.addEventListener("pointercancel", release);
  // After the click, which comes after the finger is up.
  document.addEventListener("pointerup", () => setTimeout(release, 0));
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!pressed || event.detail.target !== pressed) return;
    event.detail.shouldSwap = false;
    isMissed = true;
  });

  // --- How far it is, said to those who hear the page, and only when it has changed ----------------------------------
  const speaking = () => [...document.querySelectorAll("[data-announce-change]")];
  const told = new Map(speaking().map((one) => [one.id, one.dataset.announceChange]));
  document.addEventListener("htmx:afterSettle", () => {
    const news = speaking().filter((one) => told.get(one.id) !== one.dataset.announceChange);
    if (!news.length) return;
    for (const one of news) told.set(one.id, one.dataset.announceChange);
    document.getElementById("announcer").textContent = news.map((one) => one.dataset.announceChange).join(" · ");
  });

  // --- Dialogs that the server sends into #ask -------------------------------------------------------------------
  document.addEventListener("htmx:afterSettle", (event) => {
    const dialog = event.detail.target?.id === "ask" && document.querySelector("#ask dialog[data-opens]");
    if (!dialog || dialog.open) return;
    dialog.showModal();
    const wanted = ["[aria-invalid=true]", "input[data-phrase]", ".ask-form input:not([type=hidden])"];
    wanted.map((selector) => dialog.querySelector(selector)).find(Boolean)?.focus();
    dialog.addEventListener("close", () => dialog.remove());
  });
  document.addEventListener("click", (event) => {
    // Not by attributes of htmx, which hears a link only some time after its panel has come.
    const link = event.target.closest("a[data-ask]");
    if (link && !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      htmx.ajax("GET", link.href, { target: "#ask", swap: "innerHTML", event });
    }
    // The way out of the form is a link to the page that one came from: here that page lies behind the dialog.
    const out = event.target.closest("dialog a[data-close]");
    if (out) event.preventDefault();
  });
})();
