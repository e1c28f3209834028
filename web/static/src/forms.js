// Forms: one press sends once, what was typed is kept, errors are found, lines follow the focus.

const keepPrefix = "slipway:keep:";

// once keeps a second press of a button from sending a form again.
function once(event) {
  const form = event.target;
  if (event.defaultPrevented || !(form instanceof HTMLFormElement) || form.method !== "post") return;
  if (form.ariaBusy === "true") {
    event.preventDefault();
    return;
  }
  form.ariaBusy = "true";
  event.submitter?.setAttribute("aria-busy", "true");
  for (const field of form.querySelectorAll("[data-keep]")) sessionStorage.removeItem(keepPrefix + field.dataset.keep);
}

// rest makes forms usable again on a page that comes back from the browser's memory.
function rest() {
  for (const busy of document.querySelectorAll("[aria-busy=true]:is(form, button)")) busy.removeAttribute("aria-busy");
}

// keep holds a reason or comment while the view of the page is changed by a link.
function keep() {
  for (const field of document.querySelectorAll("[data-keep]")) {
    const kept = sessionStorage.getItem(keepPrefix + field.dataset.keep);
    if (kept && !field.value) field.value = kept;
  }
  document.addEventListener("input", ({ target }) => {
    if (target.dataset?.keep) sessionStorage.setItem(keepPrefix + target.dataset.keep, target.value);
  });
}

// echo repeats what is typed where the help speaks of it.
function echo() {
  for (const place of document.querySelectorAll("[data-echo]")) {
    const field = document.getElementById(place.dataset.echo);
    field?.addEventListener("input", () => { place.textContent = /^[a-z0-9-]+$/.test(field.value) ? field.value : "name"; });
  }
}

// states sets what assistive technology hears of a field after its message came with a preview.
function states() {
  for (const message of document.querySelectorAll("#fields .err[id$='-e']")) {
    const field = document.getElementById(message.id.slice(0, -2));
    if (!field?.matches("input, select, textarea")) continue;
    const wrong = !message.hidden;
    const frame = field.closest(".input, .select, .textarea");
    frame?.classList.toggle("input-error", wrong);
    if (wrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
}

// copy puts a command or a digest on the clipboard and says so for a moment.
async function copy(button) {
  const text = document.getElementById(button.dataset.copy)?.textContent;
  if (!text) return;
  await navigator.clipboard.writeText(text.trim());
  const glyph = button.querySelector("[aria-hidden]");
  const before = glyph.className;
  glyph.className = "icon-[lucide--check] size-3.5";
  setTimeout(() => { glyph.className = before; }, 1500);
}

function click(event) {
  const { target } = event;
  const copyButton = target.closest("[data-copy]");
  if (copyButton) copy(copyButton);
  const opener = target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
}

export function startForms() {
  document.addEventListener("submit", once);
  addEventListener("pageshow", rest);
  document.addEventListener("click", click);
  document.addEventListener("change", ({ target }) => {
    if ("submit" in (target.dataset ?? {})) target.form.requestSubmit();
  });
  document.addEventListener("htmx:after:swap", states);
  keep();
  echo();
  document.querySelector("[data-focus]")?.focus();
}
