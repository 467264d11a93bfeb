// The gallery of corruptions: shows the cards of the family and set that are selected.
for (const form of document.querySelectorAll("form.filters")) {
  const cards = [...document.querySelectorAll("a.card")];
  const show = () => {
    const { family, set } = Object.fromEntries(new FormData(form));
    for (const card of cards) {
      const inSet = !set || card.dataset.sets.split(" ").includes(set);
      card.hidden = !inSet || (family !== "" && card.dataset.family !== family);
    }
    const number = cards.filter((card) => !card.hidden).length;
    form.querySelector("output").textContent = `${number} of ${cards.length}`;
  };
  form.hidden = false;
  form.addEventListener("input", show);
  show();
}
