// Tables: built from rows, sorted by their headings, copied as CSV.

/** Create an element with attributes and children (nodes or text). */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

const words = (name) => name.replaceAll("_", " ");
const fixed = (value) => (value == null ? "–" : value.toFixed(1));
const signed = (value) => (value == null ? "–" : (value > 0 ? "+" : "") + value.toFixed(1));

/** Create the text of a name that may break after its signs: a word is not broken. */
function breakable(name) {
  const parts = name.split(/(?<=[_./-])(?=[^_./-])/);
  return make("span", {}, ...parts.flatMap((part, index) => (index ? [make("wbr"), part] : [part])));
}

/** Announce a change to screen readers. */
function say(text) {
  document.getElementById("said").textContent = text;
}

/**
 * Build a table in a scrollable box; columns are [heading, function of a row, options]. A function
 * returns text, a node, or a number, which is formatted with one decimal or by options.text.
 */
function buildTable(caption, columns, rows, options = {}) {
  const head = make("tr");
  for (const [name, , how = {}] of columns) {
    head.append(make("th", { scope: "col", class: how.number ? "number" : false }, name));
  }
  const body = make("tbody");
  for (const row of rows) {
    const line = make("tr");
    columns.forEach(([, get, how = {}], index) => {
      const value = get(row);
      const shown = how.text ? how.text(value, row) : typeof value === "number" ? fixed(value) : value ?? "–";
      const attributes = { class: how.number ? "number" : false, "data-value": how.number ? value : false };
      line.append(index ? make("td", attributes, shown) : make("th", { scope: "row", ...attributes }, typeof value === "string" ? breakable(shown) : shown));
    });
    body.append(line);
  }
  const table = make("table", {}, make("caption", {}, caption), make("thead", {}, head), body);
  if (options.sortable) makeSortable(table);
  const box = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
  return make("div", {}, box, options.plain ? "" : copyButton(table));
}

/** Turn headings into buttons: the first press sorts text ascending and numbers descending. */
function makeSortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = make("button", { type: "button" }, ...heading.childNodes);
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const numeric = heading.classList.contains("number");
      const before = heading.getAttribute("aria-sort");
      const rising = before ? before === "descending" : !numeric;
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
      sortRows(table.tBodies[0], column, numeric, rising);
      say(`sorted by ${button.textContent}, ${rising ? "ascending" : "descending"}`);
    });
  });
}

/** Sort rows by one column; rows without a value stay last. */
function sortRows(body, column, numeric, rising) {
  const key = (row) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    if (!numeric) return text;
    const number = Number.parseFloat(text.replace("−", "-"));
    return Number.isNaN(number) ? null : number;
  };
  const keyed = [...body.rows].map((row) => [key(row), row]);
  keyed.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    const order = numeric ? a - b : a.localeCompare(b, "en", { numeric: true });
    return rising ? order : -order;
  });
  body.append(...keyed.map(([, row]) => row));
}

/** Return text that a spreadsheet takes for a number or for text, and never for a formula. */
function withoutFormula(text) {
  const number = /^[+-]?[\d.,]+( \([\d.,+-]+ to [\d.,+-]+\))?$/;
  return /^[=+@-]/.test(text) && !number.test(text) ? `'${text}` : text;
}

/** Return the cells of a table as CSV; numbers with all digits. */
function asCsv(table) {
  const quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const plain = (cell) => {
    // Text such as "not reached" or "1 to 3" has a number only to be sorted by.
    const written = cell.classList.contains("number") && Number.isNaN(Number(cell.textContent));
    const shown = written || cell.querySelector(".range, small");
    const text = shown ? cell.textContent : cell.dataset.value ?? cell.textContent;
    return quote(withoutFormula(text.trim().replace(/\s+/g, " ").replace(/^–$/, "")));
  };
  return [...table.rows].map((row) => [...row.cells].map(plain).join(",") + "\n").join("");
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without permission for the clipboard API: copy a selection.
    const area = make("textarea", { class: "hidden", "aria-hidden": "true", tabindex: "-1" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** Create a button that copies the result of `text()`. */
function copier(label, text) {
  const button = make("button", { type: "button", class: "plain" }, label);
  button.addEventListener("click", async () => {
    await copy(text());
    button.textContent = "Copied";
    say("copied");
    setTimeout(() => { button.textContent = label; }, 1500);
  });
  return make("div", { class: "tools" }, button);
}

function copyButton(table) {
  const tools = copier("Copy as CSV", () => asCsv(table));
  const button = make("button", { type: "button", class: "plain" }, "Save CSV");
  button.addEventListener("click", () => {
    const name = table.caption.textContent.split(/[;:]/)[0].trim().replace(/[^A-Za-z0-9]+/g, "-").toLowerCase();
    save(new Blob([asCsv(table)], { type: "text/csv" }), `${name}.csv`);
    say("saved as CSV");
  });
  tools.append(button);
  return tools;
}

/** Create a labelled select that calls back with the chosen value. */
function chooser(label, options, onChange) {
  const select = make("select", {});
  for (const [value, text] of options) select.append(make("option", { value }, text));
  select.addEventListener("change", () => onChange(select.value));
  return { select, element: make("label", {}, label, select) };
}
