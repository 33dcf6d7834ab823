// Security keys: the station says what to ask, the browser asks the key, and the answer goes back with the form.

const refusal = document.getElementById("refusal");

async function answer(form) {
  const fields = () => new URLSearchParams(new FormData(form));
  const asked = await fetch(form.dataset.options, { method: "POST", body: fields() });
  if (!asked.ok) return show(form, await asked.text());
  const options = (await asked.json()).publicKey;
  const credential = form.dataset.ceremony === "create"
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  const body = fields();
  body.set("credential", JSON.stringify(credential.toJSON()));
  const answered = await fetch(form.action, { method: "POST", body });
  if (!answered.ok) return show(form, await answered.text());
  // A lock over a page goes, and the page stays as it was.
  if (form.closest("#lock")) dispatchEvent(new Event("gatepost-opened"));
  else location.assign(answered.url);
  return undefined;
}

// Above the page, or in the lock over it.
function show(form, text) {
  const error = new DOMParser().parseFromString(text, "text/html").querySelector("p.error");
  form.querySelector("p.error")?.remove();
  if (form.closest("#lock")) form.prepend(error ?? "");
  else refusal.replaceChildren(error ?? "");
}

// A form that needs a key names where to ask what to ask it.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.options) return;
  event.preventDefault();
  if (form.dataset.jsAsked) return;
  form.dataset.jsAsked = "1";
  refusal.replaceChildren();
  answer(form)
    // The person turned away, or the key did: the button is there for another try.
    .catch(() => { form.querySelector("button").focus(); })
    .finally(() => { delete form.dataset.jsAsked; });
});

document.querySelector("#touch[data-ceremony=get]")?.requestSubmit();
