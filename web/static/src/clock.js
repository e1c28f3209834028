// Keeps "2 min ago" true while a page stands. The words are those of words.go.

export function span(seconds) {
  if (seconds < 1) return "0 s";
  if (seconds < 100) return `${Math.floor(seconds)} s`;
  if (seconds < 100 * 60) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  const days = seconds / 86400;
  if (days < 60) return `${Math.floor(days)} d`;
  if (days < 730) return `${Math.floor(days / 30)} mo`;
  return `${Math.floor(days / 365)} y`;
}

function tick() {
  if (document.hidden) return;
  for (const t of document.querySelectorAll("time[data-ago], time[data-age]")) {
    const seconds = (Date.now() - Date.parse(t.dateTime)) / 1000;
    const age = span(Math.max(0, seconds));
    const text = "age" in t.dataset ? age : seconds < 1 ? "just now" : `${age} ago`;
    if (t.textContent !== text) t.textContent = text;
  }
}

export function startClock() {
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
}
