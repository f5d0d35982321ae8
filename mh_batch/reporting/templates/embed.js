(() => {
  const specs = JSON.parse(document.getElementById("charts").textContent);
  // `ast` lets Vega interpret its expressions: the page forbids the evaluation of strings as code.
  const options = { renderer: "svg", actions: false, ast: true };
  for (const place of document.querySelectorAll("[data-chart]")) {
    vegaEmbed(place, specs[place.dataset.chart], options).catch((error) => {
      place.textContent = `This chart could not be drawn (${error.message}); the table below holds its figures.`;
    });
  }
  // On paper nobody can open what is folded.
  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details")) folded.open = true;
  });
})();
