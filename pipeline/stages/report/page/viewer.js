// Viewer: a clean clip beside any of its corruptions, played in sync.

const DRIFT_SECONDS = 0.05;

/** Return the address of the video in the element with an id: base64, which is decoded here only. */
function asVideo(id) {
  const base64 = document.getElementById(id).textContent;
  const bytes = Uint8Array.fromBase64?.(base64) ?? Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
}

/** Play; replacing the clip meanwhile rejects the promise, which is not an error. */
const start = (video) => video.play().catch(() => {});

function screen() {
  const video = make("video", { playsinline: true, preload: "auto" });
  video.muted = true;
  const caption = make("figcaption", {});
  return { video, caption, element: make("figure", {}, video, caption) };
}

function drawViewer(section, data, name) {
  const body = section.querySelector(".viewer-body");
  if (!data.clips.length) {
    body.append(make("p", {}, "The shards of this run are not on the machine that wrote the report, so no videos are shown."));
    return;
  }
  const state = { clip: 0, corruption: data.corruptions[0], level: Math.floor((data.severities.length - 1) / 2) };
  const clean = screen();
  const other = screen();
  const predictions = make("div", { class: "predictions" });
  const play = make("button", { type: "button", class: "play" }, "Play");
  const back = make("button", { type: "button", class: "plain", "aria-label": "One frame back" }, "◀|");
  const forth = make("button", { type: "button", class: "plain", "aria-label": "One frame forward" }, "|▶");
  const slider = make("input", { type: "range", min: "0", max: String(data.severities.length - 1), step: "1", value: String(state.level) });
  const output = make("output", {});
  let address = "";

  const cell = () => `${state.corruption}/${data.severities[state.level]}`;
  const load = (video, id, time) => {
    const old = video.src;
    video.src = asVideo(id);
    video.addEventListener("loadedmetadata", () => {
      video.currentTime = Math.min(time, video.duration);
      if (!clean.video.paused) start(video);
    }, { once: true });
    if (old) URL.revokeObjectURL(old);
  };

  function show() {
    const clip = data.clips[state.clip];
    const severity = data.severities[state.level];
    const time = address.startsWith(`${state.clip}:`) ? clean.video.currentTime : 0;
    if (!address.startsWith(`${state.clip}:`)) load(clean.video, clip.videos["clean/0"], 0);
    if (address !== `${state.clip}:${cell()}`) load(other.video, clip.videos[cell()], time);
    address = `${state.clip}:${cell()}`;
    output.textContent = `severity ${severity}`;
    slider.setAttribute("aria-valuetext", `severity ${severity}`);
    clean.caption.replaceChildren("clean", make("small", {}, clip.label));
    clean.video.setAttribute("aria-label", `Clean clip of the class ${clip.label}`);
    const facts = [data.levels[cell()] && `parameter ${data.levels[cell()]}`, clip.psnr[cell()] && `PSNR ${clip.psnr[cell()]} dB`].filter(Boolean);
    other.caption.replaceChildren(`${words(state.corruption)}, severity ${severity}`, make("small", {}, facts.join(", ")));
    other.video.setAttribute("aria-label", `The same clip under ${words(state.corruption)} at severity ${severity}`);
    showPredictions(clip);
  }

  function showPredictions(clip) {
    const models = Object.keys(data.models);
    const answer = (text) => make("span", { class: text === clip.label ? "answer-right" : "answer-wrong" }, `${text === clip.label ? "✓" : "✗"} ${text}`);
    predictions.replaceChildren(buildTable(`Predictions on ${name}; the class is “${clip.label}”`, [
      ["model", (index) => models[index]],
      ["clean", (index) => answer(clip.predicted["clean/0"][index])],
      [`${words(state.corruption)} ${data.severities[state.level]}`, (index) => answer(clip.predicted[cell()][index])],
    ], models.keys(), { plain: true }));
  }

  function setPlaying(playing) {
    play.textContent = playing ? "Pause" : "Play";
    for (const { video } of [clean, other]) {
      if (playing) start(video);
      else video.pause();
    }
    if (playing) requestAnimationFrame(keepStep);
    else other.video.currentTime = Math.min(clean.video.currentTime, other.video.duration || 0);
  }

  /** Keep the corrupted clip at the time of the clean one; both restart together. */
  function keepStep() {
    if (clean.video.paused && !clean.video.ended) return;
    const lead = clean.video.currentTime;
    if (clean.video.ended) {
      clean.video.currentTime = other.video.currentTime = 0;
      start(clean.video);
      start(other.video);
    } else if (!other.video.seeking && !other.video.ended && Math.abs(other.video.currentTime - lead) > DRIFT_SECONDS) {
      other.video.currentTime = lead;
    }
    requestAnimationFrame(keepStep);
  }

  function step(frames) {
    setPlaying(false);
    const time = Math.max(0, Math.min(clean.video.currentTime + frames / data.clips[state.clip].fps, clean.video.duration));
    clean.video.currentTime = other.video.currentTime = time;
  }

  play.addEventListener("click", () => setPlaying(play.textContent === "Play"));
  back.addEventListener("click", () => step(-1));
  forth.addEventListener("click", () => step(1));
  slider.addEventListener("input", () => { state.level = Number(slider.value); show(); });
  const clips = chooser("clip", data.clips.map((clip, index) => [index, clip.label]), (value) => { state.clip = Number(value); show(); });
  const corruptions = chooser("corruption", data.corruptions.map((name) => [name, words(name)]), (value) => { state.corruption = value; show(); });
  body.append(
    make("p", {}, "The first seconds of a few clips, encoded as small H.264 for browsers; models are evaluated on the nearly lossless frames of the shards."),
    make("div", { class: "controls" }, clips.element, corruptions.element, make("label", { class: "severity" }, make("span", {}, "strength: ", output), slider), make("div", {}, play, " ", back, " ", forth)),
    make("div", { class: "pictures" }, clean.element, other.element),
    predictions,
  );
  show();
}
