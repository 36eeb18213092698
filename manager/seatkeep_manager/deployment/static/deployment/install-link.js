// The key stands in the fragment and never leaves this browser; the page builds the commands from it.
"use strict";

const page = document.querySelector("[data-install-link]");
const part = (name) => page.querySelector(`[data-${name}]`);
const key = decodeURIComponent(location.hash.slice(1));
const address = page.dataset.console;
const commands = {
  windows: `$env:SEATKEEP_KEY='${key}'; [Net.ServicePointManager]::SecurityProtocol=3072; irm '${address}/install/windows.ps1' | iex`,
  linux: `curl -fsS ${address}/install/linux.sh | SEATKEEP_KEY=${key} sh`,
};

function show(system) {
  for (const name of Object.keys(commands)) {
    part(`for-${name}`).hidden = name !== system;
    part(`choose-${name}`).setAttribute("aria-pressed", String(name === system));
    part(`choose-${name}`).classList.toggle("active", name === system);
  }
  part("command").textContent = commands[system];
  part("copied").hidden = true;
}

if (/^[A-Za-z0-9_.-]{8,200}$/.test(key)) {
  for (const name of Object.keys(commands)) part(`choose-${name}`).addEventListener("click", () => show(name));
  show(/linux|x11/i.test(navigator.userAgent) ? "linux" : "windows");
  for (const name of ["systems", "command", "actions"]) part(name).hidden = false;
  part("copy-command").addEventListener("click", async () => {
    await navigator.clipboard.writeText(part("command").textContent);
    part("copied").hidden = false;
  });
} else {
  part("missing").hidden = false;
}
