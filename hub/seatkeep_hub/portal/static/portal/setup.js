// The wizard's time zone begins with the browser's own; what was chosen before stays.
const select = document.querySelector("select[data-browser-zone]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (select && [...select.options].some((option) => option.value === zone)) select.value = zone;
