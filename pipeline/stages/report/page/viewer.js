// The viewer: a clean clip beside any of its corruptions, playing in step.

const DRIFT_SECONDS = 0.05;

function asVideo(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
}

/** Play; a clip that is changed meanwhile stops the attempt, which is no error. */
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
    body.append(make("p", {}, "The shards of this run do not lie on the machine that wrote the report, so there are no videos to show."));
    return;
  }
  const state = { clip: 0, corruption: data.corruptions[0], level: Math.floor((data.severities.length - 1) / 2) };
  const clean = screen();
  const other = screen();
  const answers = make("div", { class: "answers" });
  const play = make("button", { type: "button", class: "play" }, "Play");
  const back = make("button", { type: "button", class: "plain", "aria-label": "One frame back" }, "◀|");
  const forth = make("button", { type: "button", class: "plain", "aria-label": "One frame on" }, "|▶");
  const slider = make("input", { type: "range", min: "0", max: String(data.severities.length - 1), step: "1", value: String(state.level) });
  const output = make("output", {});
  let address = "";

  const cell = () => `${state.corruption}/${data.severities[state.level]}`;
  const load = (video, base64, time) => {
    const old = video.src;
    video.src = asVideo(base64);
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
    showAnswers(clip);
  }

  function showAnswers(clip) {
    const models = Object.keys(data.models);
    const answer = (text) => make("span", { class: text === clip.label ? "answer-right" : "answer-wrong" }, `${text === clip.label ? "✓" : "✗"} ${text}`);
    answers.replaceChildren(buildTable(`What the models say on ${name}; the class is “${clip.label}”`, [
      ["model", (index) => models[index]],
      ["clean", (index) => answer(clip.answers["clean/0"][index])],
      [`${words(state.corruption)} ${data.severities[state.level]}`, (index) => answer(clip.answers[cell()][index])],
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

  /** The clean clip leads; the other one follows, and both begin again together. */
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
    make("p", {}, "The first seconds of a few clips, coded again for browsers as small H.264; the models saw the nearly lossless frames of the shards."),
    make("div", { class: "controls" }, clips.element, corruptions.element, make("label", { class: "severity" }, make("span", {}, "how strong: ", output), slider), make("div", {}, play, " ", back, " ", forth)),
    make("div", { class: "pictures" }, clean.element, other.element),
    answers,
  );
  show();
}
