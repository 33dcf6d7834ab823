// The log-in while a page is open: says when the screen is about to lock, and puts the lock over the page, which stays as
// it was underneath: what was typed, where the focus was, and the case at the desk.

import "/assets/keys.js";

const EVERY = 10_000;
const box = document.getElementById("session");
const secret = () => document.querySelector("meta[name=csrf], input[name=csrf]");
let used = performance.now();
let told = used;
let lock;

const post = (address, fields = {}) => fetch(address, {
  method: "POST",
  body: new URLSearchParams({ csrf: secret().content ?? secret().value, ...fields }),
});

async function touch() {
  used = performance.now();
  if (lock || used - told < EVERY) return;
  told = used;
  say("");
  try {
    if ((await post("/session/used")).status === 423) cover();
  } catch { /* the banner tells that the connection is lost */ }
}

for (const kind of ["keydown", "pointerdown", "pointermove", "wheel"]) addEventListener(kind, touch, { passive: true, capture: true });

function say(text) {
  if (box.textContent !== text) box.textContent = text;
}

// Asks the station, which alone knows: another window of the same log-in may have been in use.
async function look() {
  if (lock) return;
  let left;
  try {
    const answer = await fetch("/session", { headers: { accept: "application/json" } });
    if (new URL(answer.url).pathname === "/login") { location.assign("/login"); return; }
    left = await answer.json();
  } catch { return; }
  if (left.locked) { await cover(); return; }
  if (left.idle_ms <= left.warning_ms) say(box.dataset.idle);
  else say(left.shift_minutes === null ? "" : box.dataset.shift);
}

// The lock of the server's own page, in a dialog that nothing gets past.
export async function cover() {
  if (lock) return;
  const dialog = lock = document.createElement("dialog");
  dialog.id = "lock";
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
  document.body.classList.add("covered");
  say("");
  await ask(await fetch(location.pathname));
}

async function ask(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const form = page.getElementById("unlock");
  if (!form) { location.reload(); return; }
  lock.replaceChildren(form, ...page.querySelectorAll("#unlock-key, form[action='/logout']"));
  form.querySelector("input[name=pin]").focus();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sent = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (new URL(sent.url).pathname === "/login") location.assign("/login");
    else if (sent.status === 423) await ask(sent);
    else uncover();
  });
}

function uncover() {
  lock.remove();
  lock = undefined;
  document.body.classList.remove("covered");
  used = told = performance.now();
  // The live picture ended with the lock, and begins anew with its page alone.
  if (document.getElementById("live")) location.reload();
  dispatchEvent(new Event("gatepost-unlocked"));
}

// Who leaves the desk locks the screen, and finds it again as it was.
document.addEventListener("submit", async (event) => {
  if (new URL(event.target.action).pathname !== "/session/lock") return;
  event.preventDefault();
  await post("/session/lock");
  await cover();
});

addEventListener("gatepost-locked", cover);
addEventListener("gatepost-opened", uncover);
setInterval(look, 2_000);
look();
