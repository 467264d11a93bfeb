// Metrics beyond accuracy: tables by group, differences, and effective robustness.

const UNITS = { "%": "%", points: "points", nats: "nats", severity: "", "": "" };

/** Format a metric: two decimals for scores, one for percent. */
function formatMeasure(value, unit) {
  if (value == null) return "–";
  if (typeof value === "string") return value;
  return value.toFixed(unit === "%" || unit === "points" ? 1 : 2);
}

/** Format [value, low, high] with its interval in small print. */
function withInterval(cell, unit) {
  if (!cell) return "not available";
  const [value, low, high] = cell.map((one) => formatMeasure(one, unit));
  if (low === "–") return value;
  return make("span", {}, `${value} `, make("small", {}, `(${low} to ${high})`));
}

function drawMeasures(section, data, name) {
  const place = make("div");
  const groups = [...new Set(data.measures.map((one) => one.group))];
  const show = (group) => {
    const chosen = data.measures.map((one, index) => [one, index]).filter(([one]) => one.group === group);
    const columns = chosen.map(([one, index]) => {
      const arrow = { higher: " ↑", lower: " ↓", "": "" }[one.better];
      return [`${one.title}${UNITS[one.unit] && `, ${UNITS[one.unit]}`}${arrow}`, (model) => sortable(data.measured[model][index]), { number: true, text: (value, model) => withInterval(data.measured[model][index], one.unit) }];
    });
    place.replaceChildren(buildTable(`Metrics on ${name}: ${group}; values with 95 % intervals, ↑ higher is better, ↓ lower is better`, [["model", (model) => model], ...columns], Object.keys(data.measured), { sortable: true }));
  };
  const { element, select } = chooser("metrics", groups.map((group) => [group, group]), show);
  section.querySelector(".measures").append(make("div", { class: "controls" }, element), place);
  show(select.value);
  const halves = data.corruptions.map((corruption, c) => [corruption, c]);
  section.querySelector(".behind").append(behind("Half severity by corruption", () => buildTable(`Half severity on ${name}: interpolated severity at which half of the clean accuracy is left`, [
    ["corruption", ([corruption]) => corruption],
    ...Object.entries(data.half_severities).map(([model, values]) => [model, ([, c]) => sortable([values[c]]), { number: true, text: (value, [, c]) => formatMeasure(values[c], "") }]),
  ], halves, { sortable: true })));
}

/** Return a number to sort by; "not reached" is beyond all severities. */
function sortable(cell) {
  if (!cell) return null;
  return typeof cell[0] === "string" ? 1e9 : cell[0];
}

/** Build the table of differences of two models in all metrics. */
function measureDifferences(data, first, second, name) {
  const models = Object.keys(data.measured);
  const [a, b] = [models.indexOf(first), models.indexOf(second)];
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  const number = low * models.length - (low * (low + 1)) / 2 + (high - low - 1);
  const flip = a > b;
  const rows = data.measures.map((one, index) => {
    const cell = data.measured_differences[number][index];
    const turned = cell && flip ? [cell[0], cell[2], cell[1]].map((value) => (typeof value === "number" ? -value : value)) : cell;
    return { ...one, cell: turned };
  });
  const verdict = ({ cell }) => (!cell || typeof cell[1] !== "number" || typeof cell[2] !== "number" ? "–" : cell[1] > 0 || cell[2] < 0 ? "excludes 0" : "includes 0");
  return buildTable(`${first} minus ${second} on ${name}: metrics beyond accuracy`, [
    ["metric", (row) => row.title], ["unit", (row) => row.unit || "–"],
    ["difference", (row) => sortable(row.cell), { number: true, text: (value, row) => withInterval(row.cell, row.unit) }],
    ["interval", verdict], ["better is", (row) => row.better || "–"],
  ], rows, { sortable: true });
}

function scatterSpec(scatter, models, description) {
  const points = scatter.points.map((point) => ({ ...point, label: `${point.model}: clean ${fixed(point.clean)}, mPC ${fixed(point.mpc)}` }));
  const line = scatter.line.map(([clean, mpc]) => ({ clean, mpc }));
  const domain = (key) => {
    const values = [...points, ...line].map((point) => point[key]);
    return [Math.max(0, Math.min(...values) - 4), Math.min(100, Math.max(...values) + 4)];
  };
  const x = { field: "clean", type: "quantitative", scale: { domain: domain("clean"), nice: false }, axis: { title: "clean top-1 (%)" } };
  const y = { field: "mpc", type: "quantitative", scale: { domain: domain("mpc"), nice: false }, axis: { title: "mPC (%)" } };
  const styles = modelStyles(models);
  const colour = { ...styles.colour, condition: { test: "datum.external", value: ink("--muted") } };
  const { shape } = styles;
  return {
    description, width: "container", height: 340, autosize: { type: "fit-x", contains: "padding" },
    layer: [
      { data: { values: line }, mark: { type: "line", strokeDash: [6, 4], color: ink("--muted"), aria: false }, encoding: { x, y } },
      { data: { values: points }, mark: { type: "point", filled: true, size: 110, opacity: 1 }, encoding: { x, y, color: colour, shape, description: { field: "label" }, tooltip: [{ field: "model" }, { field: "clean", format: ".1f" }, { field: "mpc", format: ".1f", title: "mPC" }] } },
      ...[{ stroke: ink("--card"), strokeWidth: 3 }, {}].map((halo) => ({ data: { values: points }, mark: { type: "text", align: "left", dx: 9, dy: -7, fontSize: 11, aria: false, limit: 150, ...halo }, encoding: { x, y, text: { field: "model" } } })),
    ],
  };
}

function drawScatter(section, data, name) {
  const models = Object.keys(data.models);
  const { scatter } = data;
  const { plot, element } = figure("Clean accuracy and mPC", scatter.line.length ? "dashed: least-squares line on logit scale" : "the line needs three models");
  section.querySelector(".scatter").append(element);
  draw(plot, () => scatterSpec(scatter, models, `Clean top-1 accuracy and mPC of ${scatter.points.length} models on ${name}; the numbers are in the table below`));
  const effective = data.measures.findIndex((one) => one.name === "effective_robustness");
  element.append(behind("Table behind this chart", () => buildTable(`Clean accuracy, mPC and effective robustness on ${name}`, [
    ["model", (point) => point.model],
    ["clean top-1", (point) => point.clean, { number: true }], ["mPC", (point) => point.mpc, { number: true }],
    ["effective robustness, points", (point) => sortable(data.measured[point.model]?.[effective]), { number: true, text: (value, point) => (effective < 0 || point.external ? "not available" : withInterval(data.measured[point.model][effective], "points")) }],
    ["source", (point) => (point.external ? "external" : "this run")],
  ], scatter.points, { sortable: true })));
}
