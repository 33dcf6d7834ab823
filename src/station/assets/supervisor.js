// Loads the list anew when it has changed.
"use strict";

let known = null;
const events = new EventSource("/supervisor/events");
events.addEventListener("waiting", (event) => {
  const cases = JSON.parse(event.data).map((waiting) => waiting.case + waiting.state).join();
  if (known !== null && known !== cases) location.reload();
  known = cases;
});
