// Heat map of classes and corruptions, with a search.

const CLASS_ROWS = 25;

function classmapSpec(rows, columns, names, description) {
  return {
    description, width: "container", height: 24 * names.length, data: { values: rows }, autosize: { type: "fit-x", contains: "padding" }, padding: { left: 5, top: 5, bottom: 5, right: 28 },
    encoding: {
      x: { field: "corruption", type: "nominal", sort: columns, axis: { title: null, labelAngle: -50, orient: "top", domain: false, ticks: false, labelLimit: 110 } },
      y: { field: "name", type: "nominal", sort: names, axis: { title: null, domain: false, ticks: false, labelFontSize: 12, labelColor: ink("--ink"), labelLimit: 170 } },
    },
    layer: [
      { mark: { type: "rect", stroke: ink("--card"), strokeWidth: 1.5 }, encoding: { color: { field: "top1", type: "quantitative", legend: null, scale: { domain: [0, 100], scheme: "viridis" } }, tooltip: [{ field: "name", title: "class" }, { field: "corruption" }, { field: "top1", format: ".1f", title: "top-1" }, { field: "clips", title: "N" }] } },
      ...(columns.length > 18 ? [] : [{ mark: { type: "text", fontSize: 11, aria: false }, encoding: { text: { field: "top1", type: "quantitative", format: ".0f" }, color: { condition: { test: "datum.top1 < 45", value: "#ffffff" }, value: "#000000" } } }]),
    ],
  };
}

function drawClassmap(section, data, name) {
  const columns = ["clean", ...data.corruptions].map(words);
  const place = make("div");
  const state = { model: Object.keys(data.models)[0], text: "", order: "drop" };
  const found = make("p", { role: "status" });
  const orders = {
    drop: (a, b) => b.drop - a.drop,
    lowest: (a, b) => a.corrupted - b.corrupted,
    name: (a, b) => a.name.localeCompare(b.name, "en"),
  };
  const show = () => {
    const all = classRows(data, state.model).filter((row) => row.name.toLowerCase().includes(state.text.toLowerCase()));
    all.sort(orders[state.order]);
    const some = all.slice(0, CLASS_ROWS);
    found.textContent = `${some.length} of ${data.classes.names.length} classes shown${all.length > some.length ? `, ${all.length} found` : ""}.`;
    if (!some.length) {
      place.replaceChildren();
      return;
    }
    const values = (row) => data.classes.models[state.model][data.classes.names.indexOf(row.name)];
    const rows = some.flatMap((row) => values(row).map((top1, index) => ({ name: row.name, corruption: columns[index], top1, clips: row.clips })));
    const { plot, element } = figure(state.model, "top-1 in percent, mean over severities");
    place.replaceChildren(element);
    draw(plot, () => classmapSpec(rows, columns, some.map((row) => row.name), `Heat map of top-1 accuracy of ${state.model} by class and corruption on ${name}; the numbers are in the table below`));
    element.append(behind(`Table of the ${all.length} classes found`, () => buildTable(`Top-1 accuracy of ${state.model} by class and corruption on ${name}`, [
      ["class", (row) => row.name], ["N", (row) => row.clips, { number: true, text: String }],
      ...columns.map((column, index) => [column, (row) => values(row)[index], { number: true }]),
    ], all, { sortable: true })));
  };
  const models = chooser("model", Object.keys(data.models).map((model) => [model, model]), (value) => { state.model = value; show(); });
  const order = chooser("order", [["drop", "largest drop first"], ["lowest", "lowest accuracy first"], ["name", "by name"]], (value) => { state.order = value; show(); });
  const search = make("input", { type: "search", autocomplete: "off" });
  search.addEventListener("input", () => { state.text = search.value.trim(); show(); });
  section.querySelector(".classmap").append(make("div", { class: "controls" }, models.element, order.element, make("label", {}, "search classes", search)), found, place);
  show();
}
