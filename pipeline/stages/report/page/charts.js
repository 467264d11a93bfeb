// Charts: Vega-Lite in the colours of the theme.

const SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left"];
const COLOURS = {
  light: ["#1d5fc4", "#c2410c", "#0f766e", "#a21caf", "#4d7c0f", "#b3261e", "#6d28d9", "#7a5200"],
  dark: ["#86b6ff", "#ffa066", "#4fd1c5", "#f09cf5", "#b5e14f", "#ff9d94", "#bba6ff", "#e6c14f"],
};

const DASHES = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2]];

/** Return the style of a model's line: colour, shape and, from the ninth model on, dashes. */
function styleOf(index) {
  const round = Math.floor(index / 8);
  return { colour: colours()[index % 8], shape: (index + 3 * round) % 8, dash: DASHES[round % DASHES.length] };
}

/** Return the encodings that give every model its style; a saved chart has a legend of them. */
function modelStyles(models, saved = false) {
  const styles = models.map((_, index) => styleOf(index));
  const legend = saved ? { title: null, orient: "bottom", columns: 2, symbolOpacity: 1, symbolSize: 70, symbolStrokeWidth: 2, labelLimit: 300 } : null;
  const by = (range) => ({ field: "model", type: "nominal", legend, scale: { domain: models, range } });
  return {
    colour: by(styles.map((one) => one.colour)),
    shape: by(styles.map((one) => SHAPES[one.shape])),
    dash: by(styles.map((one) => one.dash)),
  };
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

const colours = () => COLOURS[isDark() ? "dark" : "light"];
const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function config() {
  const text = { labelColor: ink("--muted"), titleColor: ink("--muted"), labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal" };
  return {
    background: null,
    font: "system-ui, 'Liberation Sans', Arial, sans-serif",
    view: { stroke: null },
    axis: { ...text, gridColor: ink("--line"), domainColor: ink("--muted"), tickColor: ink("--muted") },
    legend: text,
    text: { color: ink("--ink") },
  };
}

/** Create the legend symbol of a model: its colour, dashes and shape in the charts. */
function sign(index) {
  const paths = [
    "M12 7a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", "M12.5 3.5h7v7h-7z", "M16 2.5l4.5 8h-9z", "M16 2l4.5 5l-4.5 5l-4.5 -5z",
    "M14.5 2.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z", "M16 11.5l4.5 -8h-9z", "M12 2.5l8 4.5l-8 4.5z", "M20 2.5l-8 4.5l8 4.5z",
  ];
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("width", "32");
  svg.setAttribute("height", "14");
  svg.setAttribute("aria-hidden", "true");
  const style = styleOf(index);
  for (const shape of ["M0 7h32", paths[style.shape]]) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", shape);
    path.setAttribute("stroke", style.colour);
    path.setAttribute("fill", style.colour);
    path.setAttribute("stroke-width", "2");
    if (shape === "M0 7h32" && index >= 8) path.setAttribute("stroke-dasharray", style.dash.join(" "));
    svg.append(path);
  }
  return svg;
}
