// Calibration: reliability diagrams and risk-coverage curves by severity.

const severityTitle = (severity) => (severity === "0" ? "clean" : `severity ${severity}`);

/** Return the bins with clips: bounds, accuracy, mean confidence and share of the clips. */
function reliabilityRows(one) {
  const total = one.clips.reduce((sum, clips) => sum + clips, 0);
  return one.clips.flatMap((clips, bin) => (clips ? [{
    from: bin / one.clips.length, to: (bin + 1) / one.clips.length, clips, share: clips / total,
    accuracy: one.right[bin] / clips, confidence: one.confidence[bin] / clips,
  }] : []));
}

function reliabilitySpec(rows, description) {
  const unit = { type: "quantitative", scale: { domain: [0, 1] } };
  const axis = (title) => ({ title, values: [0, 0.5, 1], format: "%" });
  const tooltip = [{ field: "confidence", format: ".2f" }, { field: "accuracy", format: ".2f" }, { field: "clips" }];
  return {
    description, width: "container", height: 170, autosize: { type: "fit-x", contains: "padding" },
    layer: [
      { data: { values: rows }, mark: { type: "rect", color: colours()[0], opacity: 0.3, aria: false }, encoding: { x: { ...unit, field: "from", axis: axis("confidence") }, x2: { field: "to" }, y: { ...unit, field: "accuracy", axis: axis("accuracy") }, y2: { datum: 0 } } },
      { data: { values: [{ x: 0, y: 0 }, { x: 1, y: 1 }] }, mark: { type: "line", color: ink("--muted"), strokeDash: [5, 4], aria: false }, encoding: { x: { ...unit, field: "x" }, y: { ...unit, field: "y" } } },
      { data: { values: rows }, mark: { type: "point", filled: true, opacity: 1, color: colours()[0] }, encoding: { x: { ...unit, field: "confidence" }, y: { ...unit, field: "accuracy" }, size: { field: "share", type: "quantitative", legend: null, scale: { domain: [0, 0.5], range: [20, 260] } }, tooltip } },
    ],
  };
}

function riskSpec(rows, severities, description) {
  return {
    description, width: "container", height: 300, data: { values: rows }, autosize: { type: "fit-x", contains: "padding" },
    mark: { type: "line", strokeWidth: 2.5 },
    encoding: {
      x: { field: "coverage", type: "quantitative", scale: { domain: [0, 100] }, axis: { title: "coverage: clips answered (%)" } },
      y: { field: "risk", type: "quantitative", axis: { title: "selective risk: wrong answers (%)" } },
      color: { field: "severity", type: "nominal", sort: severities, legend: { title: null, orient: "top", columns: 3 }, scale: { domain: severities, range: severities.map((_, i) => colours()[i % 8]) } },
      strokeDash: { field: "severity", type: "nominal", sort: severities, legend: { title: null, orient: "top", columns: 3 }, scale: { domain: severities, range: severities.map((_, i) => [[1, 0], [8, 2], [6, 3], [4, 3], [2, 2], [1, 2]][i % 6]) } },
      tooltip: [{ field: "severity" }, { field: "coverage", format: ".0f" }, { field: "risk", format: ".1f" }],
    },
  };
}

function drawCalibration(section, data, name) {
  const box = section.querySelector(".calibration");
  if (!box) return;
  const place = make("div");
  const show = (model) => {
    const { reliability, risk } = data.diagrams[model];
    const charts = make("div", { class: "charts curves" });
    place.replaceChildren(charts);
    for (const [severity, one] of Object.entries(reliability)) {
      const { plot, element } = figure(severityTitle(severity), `ECE ${fixed(one.ece)} %`);
      charts.append(element);
      const rows = reliabilityRows(one);
      draw(plot, () => reliabilitySpec(rows, `Reliability diagram of ${model}, ${severityTitle(severity)}, on ${name}; the numbers are in the table below the charts`));
    }
    const bins = Object.entries(reliability).flatMap(([severity, one]) => reliabilityRows(one).map((row) => ({ severity: severityTitle(severity), ...row })));
    const two = { number: true, text: (value) => value.toFixed(3) };
    place.append(behind("Table behind the reliability diagrams", () => buildTable(`Reliability of ${model} on ${name}; severities pool all corruptions`, [
      ["severity", (row) => row.severity], ["from", (row) => row.from, two], ["to", (row) => row.to, two],
      ["clips", (row) => row.clips, { number: true, text: String }], ["confidence", (row) => row.confidence, two], ["accuracy", (row) => row.accuracy, two],
    ], bins, { sortable: true })));
    const curves = Object.entries(risk).flatMap(([severity, values]) => values.map((value, index) => ({ severity: severityTitle(severity), coverage: data.coverages[index], risk: value })));
    const { plot, element } = figure(`${model}: risk and coverage`, "most confident clips first");
    place.append(element);
    draw(plot, () => riskSpec(curves, Object.keys(risk).map(severityTitle), `Selective risk over coverage of ${model} on ${name}, one line per severity; the numbers are in the table below`));
    element.append(behind("Table behind this chart", () => buildTable(`Selective risk of ${model} on ${name}, percent`, [
      ["severity", (row) => row.severity], ["coverage", (row) => row.coverage, { number: true }], ["risk", (row) => row.risk, { number: true }],
    ], curves, { sortable: true })));
  };
  const { element, select } = chooser("model", Object.keys(data.diagrams).map((model) => [model, model]), show);
  box.append(make("div", { class: "controls" }, element), place);
  show(select.value);
}
