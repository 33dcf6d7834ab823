// Keeps the supervisor's list fresh; the page of one case leaves when that case does not wait any more.
import { takeScans } from "/assets/keyboard.js";
import { listen, load, morph, takeForms } from "/assets/page.js";

const main = document.getElementById("main");
const listed = location.pathname === "/supervisor";
const own = document.querySelector("[data-review]")?.dataset.review;

async function refresh() {
  try {
    const loaded = await load("/supervisor");
    const fresh = loaded?.answer.ok && loaded.page.getElementById("main");
    if (fresh) morph(main, fresh);
  } catch { /* the banner tells that the connection is lost, and the next news makes up for it */ }
}

// Whoever chooses "other" says more; and a decision has its own key: Enter only ends the typing, and approves nothing.
const decide = document.getElementById("decide");
decide?.addEventListener("change", (event) => {
  if (event.target.name !== "reason") return;
  const note = decide.elements.note;
  note.required = event.target.value === "other";
  if (note.required) note.focus();
});
decide?.addEventListener("keydown", (event) => {
  if (event.target.localName !== "input" || event.key !== "Enter") return;
  event.preventDefault();
  if (event.target.name === "note") event.target.blur();
});

takeForms(async (sent) => location.assign(sent.answer.url));
// The number of a case from a receipt finds its history.
takeScans((text) => location.assign(`/supervisor/search?case=${encodeURIComponent(text)}`));
listen("/supervisor/events", {
  waiting: (cases) => {
    if (listed) refresh();
    else if (own && !cases.some((waiting) => waiting.case === own && waiting.state === "waiting")) location.assign("/supervisor");
  },
}, () => { if (listed) refresh(); });
if (listed) setInterval(refresh, 30_000);
