// Keeps the supervisor's list fresh; the page of one case leaves when that case does not wait any more.
import { listen, load, morph, takeForms } from "/assets/page.js";

const main = document.getElementById("main");
const own = document.querySelector("[data-review]")?.dataset.review;

async function refresh() {
  try {
    const loaded = await load("/supervisor");
    const fresh = loaded?.answer.ok && loaded.page.getElementById("main");
    if (fresh) morph(main, fresh);
  } catch { /* the banner tells that the connection is lost, and the next news makes up for it */ }
}

takeForms(async (sent) => location.assign(sent.answer.url));
listen("/supervisor/events", {
  waiting: (cases) => {
    if (!own) refresh();
    else if (!cases.some((waiting) => waiting.case === own && waiting.state === "waiting")) location.assign("/supervisor");
  },
}, () => { if (!own) refresh(); });
if (!own) setInterval(refresh, 30_000);
