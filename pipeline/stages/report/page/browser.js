// Browser of clips that flip: right when clean, wrong under corruption.

const FLIP_ROWS = 20;

function drawFlips(section, data, name) {
  const box = section.querySelector(".flips");
  if (!box) return;
  const models = Object.keys(data.models);
  const state = { corruption: "", model: "", text: "" };
  const found = make("p", { role: "status" });
  const list = make("div");
  const clean = screen();
  const other = screen();
  const play = make("button", { type: "button", class: "play" }, "Play");
  const predicted = make("div", { class: "predictions" });
  const player = make("div", { class: "player", hidden: true, tabindex: "-1" }, make("h4", {}), make("div", { class: "controls" }, play), make("div", { class: "pictures" }, clean.element, other.element), predicted);
  const video = (flip, corruption, severity) => data.flip_videos[`${flip.key}/${corruption}/${severity}`];
  const playable = (flip) => Boolean(video(flip, "clean", 0) && video(flip, flip.corruption, flip.severity));
  const flipping = (flip) => models.filter((_, index) => flip.models[index]);

  function open(flip) {
    player.hidden = false;
    player.querySelector("h4").textContent = `${flip.label}: ${words(flip.corruption)}, severity ${flip.severity}`;
    player.querySelector(".pictures").hidden = play.hidden = !playable(flip);
    for (const [one, corruption, severity, title] of [[clean, "clean", 0, "clean"], [other, flip.corruption, flip.severity, `${words(flip.corruption)}, severity ${flip.severity}`]]) {
      if (one.video.src) URL.revokeObjectURL(one.video.src);
      one.video.loop = true;
      one.video.removeAttribute("src");
      if (playable(flip)) one.video.src = asVideo(video(flip, corruption, severity));
      one.video.setAttribute("aria-label", `${flip.label}: ${title}`);
      one.caption.replaceChildren(title, make("small", {}, corruption === "clean" ? flip.label : flip.key));
    }
    play.textContent = "Play";
    const answer = (right, text) => make("span", { class: right ? "answer-right" : "answer-wrong" }, `${right ? "✓" : "✗"} ${text}`);
    predicted.replaceChildren(buildTable(`Predictions on ${name}; the class is “${flip.label}”`, [
      ["model", (index) => models[index]],
      ["flips", (index) => (flip.models[index] ? "yes" : "no")],
      [`${words(flip.corruption)} ${flip.severity}`, (index) => (flip.predicted ? answer(flip.predicted[index] === flip.label, flip.predicted[index]) : "not available")],
    ], [...models.keys()], { plain: true }));
    player.focus();
    say(`showing ${flip.label}`);
  }

  play.addEventListener("click", () => {
    const playing = clean.video.paused;
    play.textContent = playing ? "Pause" : "Play";
    for (const one of [clean.video, other.video]) {
      if (playing) start(one);
      else one.pause();
    }
  });

  function show() {
    const text = state.text.toLowerCase();
    const chosen = data.flips.filter((flip) =>
      (!state.corruption || flip.corruption === state.corruption) &&
      (!state.model || flip.models[models.indexOf(state.model)]) &&
      (!text || flip.label.toLowerCase().includes(text) || flip.key.toLowerCase().includes(text)));
    const some = chosen.slice(0, FLIP_ROWS);
    found.textContent = `${chosen.length} listed clips found${chosen.length > some.length ? `, the first ${some.length} shown` : ""}.`;
    const button = (flip) => {
      const one = make("button", { type: "button", class: "plain", "aria-label": `${playable(flip) ? "Play" : "Show"} ${flip.key} under ${words(flip.corruption)}` }, playable(flip) ? "Play" : "Show");
      one.addEventListener("click", () => open(flip));
      return one;
    };
    list.replaceChildren(some.length ? buildTable(`Clips on ${name} that are right when clean and wrong under corruption`, [
      ["clip", (flip) => flip.key], ["class", (flip) => flip.label], ["corruption", (flip) => words(flip.corruption)],
      ["severity", (flip) => flip.severity, { number: true, text: String }],
      ["models that flip", (flip) => flipping(flip).length, { number: true, text: (value, flip) => (models.length > 3 ? `${value} of ${models.length}` : flipping(flip).join(", ")) }],
      ["video", button],
    ], some) : "");
  }

  const corruptions = chooser("corruption of the flip", [["", "any"], ...data.corruptions.map((one) => [one, words(one)])], (value) => { state.corruption = value; show(); });
  const which = chooser("model that flips", [["", "any"], ...models.map((one) => [one, one])], (value) => { state.model = value; show(); });
  const search = make("input", { type: "search", autocomplete: "off" });
  search.addEventListener("input", () => { state.text = search.value.trim(); show(); });
  const shares = models.flatMap((model) => data.corruptions.map((corruption, c) => ({ model, corruption, values: data.flip_shares[model][c] })));
  box.append(
    make("div", { class: "controls" }, corruptions.element, which.element, make("label", {}, "search class or clip", search)),
    found, list, player,
    behind("Share of clips that flip, by model, corruption and severity", () => buildTable(`Clips on ${name} that flip, percent of those right when clean`, [
      ["model", (row) => row.model], ["corruption", (row) => row.corruption],
      ...data.severities.map((severity, s) => [String(severity), (row) => row.values[s], { number: true }]),
    ], shares, { sortable: true })),
  );
  show();
}
