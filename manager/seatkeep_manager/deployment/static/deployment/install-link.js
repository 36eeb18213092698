// The key stands in the fragment and never leaves this browser; the page builds the command from it.
"use strict";

const page = document.querySelector("[data-install-link]");
const part = (name) => page.querySelector(`[data-${name}]`);
const key = decodeURIComponent(location.hash.slice(1));

if (/^[A-Za-z0-9_.-]{8,200}$/.test(key)) {
  const command = `curl -fsS ${page.dataset.console}/install/linux.sh | SEATKEEP_KEY=${key} sh`;
  part("command").textContent = command;
  for (const name of ["command", "actions", "hint"]) part(name).hidden = false;
  part("copy-command").addEventListener("click", async () => {
    await navigator.clipboard.writeText(command);
    part("copied").hidden = false;
  });
} else {
  part("missing").hidden = false;
}
