// Draws the charts. The page holds each specification and each set of rows once; several places may share them.
const page = JSON.parse(document.getElementById("charts").textContent);
const places = [...document.querySelectorAll("[data-chart]")];
const views = new Map();

const rowsOf = ({ fields, named, words, rows }) => {
  const value = (name, entry) => (named.includes(name) ? (words[entry] ?? null) : entry);
  return rows.map((row) => Object.fromEntries(fields.map((name, i) => [name, value(name, row[i])])));
};

const specOf = (place) => {
  const spec = structuredClone(page.specs[place.dataset.chart]);
  const settings = JSON.parse(place.dataset.set);
  spec.datasets = { [spec.data.name]: rowsOf(page.data[spec.data.name]) };
  for (const signal of spec.params) signal.value = settings[signal.name] ?? signal.value;
  return spec;
};

async function draw(place) {
  // `ast` lets Vega interpret its expressions: the page forbids the evaluation of strings as code.
  // `logLevel` leaves out warnings: a filter may leave a chart nothing to draw, which is no fault.
  const options = { mode: "vega-lite", renderer: "svg", actions: false, ast: true, logLevel: 1, config: page.look };
  try {
    const { view } = await vegaEmbed(place, specOf(place), options);
    views.set(place, view);
  } catch (error) {
    place.textContent = `This chart could not be drawn (${error.message}); the table holds its figures.`;
  }
}

// A signal that a place sets for itself, such as a panel's language, is its own.
async function signal(name, value) {
  for (const [place, view] of views) {
    if (name in JSON.parse(place.dataset.set)) continue;
    await view.signal(name, value).runAsync();
  }
}

// On paper nobody can open what is folded, and the width is the paper's.
const PAPER = 660;
const unfolded = new Set();
const resize = (widthOf) => views.forEach((view, place) => view.width(widthOf(place)).resize().run());

addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details:not([open])")) {
    folded.open = true;
    unfolded.add(folded);
  }
  resize((place) => (place.closest(".panels") ? PAPER / 3 - 16 : PAPER));
});
addEventListener("afterprint", () => {
  for (const folded of unfolded) folded.open = false;
  unfolded.clear();
  resize((place) => place.clientWidth);
});
