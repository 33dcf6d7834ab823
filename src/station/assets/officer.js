// Keeps the officer's page in step with the desk: the view arrives as server-sent events, and the part of the page
// that follows the case is fetched anew whenever the step changes. Hints and prompts are fetched with it; there is no
// state here.
"use strict";

const panel = document.getElementById("panel");
let shown = Number(panel.dataset.version);
let wanted = shown;
let fetching = false;

async function refresh() {
  if (fetching) return;
  fetching = true;
  while (shown < wanted) {
    const target = wanted;
    const answer = await fetch("/officer/panel", { headers: { accept: "text/html" } });
    if (answer.redirected) { location.assign("/login"); return; }
    if (!answer.ok) break;
    swap(await answer.text());
    shown = target;
  }
  fetching = false;
}

// Replaces the panel, and keeps what the officer is typing, what is folded open, and the running live picture.
function swap(html) {
  const fresh = document.createElement("div");
  fresh.innerHTML = html;
  const before = panel.querySelector(".desk"), after = fresh.querySelector(".desk");
  const sameStep = before && after && before.dataset.step === after.dataset.step && before.dataset.case === after.dataset.case;
  if (sameStep) {
    after.querySelectorAll("details").forEach((details, index) => {
      const old = before.querySelectorAll("details")[index];
      if (old) details.open = old.open;
    });
    after.querySelectorAll("input:not([type=hidden]), select, textarea").forEach((field) => {
      const form = field.form && field.form.id;
      const old = form && before.querySelector(`#${form} [name="${field.name}"]`);
      if (old) field.value = old.value;
    });
    const live = before.querySelector("#live"), next = after.querySelector("#live");
    if (live && next && live.complete !== undefined) next.replaceWith(live);
    const focused = document.activeElement;
    const name = focused && focused.name, form = focused && focused.form && focused.form.id;
    panel.replaceChildren(...fresh.childNodes);
    if (name && form) panel.querySelector(`#${form} [name="${name}"]`)?.focus();
    return;
  }
  panel.replaceChildren(...fresh.childNodes);
  panel.querySelector("[autofocus]")?.focus();
}

const events = new EventSource("/officer/events");
events.addEventListener("view", (event) => {
  const view = JSON.parse(event.data);
  if (view.version !== shown) { wanted = view.version; if (wanted < shown) shown = 0; refresh(); }
});

// Buttons that name a key answer to it, unless somebody is typing.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (typing || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const button = [...document.querySelectorAll("[data-key]")].find((b) => b.dataset.key.toLowerCase() === event.key.toLowerCase());
  if (button) { event.preventDefault(); button.click(); }
});

// A form is sent once: a second click on the same button does nothing.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
});
