// Charts of one dataset: curves, heat maps, pairs of models, classes.

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Return one row per model, corruption and severity; "mean" is over corruptions. */
function curveRows(data) {
  const rows = [];
  for (const [model, one] of Object.entries(data.models)) {
    const add = (corruption, severity, top1, interval = [null, null]) => {
      const near = (interval[0] ?? top1) <= data.chance;
      rows.push({ model, corruption, severity, top1, low: interval[0], high: interval[1], near, label: `${model}, severity ${severity}: ${fixed(top1)} %${near ? ", near chance" : ""}` });
    };
    data.corruptions.forEach((corruption, c) => {
      add(corruption, 0, one.clean, one.clean_ci95);
      data.severities.forEach((severity, s) => add(corruption, severity, one.cells[c][s], one.cells_ci95[c][s]));
    });
    add("mean", 0, one.clean, one.clean_ci95);
    data.severities.forEach((severity, s) => add("mean", severity, mean(one.cells.map((cells) => cells[s]))));
  }
  return rows;
}

function curveSpec(rows, models, chance, description, saved) {
  const { colour, shape, dash } = modelStyles(models, saved);
  const fill = { ...colour, condition: { test: "datum.near", value: ink("--card") } };
  const percent = { type: "quantitative", scale: { domain: [0, 100] }, axis: { title: saved ? "top-1 accuracy (%)" : null, values: [0, 25, 50, 75, 100], tickSize: 0, labelPadding: 9, domain: false } };
  return {
    description, width: "container", height: saved ? 260 : 150, data: { values: rows },
    autosize: { type: "fit-x", contains: "padding" },
    encoding: { x: { field: "severity", type: "quantitative", scale: { domain: [0, 5], nice: false }, axis: { title: saved ? "severity" : null, values: [0, 1, 2, 3, 4, 5], grid: false, format: "d" } }, color: colour },
    layer: [
      { mark: { type: "area", opacity: 0.14, aria: false }, encoding: { y: { ...percent, field: "low" }, y2: { field: "high" } } },
      { data: { values: [{ chance }] }, mark: { type: "rule", strokeDash: [1, 3], strokeWidth: 1.5, color: ink("--muted"), aria: false }, encoding: { x: null, color: null, y: { ...percent, field: "chance" } } },
      { mark: { type: "line", strokeWidth: 2, aria: false }, encoding: { y: { ...percent, field: "top1" }, strokeDash: dash } },
      {
        mark: { type: "point", size: 48, opacity: 1, strokeWidth: 1.5 },
        encoding: { y: { ...percent, field: "top1" }, shape, fill, description: { field: "label" }, tooltip: [{ field: "model" }, { field: "severity" }, { field: "top1", format: ".1f", title: "top-1" }, { field: "low", format: ".1f" }, { field: "high", format: ".1f" }] },
      },
    ],
  };
}

function drawCurves(section, data, name) {
  const models = Object.keys(data.models);
  const rows = curveRows(data);
  const shown = new Set(models);
  const group = make("fieldset", { class: "legend" }, make("legend", { class: "hidden" }, "Models that are drawn"));
  const plots = [];
  models.forEach((model, index) => {
    const box = make("input", { type: "checkbox", checked: true });
    box.addEventListener("change", () => {
      shown[box.checked ? "add" : "delete"](model);
      for (const plot of plots) redraw(plot);
    });
    group.append(make("label", { "data-sign": index }, box, sign(index), breakable(model)));
  });
  section.querySelector(".legend").replaceWith(group);
  for (const corruption of ["mean", ...data.corruptions]) {
    const title = corruption === "mean" ? "mean of all corruptions" : words(corruption);
    const { plot, element } = figure(title, data.families[corruption] ?? "");
    section.querySelector(".charts").append(element);
    plots.push(plot);
    const mine = rows.filter((row) => row.corruption === corruption);
    draw(plot, (saved) => curveSpec(mine.filter((row) => shown.has(row.model)), models, data.chance, `Top-1 accuracy over severity, ${title}, on ${name}; the numbers are in the table below the charts`, saved));
  }
  const number = { number: true };
  section.querySelector(".behind").append(behind("Table behind these curves", () => buildTable(`Top-1 accuracy over severity on ${name}`, [
    ["corruption", (row) => row.corruption], ["model", (row) => row.model],
    ["severity", (row) => row.severity, { number: true, text: (value) => String(value) }],
    ["top-1", (row) => row.top1, number], ["low", (row) => row.low, number], ["high", (row) => row.high, number],
  ], rows, { sortable: true })));
}

function heatSpec(rows, columns, description) {
  const place = {
    x: { field: "severity", type: "ordinal", sort: columns, axis: { title: "severity", labelAngle: 0, orient: "top", domain: false, ticks: false } },
    y: { field: "corruption", type: "nominal", sort: null, axis: { title: null, domain: false, ticks: false, labelFontSize: 12, labelColor: ink("--ink"), labelLimit: 130 } },
  };
  return {
    description, width: "container", height: 26 * new Set(rows.map((row) => row.corruption)).size, data: { values: rows },
    autosize: { type: "fit-x", contains: "padding" },
    encoding: place,
    layer: [
      { mark: { type: "rect", stroke: ink("--card"), strokeWidth: 2, cornerRadius: 3 }, encoding: { color: { field: "top1", type: "quantitative", legend: null, scale: { domain: [0, 100], scheme: "viridis" } }, tooltip: [{ field: "corruption" }, { field: "severity" }, { field: "top1", format: ".1f", title: "top-1" }] } },
      { mark: { type: "text", fontSize: 12, aria: false }, encoding: { text: { field: "top1", type: "quantitative", format: ".0f" }, color: { condition: { test: "datum.top1 < 45", value: "#ffffff" }, value: "#000000" } } },
    ],
  };
}

function drawHeat(section, data, name) {
  const columns = [...data.severities.map(String), "mean"];
  for (const [model, one] of Object.entries(data.models)) {
    const rows = data.corruptions.flatMap((corruption, c) =>
      columns.map((severity, s) => ({ corruption: words(corruption), severity, top1: s < data.severities.length ? one.cells[c][s] : mean(one.cells[c]) })));
    const { plot, element } = figure(model, `clean ${fixed(one.clean)}, mPC ${fixed(one.mpc)}`);
    section.querySelector(".charts").append(element);
    draw(plot, () => heatSpec(rows, columns, `Heat map of top-1 accuracy of ${model} by corruption and severity on ${name}; the numbers are in the table below it`));
    element.append(behind(`Table behind the heat map of ${model}`, () => buildTable(`Top-1 accuracy of ${model} on ${name}`, [
      ["corruption", (row) => row.corruption],
      ...columns.map((severity, s) => [severity, (row) => row.values[s], { number: true }]),
    ], data.corruptions.map((corruption, c) => ({ corruption, values: [...one.cells[c], mean(one.cells[c])] })), { sortable: true })));
  }
}

/** Return the largest difference of all pairs, so that all their charts have one scale. */
function pairBound(data) {
  const ends = data.pairs.flatMap((pair) => [pair.clean, pair.mpc, pair.rpc, ...pair.corruptions].flatMap(([, low, high]) => [Math.abs(low ?? 0), Math.abs(high ?? 0)]));
  return ends.reduce((most, end) => Math.max(most, end), 5);
}

function pairSpec(rows, bound, description) {
  const y = { field: "what", type: "nominal", sort: null, axis: { title: null, domain: false, ticks: false, labelFontSize: 12, labelColor: ink("--ink"), labelLimit: 140 } };
  const x = { type: "quantitative", scale: { domain: [-bound, bound] }, axis: { title: "percentage points", tickCount: 7, labelExpr: "datum.value > 0 ? '+' + datum.label : datum.label", grid: true } };
  const colour = { condition: { test: "datum.low > 0 || datum.high < 0", value: colours()[0] }, value: ink("--muted") };
  return {
    description, width: "container", height: 24 * rows.length, data: { values: rows },
    autosize: { type: "fit-x", contains: "padding" },
    layer: [
      { mark: { type: "rule", color: ink("--ink"), aria: false }, encoding: { x: { datum: 0 } } },
      { mark: { type: "rule", strokeWidth: 3, strokeCap: "round", aria: false }, encoding: { y, x: { ...x, field: "low" }, x2: { field: "high" }, color: colour } },
      { mark: { type: "point", filled: true, size: 90, opacity: 1 }, encoding: { y, x: { ...x, field: "value" }, color: colour, tooltip: [{ field: "what" }, { field: "value", format: "+.1f" }, { field: "low", format: "+.1f" }, { field: "high", format: "+.1f" }] } },
    ],
  };
}

function drawPairs(section, data, name) {
  const box = section.querySelector(".pair");
  if (!box) return;
  const models = Object.keys(data.models);
  const bound = pairBound(data);
  const place = make("div");
  const show = () => {
    let pair = data.pairs.find((one) => one.first === first.select.value && one.second === second.select.value);
    let flip = 1;
    if (!pair) {
      pair = data.pairs.find((one) => one.second === first.select.value && one.first === second.select.value);
      flip = -1;
    }
    if (!pair) {
      place.replaceChildren(make("p", {}, "Choose two different models."));
      return;
    }
    const row = (what, [value, low, high]) => (flip > 0 ? { what, value, low, high } : { what, value: -value, low: -high, high: -low });
    const rows = [row("clean top-1", pair.clean), row("mPC", pair.mpc), row("rPC", pair.rpc), ...pair.corruptions.map((values, c) => row(words(data.corruptions[c]), values))];
    const { value, low, high } = rows[1];
    const verdict = `${first.select.value} is ${Math.abs(value).toFixed(1)} points of mPC ${value < 0 ? "behind" : "ahead of"} ${second.select.value} (95 %: ${signed(low)} to ${signed(high)}); ` +
      (low > 0 || high < 0 ? "the interval excludes 0." : "the interval includes 0, so these clips do not separate them.");
    const { plot, element } = figure(`${first.select.value} minus ${second.select.value}`, "grey: the interval includes 0");
    place.replaceChildren(make("p", { class: "verdict" }, verdict), element);
    draw(plot, () => pairSpec(rows, bound, `Differences of ${first.select.value} and ${second.select.value} with intervals on ${name}; the numbers are in the table below`));
    if (low > 0 || high < 0) {
      place.querySelector(".verdict").append(` Adjusted for all ${data.pairs.length} pairs: p = ${pair.p.toFixed(4)}${pair.significant ? ", significant." : ", not significant."}`);
    }
    const corruptions = pair.corruptions_p.filter((p) => p < 0.05).length;
    place.append(make("p", {}, `${corruptions} of ${data.corruptions.length} corruptions differ significantly, adjusted for all corruptions of the pair. These ${pair.clips} clips detect a true mPC difference of ${fixed(pair.smallest)} points with probability 80 %.`));
    place.append(behind("Differences in metrics beyond accuracy", () => measureDifferences(data, first.select.value, second.select.value, name)));
    element.append(behind("Table behind this chart", () => buildTable(`${first.select.value} minus ${second.select.value} on ${name}, percentage points`, [
      ["what", (one) => one.what],
      ...["value", "low", "high"].map((key) => [key, (one) => one[key], { number: true, text: signed }]),
    ], rows)));
  };
  const options = models.map((model) => [model, model]);
  const first = chooser("first model", options, show);
  const second = chooser("second model", options, show);
  second.select.value = models[1];
  box.append(make("div", { class: "controls" }, first.element, second.element), place);
  show();
}

function classSpec(rows, description) {
  const y = { field: "name", type: "nominal", sort: null, axis: { title: null, domain: false, ticks: false, labelFontSize: 12, labelColor: ink("--ink"), labelLimit: 170 } };
  const x = { type: "quantitative", scale: { domain: [0, 100] }, axis: { title: "top-1 accuracy (%)", values: [0, 20, 40, 60, 80, 100] } };
  const tooltip = [{ field: "name", title: "class" }, { field: "clips" }, { field: "clean", format: ".1f" }, { field: "corrupted", format: ".1f" }, { field: "drop", format: ".1f" }];
  return {
    description, width: "container", height: 24 * rows.length, data: { values: rows },
    autosize: { type: "fit-x", contains: "padding" },
    layer: [
      { mark: { type: "rule", strokeWidth: 3, color: ink("--line"), aria: false }, encoding: { y, x: { ...x, field: "corrupted" }, x2: { field: "clean" } } },
      { mark: { type: "point", size: 80, strokeWidth: 2.5, opacity: 1, color: colours()[0] }, encoding: { y, x: { ...x, field: "clean" }, tooltip } },
      { mark: { type: "point", filled: true, size: 90, opacity: 1, color: colours()[1] }, encoding: { y, x: { ...x, field: "corrupted" }, tooltip } },
    ],
  };
}

const MOST_CLASSES = 15;

function classRows(data, model) {
  return data.classes.names.map((name, index) => {
    const [clean, ...cells] = data.classes.models[model][index];
    const worst = cells.indexOf(Math.min(...cells));
    return { name, clips: data.classes.clips[index], clean, corrupted: mean(cells), drop: clean - mean(cells), worst: data.corruptions[worst], lowest: cells[worst] };
  }).sort((a, b) => b.drop - a.drop || a.name.localeCompare(b.name, "en"));
}

function drawClasses(section, data, name) {
  const box = section.querySelector(".classes");
  const place = make("div");
  const show = (model) => {
    const rows = classRows(data, model);
    const most = rows.slice(0, MOST_CLASSES);
    const { plot, element } = figure(`${model}: ${rows.length > MOST_CLASSES ? `the ${MOST_CLASSES} classes with the largest drop` : "classes by drop"}`, "ring: clean, dot: corrupted");
    place.replaceChildren(element);
    draw(plot, () => classSpec(most, `Clean and corrupted top-1 accuracy of ${model} for the classes with the largest drop on ${name}; the numbers are in the table below`));
    const number = { number: true };
    element.append(behind(`Table of all ${rows.length} classes`, () => buildTable(`Classes under corruption, ${model} on ${name}`, [
      ["class", (row) => row.name],
      ["N", (row) => row.clips, { number: true, text: (value) => String(value) }],
      ["clean", (row) => row.clean, number], ["corrupted", (row) => row.corrupted, number], ["drop", (row) => row.drop, number],
      ["worst corruption", (row) => row.worst], ["top-1 under it", (row) => row.lowest, number],
    ], rows, { sortable: true })));
  };
  const { element, select } = chooser("model", Object.keys(data.models).map((model) => [model, model]), show);
  box.append(make("div", { class: "controls" }, element), place);
  show(select.value);
}
