// Upgrading many: each row fetches its plan by itself. Says how many have theirs, and offers to ask again for one
// that got no answer.

export function startUpgrade() {
  const list = document.getElementById("upgrades");
  const said = document.getElementById("planned");
  if (!list || !said) return;
  const row = ({ detail: { ctx } }) => ctx.sourceElement.closest("#upgrades > li");
  const count = () => {
    const all = list.children.length;
    const done = list.querySelectorAll("[data-planned]").length;
    said.textContent = done < all ? `${done} of ${all} are planned.` : "All are planned.";
    if (done === all) document.getElementById("planned-all").textContent = "All are planned.";
  };
  const failed = (event) => {
    const at = row(event);
    const state = at?.querySelector("[data-state]");
    if (!state) return;
    state.textContent = "no plan: the portal did not answer";
    state.className = "st st-unknown";
    at.querySelector("[data-again]").hidden = false;
  };
  document.addEventListener("htmx:after:swap", count);
  document.addEventListener("htmx:response:error", failed);
  document.addEventListener("htmx:error", failed);
  count();
}
