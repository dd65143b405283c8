// allauth's own scripts carry out the passkey; this says in the page why it did not work.
"use strict";

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const text = document.querySelector("[data-passkey-error]").dataset.passkeyError;
  const reason = event.detail.exception?.message || "";
  const message = Object.assign(document.createElement("div"), { className: "message message-error" });
  message.append(Object.assign(document.createElement("p"), { textContent: `${text} ${reason}`.trim() }));
  document.querySelector("#messages").replaceChildren(message);
});
