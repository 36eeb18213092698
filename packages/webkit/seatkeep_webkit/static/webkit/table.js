// The table: selection of rows, of the page, of everything that matches; chips that empty their checkbox.
const words = JSON.parse(document.body.dataset.words || "{}");

function update(form) {
  const boxes = [...form.querySelectorAll("input[name=selected]")];
  const chosen = boxes.filter((box) => box.checked);
  const all = form.querySelector("[data-all-matching]");
  const bar = form.querySelector("[data-bulk]");
  if (!bar) return;
  if (chosen.length < boxes.length) all.value = "";
  for (const box of boxes) box.closest("tr").classList.toggle("is-selected", box.checked);
  bar.hidden = chosen.length === 0;
  const everything = form.querySelector("[data-bulk-all]");
  const count = all.value && everything ? everything.textContent : words.selected.replace("%(count)s", chosen.length);
  bar.querySelector("[data-bulk-count]").textContent = count;
  if (everything) everything.hidden = Boolean(all.value) || chosen.length < boxes.length;
  const page = form.querySelector("[data-check-page]");
  page.checked = chosen.length === boxes.length;
  page.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
}

let last = null;

document.addEventListener("click", (event) => {
  const box = event.target;
  if (!box.matches?.("input[name=selected]")) return;
  const form = box.closest("form");
  const boxes = [...form.querySelectorAll("input[name=selected]")];
  if (event.shiftKey && last && boxes.includes(last)) {
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
    boxes.slice(from, to + 1).forEach((one) => { one.checked = box.checked; });
  }
  last = box;
  update(form);
});

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-check-page]")) return;
  const form = event.target.closest("form");
  form.querySelectorAll("input[name=selected]").forEach((box) => { box.checked = event.target.checked; });
  update(form);
});

document.addEventListener("click", (event) => {
  const everything = event.target.closest("[data-bulk-all]");
  const none = event.target.closest("[data-bulk-none]");
  const form = (everything || none)?.closest("form");
  if (!form) return;
  form.querySelector("[data-all-matching]").value = everything ? "1" : "";
  if (none) form.querySelectorAll("input[name=selected]").forEach((box) => { box.checked = false; });
  update(form);
});

document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-chip-name], [data-chip-clear]");
  const bar = chip?.closest(".tbl")?.querySelector(".tbl-bar");
  if (!bar || !window.htmx) return;
  event.preventDefault();
  for (const box of bar.querySelectorAll("input[type=checkbox]")) {
    if (!chip.dataset.chipName || (box.name === chip.dataset.chipName && box.value === chip.dataset.chipValue)) box.checked = false;
  }
  const search = bar.querySelector("input[type=search]");
  if (!chip.dataset.chipName && search) search.value = "";
  htmx.trigger(bar, "submit");
});

// Coming back to a page, browsers restore ticked boxes without an event.
window.addEventListener("pageshow", () => document.querySelectorAll(".tbl-form").forEach(update));
