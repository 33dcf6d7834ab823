// A code that came with the address fills the form in and leaves the address, so that no history keeps it.
const form = document.getElementById("connect");
const code = decodeURIComponent(location.hash.slice(1));
if (code) {
  history.replaceState(null, "", location.pathname);
  form.elements.code.value = code;
  form.requestSubmit();
}
