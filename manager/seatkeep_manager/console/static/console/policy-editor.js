/* The policy editor: search within the settings, only what the policy sets, and how many each section sets. */

const form = document.querySelector("[data-policy-editor]");
const tools = form?.querySelector("[data-policy-tools]");
const search = form?.querySelector("[data-policy-search]");
const only = form?.querySelector("[data-policy-only]");
const settings = [...(form?.querySelectorAll("[data-policy-setting]") ?? [])];

const isSet = (setting) => setting.querySelector(".policy-flag").value !== "NOT_APPLY";

function narrow() {
  const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  for (const setting of settings) {
    const matches = words.every((word) => setting.dataset.words.includes(word));
    setting.hidden = !matches || (only.checked && !isSet(setting) && !setting.classList.contains("has-error"));
  }
  for (const section of form.querySelectorAll("[data-policy-section]")) {
    section.hidden = !section.querySelector("[data-policy-setting]:not([hidden])");
  }
  const shown = settings.filter((setting) => !setting.hidden).length;
  form.querySelector("[data-policy-none]").hidden = shown > 0;
  form.querySelector("[data-policy-count]").textContent = shown === settings.length ? "" : `${shown} / ${settings.length}`;
}

function count() {
  for (const badge of form.querySelectorAll("[data-section-count]")) {
    const inside = [...document.getElementById(badge.dataset.sectionCount).querySelectorAll("[data-policy-setting]")];
    const number = inside.filter(isSet).length;
    badge.textContent = number;
    badge.hidden = number === 0;
  }
}

if (form) {
  tools.hidden = false;
  search.addEventListener("input", narrow);
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  only.addEventListener("change", narrow);
  form.addEventListener("input", (event) => {
    const setting = event.target.closest("[data-policy-setting]");
    const flag = setting?.querySelector(".policy-flag");
    if (flag && event.target !== flag && flag.value === "NOT_APPLY") flag.value = "APPLY"; /* Who types a value means it. */
    count();
  });
}
