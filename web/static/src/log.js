// The log: begins at its end, stays there while lines come unless somebody has scrolled up, and keeps no
// more lines than a page can bear.

export function startLog() {
  const log = document.querySelector("[data-log]");
  if (!log) return;
  const end = () => { log.scrollTop = log.scrollHeight; };
  let atEnd = true;
  end();
  log.addEventListener("scroll", () => { atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24; }, { passive: true });
  new MutationObserver(() => {
    const most = Number(log.dataset.most) * (atEnd ? 1 : 5); // whoever reads further up is let read
    const above = log.children.length - most;
    if (above > 0) for (const line of [...log.children].slice(0, above)) line.remove();
    if (atEnd) end();
  }).observe(log, { childList: true });
}
