"use strict";
// Forms are sent without leaving the page, and the changing half of the page is fetched again after each and once a second.
const now = document.getElementById("now");
const said = document.getElementById("said");
const picture = document.getElementById("picture");

async function renew() {
  const answer = await fetch("/now").catch(() => null);
  if (answer && answer.ok) {
    const html = await answer.text();
    if (html !== now.dataset.shown) {
      now.innerHTML = html;
      now.dataset.shown = html;
    }
  }
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = new URLSearchParams(new FormData(event.target, event.submitter));
  said.textContent = "";
  const answer = await fetch(event.target.action, { method: "POST", body, redirect: "manual" }).catch(() => null);
  if (!answer) said.textContent = "The simulator does not answer.";
  else if (answer.status >= 400) said.textContent = await answer.text();
  await renew();
});

document.addEventListener("input", (event) => {
  const output = event.target.parentElement.querySelector("output");
  if (output) output.value = event.target.value;
});

picture.addEventListener("load", () => setTimeout(look, 200));
picture.addEventListener("error", () => setTimeout(look, 1000));
function look() { picture.src = "/picture.jpg?" + Date.now(); }
look();
setInterval(renew, 1000);
