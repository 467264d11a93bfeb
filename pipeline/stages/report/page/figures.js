// Figures: charts with a caption, drawn when they come near the view, and saved as files.

/** Draw the chart `spec()` into an element when it is near the view, or when there is time. */
function draw(plot, spec) {
  plot.spec = spec;
  plot.style.minHeight = `${spec().height}px`;
  redraw(plot);
}

/** Draw a chart again, such as with other models or in another theme. */
function redraw(plot) {
  whenNear(plot, () => (plot.done = Promise.resolve(plot.done).then(() => embed(plot))));
}

/** Load Vega when the first chart is drawn: the page is usable before. */
function loadVega() {
  if (window.vegaEmbed) return;
  const script = make("script");
  script.textContent = document.getElementById("vega").textContent;
  document.head.append(script);
}

async function embed(plot) {
  loadVega();
  const options = { actions: false, renderer: "svg", ast: true, config: config() };
  plot.view?.finalize();
  plot.view = (await vegaEmbed(plot, plot.spec(), options)).view;
  plot.view.background(ink("--card"));
}

function redrawAll() {
  for (const plot of document.querySelectorAll(".plot")) redraw(plot);
}

/** Create a figure with an element for the chart; the second part of the caption is small. */
function figure(title, aside = "") {
  const plot = make("div", { class: "plot" });
  const caption = make("figcaption", {}, breakable(title), make("small", {}, aside));
  return { plot, element: make("figure", { class: "chart" }, caption, plot, saveButtons(plot, title)) };
}

const SAVED_WIDTH = 420;

/** Draw a chart for a file: with its title and, where lines are models, a legend. */
async function savedView(plot, title) {
  loadVega();
  const options = { actions: false, renderer: "none", ast: true, config: { ...config(), background: ink("--card") } };
  const text = { text: title, anchor: "start", color: ink("--ink"), fontSize: 14, offset: 12 };
  const width = Math.max(plot.clientWidth, SAVED_WIDTH);
  const spec = { ...plot.spec(true), title: text, width, autosize: "pad" };
  const box = make("div", { class: "hidden" });
  document.body.append(box);
  const { view } = await vegaEmbed(box, spec, options);
  box.remove();
  return view;
}

/** Create the buttons that save a chart as a file. */
function saveButtons(plot, title) {
  const name = title.replace(/[^A-Za-z0-9]+/g, "-").toLowerCase();
  const button = (format, blob) => {
    const one = make("button", { type: "button", class: "plain small", "aria-label": `Save ${title} as ${format}` }, format);
    one.addEventListener("click", async () => {
      const view = await savedView(plot, title);
      save(await blob(view), `${name}.${format.toLowerCase()}`);
      view.finalize();
      say(`saved as ${format}`);
    });
    return one;
  };
  return make("div", { class: "tools save" },
    button("SVG", async (view) => new Blob([await view.toSVG()], { type: "image/svg+xml" })),
    button("PNG", async (view) => {
      const canvas = await view.toCanvas(2);
      return new Promise((done) => canvas.toBlob(done, "image/png"));
    }));
}

/** Offer a blob as a download. */
function save(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** Create a closed disclosure with the table `build()` behind a chart. */
function behind(summary, build) {
  const details = make("details", {}, make("summary", {}, summary));
  later(details, () => details.append(build()));
  details.addEventListener("toggle", () => finish(details));
  return details;
}
