// Keeps the display in step with the desk. The station says that something has changed, and the page looks again.
import { listen, load, morph } from "/assets/page.js";

const screen = document.getElementById("screen");
const spoken = document.getElementById("spoken");
let wanted = 0;
let fetching = false;

async function refresh() {
  if (fetching) return;
  fetching = true;
  try {
    for (let target = -1; target !== wanted;) {
      target = wanted;
      const loaded = await load("/traveller");
      const fresh = loaded?.page.getElementById("screen");
      // Without a screen this display was taken out of service: the page asks for a code.
      if (!fresh) { location.reload(); return; }
      show(loaded.page, fresh);
    }
  } catch { /* the banner says that the station is looked for, and the next news makes up for it */ } finally {
    fetching = false;
  }
}

function show(page, fresh) {
  for (const name of ["lang", "dir"]) document.documentElement.setAttribute(name, page.documentElement.getAttribute(name));
  const other = screen.dataset.screen !== fresh.dataset.screen;
  if (other) screen.replaceChildren();
  morph(screen, fresh);
  document.getElementById("lost").textContent = page.getElementById("lost").textContent;
  enhance();
}

// The mirror comes back by itself when its stream breaks while its address still stands on the page. What is asked of the
// traveller is also said to a screen reader, once for each change.
function enhance() {
  const mirror = document.getElementById("mirror");
  if (mirror && !mirror.onerror) mirror.onerror = () => setTimeout(() => { mirror.src = mirror.getAttribute("src").split("?")[0] + `?${Date.now()}`; }, 400);
  const said = [...screen.querySelectorAll("h1, .slot, .advice")].map((part) => part.textContent.trim()).filter(Boolean).join(". ");
  if (spoken.textContent !== said) spoken.textContent = said;
}

listen("/traveller/events", {
  screen: (version) => {
    wanted = version;
    if (String(version) !== screen.dataset.version) refresh();
  },
}, refresh);
enhance();
