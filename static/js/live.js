// Listens to the stream of this page and tells its panels what changed: an event `live:<name>` on the body.
//
// Panels ask anew every 15 s in any case. So a page without a stream is late, never wrong, and may go without one:
// browsers allow six connections to a host, and a stream holds one for as long as its page is open.
"use strict";

(() => {
  const address = document.body.dataset.liveStream;
  if (!address || !window.EventSource) return;

  const SLOTS = 3; // of the six connections that all tabs of a browser share
  const LOOK_AGAIN = 15000;
  const QUIET_FOR = 45000; // three beats of the server
  const BURST = 100;
  const SETTLE = 50; // htmx makes new content listen 20 ms after it has put it in its place

  let source = null;
  let giveSlotBack = null;
  let isTakingSlot = false;
  let isLeft = false;
  let lastId = "";
  let heardAt = 0;
  let pause = 1000;
  let later = 0;

  // "open", "waiting" (for a slot, or for the server) or "closed" (nobody is looking).
  const show = (state) => {
    document.documentElement.dataset.live = state;
  };
  const isWanted = () => !document.hidden && !isLeft;

  const dispatch = (name) => {
    document.body.dispatchEvent(new CustomEvent(`live:${name}`, { bubbles: true }));
  };

  // htmx drops what a panel is told while its new content is on the way, and that may be older than what is told.
  // So whatever is told meanwhile is told again when the content is in its place.
  const onTheWay = new Set();
  const again = new Map();
  document.addEventListener("htmx:beforeSend", (event) => onTheWay.add(event.detail.xhr));
  document.addEventListener("htmx:afterRequest", (event) => {
    setTimeout(() => {
      onTheWay.delete(event.detail.xhr);
      for (const [name, requests] of again) {
        requests.delete(event.detail.xhr);
        if (!requests.size && again.delete(name)) dispatch(name);
      }
    }, SETTLE);
  });

  // Tell the panels at once, and once more at the end of a burst of the same name.
  const bursts = new Map();
  const tell = (name) => {
    if (bursts.has(name)) {
      bursts.set(name, true);
      return;
    }
    bursts.set(name, false);
    if (onTheWay.size) again.set(name, new Set([...(again.get(name) || []), ...onTheWay]));
    dispatch(name);
    setTimeout(() => {
      const isMore = bursts.get(name);
      bursts.delete(name);
      if (isMore) tell(name);
    }, BURST);
  };

  // A function that gives the slot back, or null when other tabs hold them all.
  const takeSlot = async () => {
    // Plain http on another host than this one: the browser has no locks there, and closing hidden tabs must do.
    if (!navigator.locks) return () => {};
    for (let slot = 1; slot <= SLOTS; slot += 1) {
      const giveBack = await new Promise((resolve) => {
        navigator.locks
          .request(`dr-console-live-${slot}`, { ifAvailable: true }, (lock) => {
            if (!lock) return resolve(null);
            return new Promise((release) => resolve(release));
          })
          .catch(() => resolve(null));
      });
      if (giveBack) return giveBack;
    }
    return null;
  };

  const close = (state) => {
    clearTimeout(later);
    if (source) source.close();
    source = null;
    if (giveSlotBack) giveSlotBack();
    giveSlotBack = null;
    show(state);
  };

  const listen = () => {
    source = new EventSource(lastId ? `${address}?after=${lastId}` : address);
    heardAt = Date.now();
    source.onopen = () => {
      heardAt = Date.now();
      pause = 1000;
      show("open");
    };
    source.onmessage = (event) => {
      heardAt = Date.now();
      lastId = event.lastEventId;
      tell(event.data);
    };
    source.addEventListener("beat", () => {
      heardAt = Date.now();
    });
    source.onerror = () => {
      show("waiting");
      if (source.readyState !== EventSource.CLOSED) return; // The browser connects again by itself.
      close("waiting");
      later = setTimeout(open, pause);
      pause = Math.min(pause * 2, 30000);
    };
  };

  const open = async () => {
    if (source || isTakingSlot || !isWanted()) return;
    show("waiting");
    isTakingSlot = true;
    giveSlotBack = await takeSlot();
    isTakingSlot = false;
    if (!isWanted()) close("closed");
    else if (giveSlotBack) listen();
  };

  const look = () => {
    if (!isWanted()) {
      close("closed");
      return;
    }
    // A laptop that has slept, a network that has changed: the connection looks open, and nothing comes any more.
    if (source && Date.now() - heardAt > QUIET_FOR) close("waiting");
    open();
  };

  document.addEventListener("visibilitychange", look);
  window.addEventListener("pagehide", () => {
    isLeft = true;
    look();
  });
  // Comes when the page has loaded, panels and all, and again when it is brought back from the history.
  window.addEventListener("pageshow", () => {
    isLeft = false;
    look();
  });
  setInterval(look, LOOK_AGAIN);
})();
