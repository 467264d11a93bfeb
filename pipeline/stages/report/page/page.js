// Page: fill in charts, tables and viewers; what is near the view first, the rest when there is time.

const values = JSON.parse(document.getElementById("values").textContent);

for (const table of document.querySelectorAll("table[data-sortable]")) makeSortable(table);
for (const table of document.querySelectorAll(".scroll > table")) table.parentElement.after(copyButton(table));
for (const box of document.querySelectorAll(".copyable")) {
  box.after(copier("Copy", () => box.querySelector("pre").textContent));
}
for (const button of document.querySelectorAll("[data-more]")) {
  button.addEventListener("click", () => {
    const all = document.getElementById(button.dataset.more).classList.toggle("all");
    button.setAttribute("aria-pressed", String(all));
  });
}

const theme = document.getElementById("theme");
function showTheme() {
  redrawAll();
  for (const label of document.querySelectorAll("[data-sign]")) {
    label.querySelector("svg").replaceWith(sign(Number(label.dataset.sign)));
  }
}
theme.addEventListener("change", () => {
  document.documentElement.dataset.theme = theme.value;
  showTheme();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);

for (const [name, data] of Object.entries(values)) {
  const fill = (id, ...parts) => {
    const section = document.getElementById(`${name}-${id}`);
    whenNear(section, () => parts.forEach((part) => part(section, data, name)));
  };
  fill("videos", drawViewer);
  fill("curves", drawCurves);
  fill("heat", drawHeat);
  fill("measures", drawMeasures, drawScatter);
  fill("calibration", drawCalibration);
  fill("pairs", drawPairs);
  fill("classes", drawClasses);
  fill("classmap", drawClassmap);
  fill("flips", drawFlips);
}
window.addEventListener("beforeprint", finishBeforePrint);
document.documentElement.dataset.ready = "yes";
