// Charts hear of a choice by signals, tables by classes on the body: `no-L3` hides label 3, `only-G1` all but language 1.
const filters = document.getElementById("filters");
const boxes = [...filters.querySelectorAll("[name=label]")];
const languages = filters.querySelector("[name=language]");

const chosen = () => {
  const ticked = boxes.filter((box) => box.checked);
  const some = ticked.length > 0 && ticked.length < boxes.length;
  return { boxes: some ? ticked : boxes, labels: some ? ticked.map((box) => box.value) : null };
};

const inWords = (labels, language) => {
  const of = labels ? `Only ${labels.join(", ")}` : "All labels";
  return `${of}; ${language.value === "all" ? "all languages" : `only ${language.textContent}`}.`;
};

function show({ boxes: ticked, labels }, language) {
  const hidden = labels ? page.classes.filter((name) => !ticked.some((box) => box.dataset.class === name)) : [];
  const kept = [...document.body.classList].filter((name) => !/^(no-L|only-G)\d+$/.test(name));
  const only = language.dataset.class ? [`only-${language.dataset.class}`] : [];
  document.body.className = [...kept, ...hidden.map((name) => `no-${name}`), ...only].join(" ");
}

function explain({ labels }, language) {
  for (const note of document.querySelectorAll("[data-languages]")) {
    note.hidden = language.value === "all" || JSON.parse(note.dataset.languages).includes(language.value);
  }
  for (const part of document.querySelectorAll("[data-labels]")) {
    const none = labels !== null && !JSON.parse(part.dataset.labels).some((label) => labels.includes(label));
    part.classList.toggle("nothing", none);
    part.querySelector(".none-chosen")?.toggleAttribute("hidden", !none);
  }
  for (const pair of document.querySelectorAll("[data-pair]")) {
    pair.classList.toggle("off", labels !== null && !JSON.parse(pair.dataset.pair).some((label) => labels.includes(label)));
  }
  for (const which of document.querySelectorAll(".which")) {
    which.textContent = language.value === "all" ? "All languages." : `Only ${language.textContent}.`;
  }
}

async function filter() {
  const choice = chosen();
  const language = languages.selectedOptions[0];
  show(choice, language);
  explain(choice, language);
  const words = inWords(choice.labels, language);
  document.getElementById("status").textContent = words;
  document.body.classList.toggle("filtered", choice.labels !== null || language.value !== "all");
  await signal("labels", choice.labels);
  await signal("language", language.value);
  document.body.dataset.shown = words;
}

async function start() {
  filters.hidden = false;
  filters.addEventListener("change", filter);
  filters.addEventListener("submit", (event) => event.preventDefault());
  // The form is as it was only after the event.
  filters.addEventListener("reset", () => setTimeout(filter));
  for (const place of places) await draw(place);
  // A browser that comes back to the page restores what was chosen.
  await filter();
  document.body.dataset.drawn = views.size;
}
