// Keeps the officer's page in step with the desk: each view that arrives by server-sent events makes the page look
// again, and only what differs is changed.
import { freshScreen, takeScans } from "/assets/keyboard.js";
import { clearRefusal, listen, load, morph, takeForms } from "/assets/page.js";
import { draw } from "/assets/sight.js";

const panel = document.getElementById("panel");
let wanted = 0;
let fetching = false;
let seen;

async function refresh() {
  if (fetching) return;
  fetching = true;
  try {
    for (let target = -1; target !== wanted;) {
      target = wanted;
      const loaded = await load("/officer");
      if (!loaded || !loaded.answer.ok) return;
      show(loaded.page);
    }
  } catch { /* the banner tells that the connection is lost, and the next view makes up for it */ } finally {
    fetching = false;
  }
}

const screenOf = (element) => {
  const desk = element.querySelector(".desk");
  return [desk.dataset.step, desk.dataset.case, desk.dataset.slot, desk.dataset.question].join("|");
};

function show(page) {
  const fresh = page.getElementById("panel");
  if (!fresh) return;
  document.title = page.title;
  morph(document.querySelector("header.bar"), page.querySelector("header.bar"));
  if (screenOf(panel) === screenOf(fresh)) {
    morph(panel, fresh);
  } else {
    panel.replaceChildren(...fresh.childNodes);
    clearRefusal();
    freshScreen();
    (panel.querySelector("[autofocus]") ?? panel.querySelector("h1"))?.focus();
  }
  enhance();
}

// The live picture comes back by itself when its stream breaks, with the outlines over it; grounds show their own kinds of evidence only.
function enhance() {
  const live = document.getElementById("live");
  if (live && !live.onerror) live.onerror = () => setTimeout(() => { live.src = `${live.src.split("&")[0]}&${Date.now()}`; }, 400);
  // The page that came last knows nothing of what is seen.
  draw(panel.querySelector(".live"), seen);
  const ground = panel.querySelector("select[name=ground]");
  if (ground) { ground.onchange = () => evidenceOf(ground); evidenceOf(ground); }
  panel.querySelectorAll("select[name^=missing-]").forEach((select) => {
    select.onchange = () => mark(select);
    mark(select);
  });
}

function evidenceOf(ground) {
  const evidence = ground.form.elements.evidence;
  for (const group of evidence.querySelectorAll("optgroup")) {
    group.hidden = group.disabled = group.dataset.ground !== ground.value;
  }
  const chosen = evidence.selectedOptions[0]?.closest("optgroup");
  if (chosen?.hidden) evidence.value = "";
}

// Declared fingers show on the drawing at once.
function mark(select) {
  const drawn = panel.querySelector(`.hands [data-finger="${select.name.slice("missing-".length)}"]`);
  drawn?.classList.toggle("missing", select.value !== "");
}

// On the drawing of the declaration, a click on a finger goes through the reasons.
panel.addEventListener("click", (event) => {
  const finger = event.target.closest?.("#declare .hands [data-finger]");
  const select = finger && panel.querySelector(`select[name="missing-${finger.dataset.finger}"]`);
  if (!select) return;
  select.closest("details").open = true;
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  mark(select);
});

takeForms(async (sent) => show(sent.page), refresh);
// A document opens the case that it is for, wherever the page stands: the desk knows whether it is asked for.
takeScans((text) => {
  const form = document.getElementById("scanned");
  form.elements.text.value = text;
  form.requestSubmit();
});
listen("/officer/events", {
  view: (view) => {
    wanted = view.version;
    if (String(view.version) !== panel.querySelector(".desk").dataset.version) refresh();
  },
  face: (sight) => {
    seen = sight;
    draw(panel.querySelector(".live"), seen);
  },
}, refresh);
// The minutes that cases have waited.
setInterval(refresh, 30_000);
enhance();
