// Keys. Those without Ctrl are off while a field has the focus, and can be turned off altogether
// (WCAG 2.1, 2.1.4).

const places = { c: "catalogue", a: "applications", h: "changes", u: "audit", d: "admin" };
const offKey = "slipway:keys-off";
let leader = 0;

const typing = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const seen = (element) => element?.checkVisibility() && element;
const press = (selector) => {
  const element = [...document.querySelectorAll(selector)].find(seen);
  if (!element) return false;
  if (element.matches("input, select, textarea")) element.focus();
  else if (element.matches("[data-key=a]")) element.focus(); // approving is never one key
  else if (element.matches(".seg")) element.querySelector(":scope > :not([aria-current])")?.click();
  else element.click();
  return true;
};

// move goes to the next or former item of the list that has the focus, or of the first one.
function move(step) {
  const items = [...document.querySelectorAll("[data-list] [data-item]")].filter(seen);
  if (!items.length) return false;
  let at = items.indexOf(document.activeElement);
  if (at < 0) at = items.findIndex((i) => i.closest("[aria-current=true]"));
  const next = items[Math.min(items.length - 1, Math.max(0, at + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

// difference goes to the next object whose lines differ.
function difference() {
  const all = [...document.querySelectorAll("[data-diff] > summary")];
  if (!all.length) return false;
  const next = all[(all.indexOf(document.activeElement) + 1) % all.length];
  next.focus();
  next.scrollIntoView({ block: "start" });
  return true;
}

function back() {
  const open = document.querySelector("details[data-menu][open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
    return true;
  }
  if (typing(document.activeElement)) {
    document.activeElement.blur();
    return true;
  }
  return false;
}

function single(event) {
  const { key } = event;
  if (leader && event.timeStamp - leader < 1500) {
    leader = 0;
    return places[key] ? press(`[data-nav=${places[key]}]`) : false;
  }
  switch (key) {
    case "g": leader = event.timeStamp; return true;
    case "/": return press("#search, [data-key=f]");
    case "?": document.getElementById("keys")?.showModal(); return true;
    case "ArrowDown": case "j": return move(1);
    case "ArrowUp": case "k": return move(-1);
    case "d": return difference();
    case "p": return press("[data-pause]");
  }
  return /^[a-z]$/.test(key) && press(`[data-key=${key}]`);
}

function down(event) {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === "Escape") {
    if (!document.querySelector("dialog[open], :popover-open") && back()) event.preventDefault();
    return;
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const button = document.querySelector("button[data-primary]");
    if (typing(event.target) && event.target.form === button?.form) {
      event.preventDefault();
      button.form.requestSubmit(button);
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (localStorage.getItem(offKey) || document.querySelector("dialog[open]")) return;
  if (single(event)) event.preventDefault();
}

export function startKeys() {
  document.addEventListener("keydown", down);
  const box = document.getElementById("keys-on");
  if (!box) return;
  box.checked = !localStorage.getItem(offKey);
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(offKey);
    else localStorage.setItem(offKey, "1");
  });
}
