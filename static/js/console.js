// What the console does in the browser beside htmx: the age of the data, keys, dialogs, messages, focus.
// Every page works without it. Texts come from attributes that the server has written in the person's language.
"use strict";

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const announce = (text) => { one("#announcer").textContent = text; };

// --- Age of the data: seconds since the panel came, by this machine's clock alone, which may differ from the server's ---
// A page on which nothing renews itself, such as a form, is as old as its coming.
const cameAt = new WeakMap();
const loadedAt = Date.now();
const isLiving = () => one("main [hx-trigger*='live:']") !== null;
let unreachable = false;
let wasStale = false;

function showAge() {
  const panel = one("#data-age");
  if (!panel) return;
  const region = panel.parentElement;
  const words = region.dataset;
  if (!cameAt.has(panel)) cameAt.set(panel, Date.now());
  const seconds = Math.max(0, Math.round((Date.now() - cameAt.get(panel)) / 1000));
  const age = isLiving() ? seconds : Math.round((Date.now() - loadedAt) / 1000);
  const length = age < 120 ? `${age} ${words.seconds}` : `${Math.floor(age / 60)} ${words.minutes}`;
  const time = one(".data-age-time", panel);
  const text = words.ago.replace("{time}", length);
  if (time && time.textContent !== text) time.textContent = text;

  const told = Boolean(one(".data-age-reason", panel));
  const stale = told || unreachable || seconds > Number(panel.dataset.staleAfter || 40);
  panel.classList.toggle("data-age-stale", stale);
  if (stale && !one(".data-age-word", panel)) {
    panel.prepend(Object.assign(document.createElement("strong"), { className: "data-age-word", textContent: words.stale }));
  }
  if (!stale) one(".data-age-word", panel)?.remove();
  if (stale !== wasStale) announce(panel.textContent.trim().replace(/\s+/g, " "));
  wasStale = stale;
}
setInterval(showAge, 1000);

// --- Messages: what htmx could not do ---------------------------------------------------------------------------
function say(text, ...links) {
  const message = Object.assign(document.createElement("div"), { className: "message message-error" });
  message.append(Object.assign(document.createElement("p"), { textContent: text }), ...links);
  one("#messages").replaceChildren(message);
}
const isPolling = (detail) => detail.requestConfig?.triggeringEvent === undefined
  || /^(every|live:|load)/.test(detail.requestConfig.triggeringEvent?.type || "every");

function lost(event) {
  unreachable = true;
  showAge();
  if (!isPolling(event.detail)) say(one("#messages").dataset.unreachable);
}
document.addEventListener("htmx:sendError", lost);
document.addEventListener("htmx:timeout", lost);
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status >= 502) lost(event);
  else if (!event.detail.xhr.getResponseHeader("HX-Retarget")) say(one("#messages").dataset.mistake);
});
document.addEventListener("htmx:beforeOnLoad", (event) => {
  // The session has run out. Whoever pressed something goes to the login; a panel that renews itself only says so,
  // for somebody may be in the middle of a form.
  const login = event.detail.xhr.getResponseHeader("HX-Redirect");
  if (!login || !isPolling(event.detail)) return;
  event.preventDefault();
  unreachable = true;
  const words = one("#messages").dataset;
  say(words.loggedOut, Object.assign(document.createElement("a"), { href: login, textContent: words.logIn }));
});
document.addEventListener("htmx:beforeSwap", (event) => {
  // Our own error pages say where their sentence belongs; anybody else's (a proxy's) stay out of the page.
  if (event.detail.xhr.getResponseHeader("HX-Retarget")) event.detail.shouldSwap = true;
  if (event.detail.xhr.status < 400) unreachable = false;
});

// --- A panel that renews itself and says the same again is left alone: what is focused, folded or selected in it stays ---
const said = new Map();
// A form's token against forgery is another one in every answer, and means the same.
const meaning = (text) => text?.replace(/(name="csrfmiddlewaretoken" value=")[^"]*/g, "$1");

function asItCame(panel) {
  const copy = panel.cloneNode(true);
  copy.classList.remove("htmx-request");
  if (!copy.classList.length) copy.removeAttribute("class");
  return meaning(copy.outerHTML);
}
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, xhr } = event.detail;
  if (!target?.id) return;
  const part = target.getAttribute("hx-select");
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  const arrived = part ? one(part, page) : page.body.children.length === 1 && page.body.firstElementChild;
  const text = meaning(arrived ? arrived.outerHTML : xhr.responseText);
  const stands = said.has(target.id) ? said.get(target.id) : asItCame(target);
  if (isPolling(event.detail) && stands === text) event.detail.shouldSwap = false;
  said.set(target.id, text);
});

// --- Focus and announcements after a swap ------------------------------------------------------------------------
// Answers arrive side by side: what had the focus that one of them replaces is remembered by answer.
const replaced = new WeakMap();
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, xhr } = event.detail;
  if (target?.contains?.(document.activeElement)) replaced.set(xhr, document.activeElement);
});
// The same link or button again: htmx itself knows only those that have an id.
function again(element, arrived) {
  const same = (name) => (other) => other.getAttribute(name) === element.getAttribute(name);
  return all(element.localName, arrived).find((other) => !other.disabled
    && ["href", "name", "value", "type"].every((name) => same(name)(other))
    && other.textContent.trim() === element.textContent.trim());
}
document.addEventListener("htmx:afterSettle", (event) => {
  const arrived = document.getElementById(event.detail.elt.id) || event.detail.elt;
  const before = replaced.get(event.detail.xhr);
  // Whoever was at something is not thrown to the top of the page.
  if (before && (document.activeElement === document.body || !document.activeElement)) {
    const wanted = one("[data-focus], [autofocus]", arrived) || again(before, arrived) || arrived;
    if (wanted === arrived && !wanted.hasAttribute("tabindex")) wanted.tabIndex = -1;
    wanted.focus({ preventScroll: true });
  }
  if (arrived.dataset?.announce) announce(arrived.dataset.announce);
  prepare(arrived);
  showAge();
});

// --- Links that ask for what the list above them shows: an export follows the filters ------------------------------
document.addEventListener("htmx:pushedIntoHistory", () => {
  for (const link of all("a[data-same-query]")) link.search = location.search;
});

// --- Dialogs: [data-open="#id"] opens, [data-close] closes --------------------------------------------------------
function open(dialog) {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  for (const input of all("input[data-phrase]", dialog)) input.value = "";
  prepare(dialog);
  if (dialog.id === "palette") htmx.trigger(one("input", dialog), "opened");
}
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  const dialog = opener && one(opener.dataset.open);
  if (dialog && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    open(dialog);
  }
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  if (event.target.matches?.("dialog.palette")) event.target.close();  // the backdrop
});

// --- Type to confirm: the button waits until the phrase is there; the server compares it again --------------------
function checkPhrase(input) {
  for (const button of all("[data-confirm]", input.form)) button.disabled = input.value.trim() !== input.dataset.phrase;
}
document.addEventListener("input", (event) => {
  if (event.target.matches("input[data-phrase]")) checkPhrase(event.target);
});
function prepare(root) {
  all("input[data-phrase]", root).forEach(checkPhrase);
}

// --- Keys -----------------------------------------------------------------------------------------------------
const shortcutsAreOn = () => document.body.dataset.shortcuts === "on";
const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable]") !== null;
let afterG = 0;

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && one("#palette")) {
    event.preventDefault();
    open(one("#palette"));
    return;
  }
  const palette = event.target.closest?.("#palette");
  if (palette) movePalette(event, palette);
  if (event.ctrlKey || event.metaKey || event.altKey || !shortcutsAreOn() || isTyping(event.target)) return;
  if (one("dialog[open]")) return;
  if (event.key === "?") open(one("#shortcuts"));
  const isAfterG = Date.now() - afterG < 1500;
  const link = one(`[data-${isAfterG ? "key" : "key-alone"}="${CSS.escape(event.key)}"]`);
  afterG = event.key === "g" ? Date.now() : 0;
  if (link) link.click();
});

let awaited = null;
const isFoundFor = (palette) => one("#palette-results", palette)?.dataset.text === one("#palette-text").value.trim().slice(0, 100);
document.addEventListener("input", (event) => {
  if (event.target.id === "palette-text") awaited = null;
});
document.addEventListener("htmx:afterSettle", () => {
  if (!awaited?.open || !isFoundFor(awaited)) return;
  const first = one("[role=option]:not([aria-disabled])", awaited);
  awaited = null;
  first?.click();
});

function movePalette(event, palette) {
  const found = all("[role=option]:not([aria-disabled])", palette);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const at = found.findIndex((link) => link.getAttribute("aria-selected") === "true");
  if (event.key === "Enter") {
    event.preventDefault();
    // What is shown may still be what was found for fewer letters: then the answer to these is waited for.
    awaited = isFoundFor(palette) ? null : palette;
    if (!awaited) (found[at] || found[0])?.click();
  }
  if (!step || !found.length) return;
  event.preventDefault();
  select(found, (at + step + found.length) % found.length);
}
function select(found, at) {
  found.forEach((link, index) => link.setAttribute("aria-selected", String(index === at)));
  found[at].scrollIntoView({ block: "nearest" });
  one("#palette-text").setAttribute("aria-activedescendant", found[at].id);
}

// --- What a person has unfolded stays so when its panel renews itself ---------------------------------------------
const unfolded = new Set();
document.addEventListener("toggle", ({ target }) => {
  if (target.matches?.("details[data-keep-open][id]")) unfolded[target.open ? "add" : "delete"](target.id);
}, true);
document.addEventListener("htmx:load", ({ detail }) => {
  for (const one of all("details[data-keep-open][id]", detail.elt)) one.open ||= unfolded.has(one.id);
});

// --- When the page opens ------------------------------------------------------------------------------------------
one(".errors[data-focus]")?.focus();
prepare(document);
showAge();
