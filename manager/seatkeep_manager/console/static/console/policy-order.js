/* The order of a group's policies by dragging; the buttons beside each do the same with the keyboard. */

let dragged = null;

const item = (target) => target.closest?.("[data-assignment]");

document.addEventListener("dragstart", (event) => {
  dragged = item(event.target);
  dragged?.classList.add("is-dragged");
});

document.addEventListener("dragover", (event) => {
  const over = item(event.target);
  if (!dragged || !over || over.parentElement !== dragged.parentElement) return;
  event.preventDefault();
  for (const other of over.parentElement.children) other.classList.toggle("is-over", other === over && other !== dragged);
});

document.addEventListener("drop", (event) => {
  const over = item(event.target);
  if (!dragged || !over || over === dragged) return;
  event.preventDefault();
  const list = over.parentElement;
  const isDown = [...list.children].indexOf(dragged) < [...list.children].indexOf(over);
  over.insertAdjacentElement(isDown ? "afterend" : "beforebegin", dragged);
  const assignment = [...list.children].map((one) => one.dataset.assignment);
  window.htmx.ajax("POST", list.dataset.policyOrder, { target: "#group-levels", swap: "outerHTML", values: { assignment } });
});

document.addEventListener("dragend", () => {
  dragged?.classList.remove("is-dragged");
  dragged = null;
});
