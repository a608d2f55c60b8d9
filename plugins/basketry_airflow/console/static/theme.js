// Light or dark as Airflow around us, else as the system: set before anything is drawn, and again when it changes.
"use strict";
(() => {
  const page = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  let around = null;
  try {
    around = window.parent !== window ? window.parent.document.documentElement : null;
  } catch { /* another origin frames us: it does not matter what it looks like */ }
  const theme = () => {
    if (around && around.classList.contains("dark")) return "dark";
    if (around && around.classList.contains("light")) return "light";
    return system.matches ? "dark" : "light";
  };
  const set = () => { page.dataset.theme = theme(); };
  set();
  system.addEventListener("change", set);
  if (around) new MutationObserver(set).observe(around, { attributes: true, attributeFilter: ["class"] });
})();
