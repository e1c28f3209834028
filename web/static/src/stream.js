// The live view: says whether the stream stands, since when it is cut, and what waits while it is paused.
import { span } from "./clock.js";

let source;
let connection;
let seen = Date.now();
let state = "connecting"; // connecting, live, lost, paused, ended, gone
let waiting = 0;
let tries = 0; // of the first connection

// Nothing follows these: the stream has said why, and does not come back.
const last = ["ended", "gone", "busy"];

const looks = {
  connecting: "st st-progressing pill",
  live: "st st-ready pill st-live",
  lost: "st st-pending pill st-lost",
  paused: "st st-paused pill",
  ended: "st st-unknown pill",
  gone: "st st-none pill",
  busy: "st st-none pill",
};

function words() {
  switch (state) {
    case "connecting": return "connecting…";
    case "live": return "live";
    case "paused": return waiting === 1 ? "paused by you · 1 update waits" : `paused by you · ${waiting} updates wait`;
    case "ended": return "signed out";
    case "gone": return "gone";
    case "busy": return "not followed";
  }
  return `reconnecting · seen ${span((Date.now() - seen) / 1000)} ago`;
}

function show() {
  const pill = document.querySelector("[data-stream-pill]");
  if (!pill) return;
  if (pill.className !== looks[state]) pill.className = looks[state];
  // A live region speaks at each change, so while the stream is cut it changes every 5 seconds only.
  const text = words();
  if (pill.textContent !== text && (state !== "lost" || Date.now() - (pill.spoken ?? 0) > 5000)) {
    pill.textContent = text;
    pill.spoken = Date.now();
  }
  document.querySelector("main > .page")?.classList.toggle("stale", ["lost", "ended", "gone"].includes(state));
}

function note(text, link) {
  const box = document.getElementById("stream-note");
  if (!box) return;
  box.hidden = !text;
  box.replaceChildren();
  if (!text) return;
  const title = document.createElement("span");
  title.className = "note-title";
  title.textContent = text;
  const a = document.createElement("a");
  a.className = "btn btn-xs";
  a.href = link.href;
  a.textContent = link.text;
  box.append(title, a);
}

function set(next) {
  if (last.includes(state)) return;
  state = next;
  show();
  if (state === "lost") note("The live view is interrupted. Slipway tries again by itself; nothing in the cluster depends on this page.", { href: location.href, text: "Try now" });
  if (state === "live" || state === "paused") note("");
  if (state === "gone") note("What this page shows is no longer there, or no longer for you.", { href: "/applications", text: "Applications" });
  if (state === "ended") note("Your session has ended. What you see is no longer kept fresh.", { href: `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`, text: "Sign in" });
}

// pause holds the view still. What comes meanwhile is counted; going on fetches the state of then.
function pause(button) {
  if (state === "paused") {
    waiting = 0;
    set("lost");
    connection?.reader?.cancel();
  } else {
    set("paused");
  }
  const paused = state === "paused";
  button.lastChild.textContent = paused ? "Go on" : "Pause view";
  button.setAttribute("aria-pressed", String(paused));
}

// refused is what an answer that is no stream means: who is signed out or may not see this any more stays so,
// all else passes.
function refused(status) {
  const word = { 401: "ended", 403: "gone", 404: "gone" }[status];
  if (word) set(word);
  else if (state !== "paused") set("lost");
}

// again makes the first connection once more, after 1 to 15 seconds. What was connected once comes back by itself.
function again({ detail: { ctx } }) {
  if (ctx.sourceElement !== source || ctx.extensionPromise) return;
  refused(ctx.response?.status);
  if (last.includes(state)) return;
  const wait = Math.min(1000 * 2 ** tries++, 15_000) * (0.7 + 0.6 * Math.random());
  setTimeout(() => globalThis.htmx.ajax("GET", source.getAttribute("hx-sse:connect"), { source }), wait);
}

export function startStream() {
  source = document.querySelector("[data-stream]");
  if (!source) return;
  const on = (name, f) => source.addEventListener(name, f);
  on("htmx:sse:after:connection", ({ detail }) => {
    connection = detail.connection;
    seen = Date.now();
    if (state !== "paused") set("live");
  });
  on("htmx:sse:before:message", (event) => {
    seen = Date.now();
    if (event.detail.message.event) return;
    if (state === "paused") {
      waiting++;
      event.preventDefault();
      event.detail.cancelled = true;
      show();
    }
  });
  on("htmx:sse:error", ({ detail }) => refused(detail.status));
  on("htmx:sse:before:connection", (event) => last.includes(state) && event.preventDefault());
  on("htmx:finally:request", again);
  on("htmx:sse:close", ({ detail }) => detail.reason !== "message" && set("lost"));
  on("end", ({ detail }) => set(["gone", "busy"].includes(detail?.data) ? detail.data : "ended"));
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-pause]");
    if (button) pause(button);
  });
  setInterval(show, 1000);
}
