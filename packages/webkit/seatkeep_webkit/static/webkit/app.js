// The shell: menus, drawer, dialogs, search key, copy, theme, messages. Every action also works as a plain page.
const words = JSON.parse(document.body.dataset.words || "{}");
const drawer = document.getElementById("drawer");
const dialog = document.getElementById("dialog");
const keys = document.getElementById("keys");

const announce = (text) => {
  const region = document.getElementById("announcer");
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = text; });
};

function toast(text, level = "error") {
  const line = document.createElement("div");
  line.className = `toast-line toast-${level}`;
  line.append(text);
  document.getElementById("toasts").append(line);
  setTimeout(() => line.remove(), 8000);
}

// Navigation on narrow screens

const side = document.getElementById("side");
const shade = document.querySelector(".side-shade");

function setSide(isOpen) {
  side?.classList.toggle("is-open", isOpen);
  if (shade) shade.hidden = !isOpen;
  (isOpen ? side?.querySelector("a, button") : document.querySelector("[data-side-open]"))?.focus();
}

if (matchMedia("(max-width: 61.99rem)").matches) {
  document.querySelectorAll(".tree-fold").forEach((fold) => { fold.open = false; });
}

// What scrolls can be reached and scrolled by key

function markScrollers() {
  for (const one of document.querySelectorAll(".table-responsive")) {
    const scrolls = one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight;
    if (scrolls) one.tabIndex = 0; else one.removeAttribute("tabindex");
  }
}

markScrollers();
addEventListener("resize", markScrollers);
document.addEventListener("htmx:afterSettle", markScrollers);

// Drawer

let drawerOrigin = null;

function openDrawer(link) {
  const isInside = drawer.contains(link);
  if (!isInside) {
    drawerOrigin = link;
    document.querySelectorAll(".is-open:is(tr, li)").forEach((row) => row.classList.remove("is-open"));
    link.closest("tr, .rows > li")?.classList.add("is-open");
  }
  drawer.hidden = false;
  if (!isInside) document.getElementById("drawer-body").replaceChildren(document.getElementById("drawer-loading").content.cloneNode(true));
  htmx.ajax("GET", link.href, { target: "#drawer-body", swap: "innerHTML" });
}

function closeDrawer() {
  if (!drawer || drawer.hidden) return;
  drawer.hidden = true;
  document.querySelectorAll(".is-open:is(tr, li)").forEach((row) => row.classList.remove("is-open"));
  const origin = drawerOrigin?.isConnected ? drawerOrigin : document.getElementById(drawerOrigin?.id);
  origin?.focus();
}

// Dialog

let announced = document.querySelector("[data-announce]")?.textContent.trim() ?? "";

function openDialog(link) {
  htmx.ajax("GET", link.href, { target: "#dialog-body", swap: "innerHTML" });
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "dialog-body" && !dialog.open) dialog.showModal();
  if (event.target.id === "drawer-body") (drawer.querySelector(".tabs [aria-current]") ?? drawer.querySelector("[data-drawer-close]"))?.focus();
  // What is polled says something only when it changed.
  event.target.querySelectorAll?.("[data-announce]").forEach((part) => {
    const text = part.textContent.trim();
    if (text !== announced) announce(announced = text);
  });
});

// Clicks

const isPlain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button);

const clicks = [
  ["[data-drawer-close]", () => closeDrawer()],
  ["[data-dialog-close]", (item, event) => { if (dialog?.open) { event.preventDefault(); dialog.close(); } }],
  ["[data-keys]", () => keys.showModal()],
  ["[data-keys-close]", () => keys.close()],
  ["[data-side-open]", () => setSide(true)],
  ["[data-side-close]", () => setSide(false)],
  ["[data-toast-close]", (item) => item.parentElement.remove()],
  ["[data-copy]", copy],
  ["a[data-dialog]", (item, event) => { if (isPlain(event) && window.htmx) { event.preventDefault(); openDialog(item); } }],
  ["a[data-drawer]", (item, event) => { if (isPlain(event) && window.htmx) { event.preventDefault(); openDrawer(item); } }],
];

document.addEventListener("click", (event) => {
  for (const [selector, act] of clicks) {
    const item = event.target.closest(selector);
    if (item) return act(item, event);
  }
  const row = event.target.closest(".tbl-table tbody tr");
  if (row && !event.target.closest("a, button, input, label, summary, .tbl-check") && !getSelection().toString()) {
    row.querySelector("a.row-link")?.click();
  }
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const results = document.getElementById("search-results");
  if (results && !event.target.closest(".top-search")) results.replaceChildren();
});

async function copy(button) {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without https the clipboard is closed to scripts: select the text, so that one key press copies it.
    const code = button.parentElement.querySelector("code");
    if (code) getSelection().selectAllChildren(code);
    if (!document.execCommand("copy")) return;
  }
  const label = button.querySelector("span");
  const before = label?.textContent;
  if (label) { label.textContent = words.copied; setTimeout(() => { label.textContent = before; }, 2000); }
  announce(words.copied);
}

// Keys

const isTyping = (target) => target.matches("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && isPlain(event) && !isTyping(event.target)) {
    const field = document.querySelector("[data-search-key]");
    if (field) { event.preventDefault(); field.focus(); field.select(); }
  }
  if (isPlain(event) && !isTyping(event.target) && !dialog?.open && !keys?.open) rowKey(event);
  if (event.key === "?" && !isTyping(event.target) && keys && !dialog.open) { event.preventDefault(); keys.showModal(); }
  if (event.key === "Escape" && !dialog?.open && !keys?.open) {
    const menu = document.querySelector("details[data-menu][open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); } else closeDrawer();
  }
  if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.closest(".top-search")) moveHit(event);
});

const ROW_LINKS = ".page-main :is(.tbl-table .row-link, .rows a[data-drawer])";

function rowKey(event) {
  const isOnRow = event.target.matches(ROW_LINKS);
  if (event.key === "j" || (event.key === "ArrowDown" && isOnRow)) moveRow(event, 1);
  else if (event.key === "k" || (event.key === "ArrowUp" && isOnRow)) moveRow(event, -1);
  else if (event.key === "x" && isOnRow) event.target.closest("tr")?.querySelector("input[name=selected]")?.click();
}

// Go down or up the rows; an open drawer follows.
function moveRow(event, step) {
  const links = [...document.querySelectorAll(ROW_LINKS)].filter((one) => one.offsetParent);
  if (!links.length) return;
  event.preventDefault();
  const open = !drawer.hidden && drawerOrigin;
  const at = links.indexOf(open || document.activeElement) + step;
  const next = links[Math.max(0, Math.min(at, links.length - 1))];
  next.scrollIntoView({ block: "nearest" });
  if (open && next.matches("[data-drawer]")) openDrawer(next); else next.focus();
}

function moveHit(event) {
  const links = [...document.querySelectorAll("#search-results a")];
  if (!links.length) return;
  event.preventDefault();
  const at = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  (links[at] ?? (at < 0 ? document.getElementById("global-search") : links[0])).focus();
}

// Forms: sent once, theme changed in place

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-theme-form]")) {
    event.preventDefault();
    const theme = event.submitter.value;
    document.dispatchEvent(new CustomEvent("choosetheme", { detail: theme }));
    form.querySelectorAll("button").forEach((one) => one.setAttribute("aria-pressed", String(one.value === theme)));
    const body = new FormData(form);
    body.set("theme", theme);
    fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
  } else if (form.matches("[data-once]:not([hx-post])")) {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
    setTimeout(() => { delete form.dataset.sent; }, 10000);
  }
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.target.closest?.("form[data-once]");
  form?.querySelectorAll("button[type=submit]").forEach((one) => { one.disabled = true; });
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form[data-once]");
  form?.querySelectorAll("button[type=submit]").forEach((one) => { one.disabled = false; });
});

// A field that matters for some choices only: data-shown-when="mode=FIXED" (or "mode=A|B") on its input

function showFitting(form) {
  for (const input of form.querySelectorAll("[data-shown-when]")) {
    const [name, value] = input.dataset.shownWhen.split("=");
    input.closest(".field").hidden = !value.split("|").includes(new FormData(form).get(name));
  }
}

const showAllFitting = () => document.querySelectorAll("form:has([data-shown-when])").forEach(showFitting);
showAllFitting();
document.addEventListener("htmx:afterSettle", showAllFitting);
document.addEventListener("change", (event) => { if (event.target.form) showFitting(event.target.form); });

// Errors are said, never swallowed

document.addEventListener("htmx:responseError", (event) => {
  let detail = "";
  try { detail = JSON.parse(event.detail.xhr.responseText).detail; } catch { /* not a problem document */ }
  toast(detail || words.failed);
  if (drawer && !drawer.hidden && event.detail.target?.id === "drawer-body") closeDrawer();
});
document.addEventListener("htmx:sendError", () => toast(words.offline));

document.querySelectorAll("[data-toast]").forEach((line) => {
  if (!line.matches(".toast-error, .toast-warning")) setTimeout(() => line.remove(), 6000);
});
