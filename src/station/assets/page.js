// What all pages share: forms that stay on the page when they are refused, and news from the desk. The server renders
// everything; without this script every form still works. Keys are in keyboard.js.

const lost = document.getElementById("lost");
const refusal = document.getElementById("refusal");

// Makes `old` look like `fresh` and keeps every element that both have: focus, typed text, an open fold and the
// running live picture survive.
export function morph(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !kept(old, name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (!kept(old, name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  let known = old.firstChild;
  const rest = [...fresh.childNodes];
  rest.forEach((node, index) => {
    const later = () => siblings(known).find((sibling) => same(sibling, node));
    if (known && !same(known, node) && node.nodeType === Node.ELEMENT_NODE && later()) {
      for (const end = later(); known !== end;) known = drop(known);
    }
    if (known && same(known, node)) {
      if (node.nodeType === Node.ELEMENT_NODE) morph(known, node);
      else if (known.nodeValue !== node.nodeValue) known.nodeValue = node.nodeValue;
      known = known.nextSibling;
    } else {
      // What comes later on the fresh page is kept for its turn; anything else gives way.
      const wanted = known && rest.slice(index + 1).some((coming) => known.nodeType === Node.ELEMENT_NODE && same(known, coming));
      old.insertBefore(node, known);
      if (known && !wanted) known = drop(known);
    }
  });
  while (known) known = drop(known);
}

function drop(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function siblings(node) {
  const all = [];
  for (let at = node; at; at = at.nextSibling) all.push(at);
  return all;
}

// The same part of the page, perhaps with other content: its name, its identifier and the first of its classes.
const same = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName
  && (one.nodeType !== Node.ELEMENT_NODE || (one.getAttribute("id") === other.getAttribute("id") && one.classList[0] === other.classList[0]));

// What belongs to whoever sits at the page: whether a fold is open, and marks of this script.
const kept = (element, name) => (element.localName === "details" && name === "open") || name.startsWith("data-js-");

// Fetches a page; a log-in that is over leads to the log-in page, and a locked screen shows its lock.
export async function load(address, options = {}) {
  const answer = await fetch(address, { headers: { accept: "text/html" }, ...options });
  if (new URL(answer.url).pathname === "/login") { location.assign("/login"); return null; }
  if (answer.status === 423) { dispatchEvent(new Event("gatepost-locked")); return null; }
  return { answer, page: new DOMParser().parseFromString(await answer.text(), "text/html") };
}

// News by server-sent events: a function for each name. The banner shows when they stay away for a moment, and `after` runs
// when they are back.
export function listen(address, news, after) {
  let waiting;
  const events = new EventSource(address);
  const gone = () => {
    waiting ??= setTimeout(() => { lost.hidden = document.body.classList.contains("covered"); }, 1500);
    if (events.readyState === EventSource.CLOSED) setTimeout(() => again(address, news, after), 2000);
  };
  events.addEventListener("open", () => {
    clearTimeout(waiting);
    waiting = undefined;
    lost.hidden = true;
  });
  events.addEventListener("error", gone);
  for (const [name, take] of Object.entries(news)) events.addEventListener(name, (event) => take(JSON.parse(event.data)));
}

async function again(address, news, after) {
  try {
    if (!(await load(location.pathname))) {
      addEventListener("gatepost-unlocked", () => again(address, news, after), { once: true });
      return;
    }
    after();
  } catch { /* the station is not back yet; the next try tells */ }
  listen(address, news, after);
}

export function clearRefusal() {
  refusal?.replaceChildren();
}

// A refused form leaves the page as it is and shows the refusal above it.
async function send(form, button, done, refused) {
  const fields = new URLSearchParams(new FormData(form, button));
  const sent = await load(form.action, { method: "POST", body: fields });
  if (!sent) return;
  const error = sent.page.querySelector("p.error");
  if (sent.answer.ok) { clearRefusal(); await done(sent); }
  else if (error && refusal) { refusal.replaceChildren(error); await refused?.(); }
  else location.reload();
}

// Takes over the forms of the page. Each is sent once: a second click while the answer is awaited does nothing. What was
// sent while the connection broke may have arrived or not: the page says so when it is back, by what it shows.
export function takeForms(done, refused) {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || !/^\/(officer|supervisor)\//.test(new URL(form.action).pathname)) return;
    event.preventDefault();
    if (form.dataset.jsSent) return;
    form.dataset.jsSent = "1";
    form.closest("details.languages")?.removeAttribute("open");
    send(form, event.submitter, done, refused)
      .catch(() => { lost.hidden = false; })
      .finally(() => { delete form.dataset.jsSent; });
  });
}
