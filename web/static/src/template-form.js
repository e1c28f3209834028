// The form of a template: its fields follow what is chosen, its manifests what is typed. Whatever comes
// from the server while somebody types, nothing that was typed meanwhile is lost, and a secret that is
// typed leaves the page only by a button.

// follow tells the server which field has the focus, so that the preview marks the lines it decides.
function follow(form) {
  form.addEventListener("focusin", ({ target }) => {
    const path = target.closest("[data-path]")?.dataset.path;
    const row = [...form.querySelectorAll(".rowbox")].find((box) => box.contains(target))?.dataset.row ?? "";
    const { _focus: focus, _row: at } = form.elements;
    if (path === undefined || (focus.value === path && at.value === row)) return;
    focus.value = path;
    at.value = row;
    form.dispatchEvent(new Event("focusfield"));
  });
}

const secretName = (field) => field.closest("[data-secret]") && field.type !== "hidden";

// What is known of each request until its answer is on the page: the button that sent it, null for a
// preview; what the fields held; and how many buttons had been answered by then.
const requests = new WeakMap();
let answered = 0;

// request prepares what htmx sends. A preview carries no files and no secrets.
function request(form, { detail: { ctx } }) {
  if (ctx.request.form !== form) return;
  const pressed = ctx.sourceElement === form || ctx.sourceElement.name === "_show" ? null : ctx.sourceElement;
  const sent = new Map([...form.elements].filter((f) => f.id).map((f) => [f.id, valueOf(f)]));
  requests.set(ctx, { pressed, sent, answered });
  if (pressed) {
    form.elements._typed.value = "1";
    return;
  }
  const { body } = ctx.request;
  for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
  for (const field of form.elements) {
    if (!field.name || field.type === "checkbox" || !secretName(field) || !field.value) continue;
    const kept = body.getAll(field.name).filter((v) => v !== field.value);
    body.delete(field.name);
    for (const v of kept) body.append(field.name, v);
  }
}

const valueOf = (f) => (f.type === "checkbox" || f.type === "radio" ? f.checked : f.value);

// hold remembers how the page is just before the fields are replaced: what is unfolded, and what was
// typed since the request left. A preview that left before a button was answered knows nothing of the
// rows that the button made: its answer is not taken, and another one is asked for.
function hold(form, event) {
  const r = requests.get(event.detail.ctx);
  if (!r) return;
  if (!r.pressed && r.answered !== answered) {
    event.preventDefault();
    form.dispatchEvent(new Event("focusfield"));
    return;
  }
  const { sent } = r;
  r.held = {
    open: [...document.querySelectorAll("#fields details[open][id]")].map((d) => d.id),
    typed: [...form.elements].filter((f) => f.id && f.type !== "file" && sent.has(f.id) && sent.get(f.id) !== valueOf(f)).map((f) => [f.id, valueOf(f)]),
    secrets: [...form.querySelectorAll("[data-secret] :is(input[type=password], textarea)")].filter((f) => f.value && sent.get(f.id) === f.value).map((f) => f.id),
  };
}

// restore puts that back, and the focus where one goes on.
function restore(form, { detail: { ctx } }) {
  const r = requests.get(ctx);
  if (!r?.held) return;
  const { pressed: button, held: before } = r;
  requests.delete(ctx);
  if (button) {
    answered++;
    takeOver(form);
  }
  for (const id of before.open) document.getElementById(id)?.setAttribute("open", "");
  for (const [id, value] of before.typed) {
    const field = document.getElementById(id);
    if (!field) continue;
    if (typeof value === "boolean") field.checked = value;
    else field.value = value;
  }
  reveal();
  roving();
  if (ctx.sourceElement.name === "_show") shown(ctx.sourceElement.value);
  if (!button) return;
  // What was sent is put aside by now, so it does not stay in the page.
  for (const id of before.secrets) {
    const field = document.getElementById(id);
    if (field) field.value = "";
  }
  for (const file of form.querySelectorAll("input[type=file]")) file.value = "";
  settle(form, button);
  form.dispatchEvent(new Event("focusfield"));
}

// reveal brings the first marked line into the pane's own view. The page stays where it is: what comes
// from the server moves nothing under the pointer.
function reveal() {
  const pane = document.getElementById("manifest-list");
  const hit = pane?.querySelector(".hit");
  if (!hit || pane.scrollHeight <= pane.clientHeight) return;
  const line = hit.getBoundingClientRect();
  const view = pane.getBoundingClientRect();
  if (line.top < view.top) pane.scrollTop -= view.top - line.top;
  else if (line.bottom > view.bottom) pane.scrollTop += line.bottom - view.bottom;
}

// takeOver makes the fields show what the server answered: rows may have changed places under them.
function takeOver(form) {
  for (const f of form.querySelectorAll("#fields :is(input, textarea, select)")) {
    if (f.type === "checkbox" || f.type === "radio") f.checked = f.defaultChecked;
    else if (f instanceof HTMLSelectElement) for (const o of f.options) o.selected = o.defaultSelected;
    else if (f.type !== "file" && !secretName(f)) f.value = f.defaultValue;
  }
}

// settle gives the focus to where one goes on after a button, and says what it did.
function settle(form, button) {
  const { name, value } = button;
  const named = (n, v) => [...form.querySelectorAll(`#fields button[name=${n}]`)].find((b) => b.value === v);
  const list = value.replace(/\/[^/]*$/, "");
  const at = Number(value.slice(list.length + 1));
  const rowsOf = (n) => named("_add", n)?.closest("fieldset")?.querySelectorAll(":scope > [data-row]") ?? [];
  if (name === "_add" || (name === "_preset" && value.includes("="))) {
    const added = [...rowsOf(value.split("=")[0])].at(-1);
    added?.querySelector("details")?.setAttribute("open", "");
    added?.querySelector("input:not([type=hidden]), select, textarea")?.focus();
    say("A row was added.");
  } else if (name === "_remove") {
    const left = rowsOf(list);
    (left[Math.min(at, left.length - 1)]?.querySelector("button[name=_remove]") ?? named("_add", list))?.focus();
    say(`A row was removed, ${left.length} left.`);
  } else if (name === "_up" || name === "_down") {
    const to = name === "_up" ? at - 1 : at + 1;
    const same = named(name, `${list}/${to}`);
    (same?.disabled ? named(name === "_up" ? "_down" : "_up", `${list}/${to}`) : same)?.focus();
    say(`Moved to place ${to + 1} of ${rowsOf(list).length}.`);
  } else if (name === "_generate") {
    named("_generate", value)?.closest("[data-secret]")?.querySelector("summary")?.focus();
    say("A value was made and put aside.");
  } else if (name === "_open") {
    rowsOf(list)[at]?.querySelector("input:not([type=hidden]), select, textarea")?.focus();
    say("The row is open.");
  } else if (name === "_shut") {
    named("_open", value)?.focus();
    say("The row is closed.");
  } else if (name === "_line") {
    found();
  } else if (name === "_mend") {
    found();
    return; // the summary of what is wrong stays, and not the focus in it
  }
  const alert = document.querySelector("#fields [role=alert]");
  if (alert) alert.focus();
}

// found opens what the field that decides a line is folded into and gives it the focus.
function found() {
  const note = document.getElementById("pane-note");
  const notice = document.getElementById("fields").dataset.notice ?? "";
  note.textContent = notice;
  note.classList.toggle("note", notice !== "");
  note.classList.toggle("note-plain", notice !== "");
  const field = document.querySelector("#fields [autofocus]");
  if (!field) return;
  for (let d = field.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
  field.focus();
  field.scrollIntoView({ block: "center" });
}

// shown goes to an object of the pane whose lines were asked for.
function shown(object) {
  const mark = [...document.querySelectorAll("#manifest-list input[name=_object]")].find((i) => i.value === object);
  mark?.closest("[id]")?.querySelector(".ln")?.focus();
}

function say(text) {
  const place = document.getElementById("said");
  if (place) place.textContent = text;
}

// roving makes one stop of the lines of each object; the arrows go from line to line.
function roving() {
  for (const list of document.querySelectorAll("#manifest-list .yaml")) {
    list.querySelectorAll(".ln").forEach((line, i) => { line.tabIndex = i ? -1 : 0; });
  }
}

function arrows(event) {
  const line = event.target.closest?.(".ln");
  if (!line || !/^(Arrow(Up|Down)|Home|End)$/.test(event.key)) return;
  event.preventDefault();
  const all = [...line.closest(".yaml").querySelectorAll(".ln")];
  const to = { ArrowUp: all.indexOf(line) - 1, ArrowDown: all.indexOf(line) + 1, Home: 0, End: all.length - 1 }[event.key];
  all[Math.min(Math.max(to, 0), all.length - 1)].focus();
}

// line leads from a line of the manifests to the field that decides it.
function line(event) {
  const at = event.target.closest("#manifest-list li")?.querySelector(".ln");
  if (!at || getSelection().toString()) return;
  event.preventDefault();
  const go = document.getElementById("go");
  go.value = at.value;
  go.click();
}

// folded keeps a row of a long list in mind as closed once somebody has folded it, so that it is sent and shown
// as the line that it is.
function folded({ target }) {
  const mark = target.querySelector?.(":scope > div > input[name=_opened]");
  if (mark) mark.disabled = !target.open;
}

function changed({ target }) {
  if ("upload" in (target.dataset ?? {}) && target.value) document.getElementById("update").click();
  if ("empty" in (target.dataset ?? {}) && target.checked) {
    for (const typed of target.closest("[data-secret]").querySelectorAll("input[type=password], textarea")) typed.value = "";
  }
}

// fits tells whether a text fits a pattern of the template's; undefined if this browser does not take the pattern.
function fits(pattern, text) {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return undefined;
  }
}

// offer gives a value its suggestions once the name beside it is one that they suit.
function offer(key) {
  const value = key.name?.endsWith("/key") && key.closest("[data-row]")?.querySelector("[data-offers]");
  if (!value) return;
  if (fits(value.dataset.offersKeys, key.value)) value.setAttribute("list", value.dataset.offers);
  else value.removeAttribute("list");
}

// shape tells by the name of a secret what its value usually is, and while it is typed whether it is that. The
// value stays in the page.
function shape(target) {
  const row = target.closest("[data-row]");
  const shapes = row?.closest("[data-shapes]")?.dataset.shapes;
  const hint = row?.querySelector("[data-shape-hint]");
  if (!shapes || !hint) return;
  const name = row.querySelector("input[name$='/key']")?.value ?? "";
  const usual = JSON.parse(shapes).find((s) => fits(s.keys, name));
  hint.textContent = usual?.hint ?? "";
  hint.hidden = !usual;
  const field = row.querySelector("[data-secret] :is(input[type=password], textarea)");
  const caution = document.getElementById(`${field?.id}-g`);
  if (!caution || (target !== field && !field.value)) return;
  const odd = usual && field.value && ([...field.value].length < (usual.minLength ?? 0) || (usual.pattern && fits(usual.pattern, field.value) === false));
  caution.hidden = !odd;
  caution.firstElementChild.textContent = odd ? usual.odd : "";
}

function typed(form, { target }) {
  form.elements._typed.value = "1"; // first: whatever else does not work, what is typed is kept
  offer(target);
  shape(target);
  const ends = document.getElementById(target.dataset?.ends ?? "");
  if (ends) ends.textContent = !target.value ? "" : target.value.endsWith("\n") ? "ends with a new line" : "ends without a new line";
  if (target.value && secretName(target) && target.type !== "checkbox") {
    for (const empty of target.closest("[data-secret]").querySelectorAll("[data-empty]")) empty.checked = false;
  }
}

export function startTemplateForm() {
  const form = document.querySelector("form[data-form]");
  if (!form) return;
  follow(form);
  form.addEventListener("input", (e) => typed(form, e));
  form.addEventListener("change", changed);
  form.addEventListener("toggle", folded, true);
  form.addEventListener("click", line);
  form.addEventListener("keydown", arrows);
  document.addEventListener("htmx:config:request", (e) => request(form, e));
  document.addEventListener("htmx:before:swap", (e) => hold(form, e));
  document.addEventListener("htmx:after:swap", (e) => restore(form, e));
  roving();
  document.querySelector("#fields [autofocus]")?.scrollIntoView({ block: "center" });
  // The preview that the page came with knows no focus; with script it follows from the start.
  form.dispatchEvent(new Event("focusfield"));
}
