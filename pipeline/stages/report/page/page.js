// Page: fill in charts, tables and viewers; those in view first, the others when there is time.

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

/** Functions that draw the parts of each section. */
const waiting = new Map();

const filled = new Map();

/** Draw the parts of a section, once. */
function fill(section) {
  if (!filled.has(section)) {
    filled.set(section, (async () => {
      for (const part of waiting.get(section)) await part();
    })());
  }
  return filled.get(section);
}

for (const [name, data] of Object.entries(values)) {
  const article = document.querySelector(`article[data-dataset="${CSS.escape(name)}"]`);
  const add = (id, ...parts) => {
    const section = article.querySelector(`#${CSS.escape(`${name}-${id}`)}`);
    waiting.set(section, parts.map((part) => () => part(section, data, name)));
  };
  add("videos", drawViewer);
  add("curves", drawCurves);
  add("heat", drawHeat);
  add("measures", drawMeasures, drawScatter);
  add("calibration", drawCalibration);
  add("pairs", drawPairs);
  add("classes", drawClasses);
  add("classmap", drawClassmap);
  add("flips", drawFlips);
}

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) fill(target);
}, { rootMargin: "50%" });
for (const section of waiting.keys()) seen.observe(section);
document.documentElement.dataset.ready = "yes";

const idle = () => new Promise((done) => (window.requestIdleCallback ?? setTimeout)(done));
async function fillAll() {
  for (const section of waiting.keys()) {
    await idle();
    await fill(section);
  }
  document.documentElement.dataset.drawn = "yes";
}
fillAll();
