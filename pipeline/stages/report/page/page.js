// Page: fill in charts, tables and viewers.

const values = JSON.parse(document.getElementById("values").textContent);

for (const table of document.querySelectorAll("table[data-sortable]")) makeSortable(table);
for (const table of document.querySelectorAll(".scroll > table")) table.parentElement.after(copyButton(table));
for (const box of document.querySelectorAll(".copyable")) {
  box.after(copier("Copy", () => box.querySelector("pre").textContent));
}

const theme = document.getElementById("theme");
async function showTheme() {
  await redrawAll();
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
  const article = document.querySelector(`article[data-dataset="${CSS.escape(name)}"]`);
  const part = (id) => article.querySelector(`#${CSS.escape(`${name}-${id}`)}`);
  drawViewer(part("videos"), data, name);
  await drawCurves(part("curves"), data, name);
  await drawHeat(part("heat"), data, name);
  await drawPairs(part("pairs"), data, name);
  await drawClasses(part("classes"), data, name);
  await drawClassmap(part("classmap"), data, name);
  drawMeasures(part("measures"), data, name);
  await drawScatter(part("measures"), data, name);
  await drawCalibration(part("calibration"), data, name);
  drawFlips(part("flips"), data, name);
}
document.documentElement.dataset.ready = "yes";
