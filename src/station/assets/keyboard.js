// Keys, and what readers type. Buttons, folds and lists that name a key answer to it, unless somebody is typing in a field.
//
// A barcode or document reader at the keyboard types faster than anybody: keys that follow one another within a moment are
// a scan and press nothing. So a letter waits for that moment before it counts as pressed.

// Between two keys of a reader, in milliseconds; people need more.
const MOMENT = 60;
// A scan has more characters than anybody hits by chance.
const SHORTEST = 6;

let keys = [];
let timer;
let scanned;

// Tells what a reader typed while no field had the focus.
export function takeScans(take) {
  scanned = take;
}

// A key pressed twice must not answer the screen that has just come up.
let shownAt = 0;
export function freshScreen() {
  shownAt = performance.now();
}

document.addEventListener("keydown", (event) => {
  // A locked screen takes no order.
  if (document.body.classList.contains("covered")) return;
  const field = event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select");
  if (event.key === "Enter" && field && (event.ctrlKey || field.localName === "select")) {
    event.preventDefault();
    field.form?.requestSubmit();
    return;
  }
  if (event.key === "Escape" && field) {
    // Letters are keys of the page again.
    field.blur();
    return;
  }
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || field) return;
  const character = written(event);
  if (character && scanned && (event.key !== "Enter" || keys.length > 0)) {
    event.preventDefault();
    if (keys.length > 0 && event.timeStamp - keys.at(-1).at > MOMENT) settle();
    keys.push({ character, at: event.timeStamp, event, target: event.target });
    clearTimeout(timer);
    timer = setTimeout(settle, MOMENT);
    return;
  }
  // Enter on a button is the browser's own business.
  if (event.key === "Enter" && event.target.closest("button, a, summary")) return;
  if (press(event)) event.preventDefault();
});

// What the keyboard of a reader means, in whatever layout the desk writes: readers send the keys of an American one.
function written(event) {
  if (event.key === "Enter") return "\n";
  if (/^[A-Za-z0-9<\-]$/.test(event.key)) return event.key.toUpperCase();
  const [, letter, digit] = /^(?:Key([A-Z])|Digit([0-9]))$/.exec(event.code) ?? [];
  if (letter || digit) return letter ?? digit;
  if (event.code === "Comma" && event.shiftKey) return "<";
  if (event.code === "Minus") return "-";
  // Barcodes have other characters too, and one that is left out would make another number of the rest.
  return event.code === "BracketRight" ? "]" : event.key.length === 1 && (keys.length > 0 || event.key !== " ") ? event.key : "";
}

// The moment is over: it was a scan, or somebody pressed keys.
function settle() {
  clearTimeout(timer);
  const typed = keys;
  keys = [];
  const text = typed.map((key) => key.character).join("").trim();
  if (text.length >= SHORTEST) scanned(text);
  else for (const { event, target } of typed) {
    // A key that is already handled cannot click the button that has the focus any more.
    if (event.key === "Enter" && target.closest("button, a, summary")) target.click();
    else press(event);
  }
}

// Presses what names this key. Letters go by their place on the keyboard, so that they work in every layout.
function press(event) {
  const pressed = (key) => (/^[A-Z0-9]$/.test(key) ? [`Key${key}`, `Digit${key}`, `Numpad${key}`].includes(event.code) : key === event.key);
  const shown = (item) => item.offsetParent || (item.localName === "select" && item.closest("details")?.offsetParent);
  const target = [...document.querySelectorAll("[data-key]")].find((item) => pressed(item.dataset.key) && shown(item));
  if (!target || target.disabled || performance.now() - shownAt < 250) return false;
  if (target.localName === "select") choose(target);
  else if (target.localName === "summary" && target.parentElement.open && first(target.parentElement)) {
    // A fold that stands open already is gone into, not shut.
    first(target.parentElement).focus();
  } else {
    target.focus();
    target.click();
  }
  return true;
}

// The next choice of a list, whose fold opens for it.
function choose(select) {
  const fold = select.closest("details");
  if (fold && !fold.open) {
    fold.dataset.jsQuiet = "1";
    fold.open = true;
  }
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  select.dispatchEvent(new Event("change"));
}

// The first field of a fold.
const first = (fold) => fold.querySelector("input:not([type=hidden]), textarea, select");

// A fold that was opened hands the focus to it.
document.addEventListener("toggle", (event) => {
  if (event.target.dataset.jsQuiet) delete event.target.dataset.jsQuiet;
  else if (event.target.open) first(event.target)?.focus();
}, true);
