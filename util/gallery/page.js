"use strict";

// Of each run, in the order of the page: what page.py gives in _for_script.
const RUNS = JSON.parse(document.getElementById("data").textContent);
const SPEEDS = [0.1, 0.25, 0.5, 1, 2];
const FRAMES_PER_SECOND = 25; // where no clip says how many
const CORRECTED = 0.25; // seconds; a video that is farther from the clock jumps to it

const $ = (id) => document.getElementById(id);

/** A new element. Texts become text nodes, so that a name is never taken for HTML. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (typeof value === "boolean") element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

// --- Videos in step ---

/** Videos that play together by one clock. A shorter video repeats. */
class Player {
  /**
   * @param root the element to build into.
   * @param sides one run, or two runs that are compared.
   */
  constructor(root, sides) {
    this.root = root;
    this.frame = 0; // of the clock, while it stands
    this.time = 0; // of the clock, in seconds
    this.playing = false;
    this.speed = 1;
    this.loaded = false;
    this.sides = sides.map((run) => ({ run, lanes: make("div", { class: "lanes" }), videos: [] }));
    this.build();
    this.sides.forEach((side) => this.show(side, 0));
    root.player = this;
  }

  build() {
    const panes = this.sides.map((side) => {
      const names = side.run.sequences.map((sequence) => sequence.name);
      const choice = make("select", {
        class: "sequence",
        "aria-label": "sequence",
        onchange: () => this.show(side, choice.selectedIndex),
      }, ...names.map((name) => make("option", {}, name)));
      side.choice = names.length > 1 ? make("label", {}, "sequence ", choice) : "";
      return side;
    });
    if (panes.length > 1) {
      const pair = panes.map((side) => make("div", {}, side.choice, side.lanes));
      this.root.append(make("div", { class: "pair" }, ...pair));
    } else {
      this.root.append(panes[0].lanes);
    }
    const button = (text, label, act, name) =>
      make("button", { type: "button", "aria-label": label, title: label, class: name, onclick: act }, text);
    this.playButton = button("Play", "", () => this.toggle(), "play");
    this.slider = make("input", {
      type: "range", min: "0", max: "0", value: "0", "aria-label": "frame",
      oninput: () => this.goTo(Number(this.slider.value)),
    });
    this.at = make("span", { class: "at" });
    this.speedChoice = make("select", {
      class: "speed", "aria-label": "speed",
      onchange: () => this.setSpeed(SPEEDS[this.speedChoice.selectedIndex]),
    }, ...SPEEDS.map((speed) => make("option", {}, `${speed}×`)));
    this.speedChoice.selectedIndex = SPEEDS.indexOf(1);
    this.root.append(make("div", { class: "bar" },
      make("span", { class: "steps" },
        button("◂", "one frame back", () => this.step(-1), "back"),
        this.playButton,
        button("▸", "one frame on", () => this.step(1), "on")),
      this.slider, this.at,
      this.speedChoice,
      ...(panes.length === 1 && panes[0].choice ? [panes[0].choice] : [])));
  }

  /** Put the videos of a sequence in place of those before. */
  show(side, number) {
    this.pause();
    side.videos.forEach(release);
    const sequence = side.run.sequences[number];
    side.videos = [];
    const lanes = (sequence ? sequence.videos : []).map((about) => {
      const video = make("video", {
        muted: true, loop: true, playsInline: true, disablePictureInPicture: true,
        preload: "none", "aria-label": `${about.name}, ${sequence.name}`,
      });
      const frame = make("div", { class: "frame" }, video);
      video.address = about.address;
      video.wholeFrames = about.whole ? side.run.frames : 0;
      video.addEventListener("loadeddata", () => this.settle());
      video.addEventListener("error", () => {
        if (!video.hasAttribute("src")) return; // it was released
        side.videos = side.videos.filter((other) => other !== video);
        frame.replaceChildren(make("span", { class: "failed" }, "cannot be played"));
        this.settle();
      });
      side.videos.push(video);
      return make("figure", { class: "lane" }, frame, make("figcaption", {}, about.name));
    });
    side.lanes.replaceChildren(...lanes);
    this.frame = 0;
    if (this.loaded) side.videos.forEach(load);
    this.write();
  }

  get videos() {
    return this.sides.flatMap((side) => side.videos);
  }

  get ready() {
    return this.videos.length > 0 && this.videos.every((video) => video.readyState >= 2);
  }

  /** Whether all lengths are known, and with them the number of frames. */
  get known() {
    return this.videos.length > 0 && this.videos.every((video) => video.duration > 0);
  }

  /** Frames in a second: a whole clip has as many frames as its options say. */
  get rate() {
    const rates = this.videos
      .filter((video) => video.wholeFrames && video.duration > 0)
      .map((video) => video.wholeFrames / video.duration);
    return rates.length ? Math.max(...rates) : FRAMES_PER_SECOND;
  }

  get duration() {
    return Math.max(0, ...this.videos.map((video) => video.duration || 0));
  }

  get count() {
    return Math.max(1, Math.round(this.duration * this.rate));
  }

  load() {
    this.loaded = true;
    this.videos.forEach(load);
  }

  /** Give the memory of the videos back. Browsers play only some dozens at once. */
  release() {
    this.pause();
    this.loaded = false;
    this.videos.forEach(release);
  }

  /** After a video came or failed. */
  settle() {
    if (!this.playing && this.known) this.goTo(this.frame);
    this.write();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (!this.videos.length) return;
    players.forEach((other) => other !== this && other.pause());
    this.load();
    this.playing = true;
    this.time = undefined; // until all videos are loaded: only they know the rate
    this.before = undefined;
    this.request = requestAnimationFrame((now) => this.tick(now));
    this.write();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.request);
    this.videos.forEach((video) => video.pause());
    if (this.time !== undefined) this.frame = Math.floor(this.time * this.rate + 1e-6);
    this.goTo(this.frame);
  }

  /** Move the clock on, and each video that has left it. */
  tick(now) {
    this.request = requestAnimationFrame((later) => this.tick(later));
    const passed = this.before === undefined ? 0 : Math.min(0.1, (now - this.before) / 1000);
    this.before = now;
    if (!this.ready) return; // the clock waits for all videos
    this.time ??= this.frame / this.rate;
    this.time = (this.time + passed * this.speed) % this.duration;
    for (const video of this.videos) {
      const length = video.duration;
      let ahead = (this.time % length) - video.currentTime;
      if (ahead > length / 2) ahead -= length;
      if (ahead < -length / 2) ahead += length;
      if (Math.abs(ahead) > Math.min(CORRECTED, length / 4)) {
        if (!video.seeking) video.currentTime = this.time % length;
      } else {
        const pace = this.speed * (1 + Math.max(-0.2, Math.min(0.2, 2 * ahead)));
        if (Math.abs(pace - video.playbackRate) > 0.02) video.playbackRate = pace;
      }
      if (video.paused) video.play().catch(() => {}); // paused again before it began
    }
    this.frame = Math.floor(this.time * this.rate + 1e-6) % this.count;
    this.write();
  }

  /** Stand at a frame; each video shows the frame that the clock has there. */
  goTo(frame) {
    this.playing = false;
    cancelAnimationFrame(this.request);
    this.frame = ((frame % this.count) + this.count) % this.count;
    for (const video of this.videos) {
      video.pause();
      if (!(video.duration > 0)) continue;
      const own = Math.max(1, Math.round(video.duration * this.rate));
      video.currentTime = ((this.frame % own) + 0.5) * (video.duration / own); // in its middle
    }
    this.write();
  }

  step(frames) {
    if (this.playing) this.pause();
    if (this.known) this.goTo(this.frame + frames);
    else this.load();
  }

  setSpeed(speed) {
    this.speed = speed;
    this.speedChoice.selectedIndex = SPEEDS.indexOf(speed);
  }

  faster(steps) {
    const number = SPEEDS.indexOf(this.speed) + steps;
    this.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, number))]);
  }

  write() {
    this.playButton.textContent = this.playing ? "Pause" : "Play";
    this.slider.max = String(this.count - 1);
    this.slider.value = String(this.frame);
    this.at.textContent = this.duration ? `frame ${this.frame} of ${this.count}` : "";
  }
}

function load(video) {
  if (video.hasAttribute("src")) return;
  video.preload = "auto";
  video.src = video.address;
}

function release(video) {
  if (!video.hasAttribute("src")) return;
  video.removeAttribute("src");
  video.load();
}

const players = new Set();

/** Videos are loaded when they are about to be seen. */
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) target.player.load();
    else target.player.release();
  }
}, { rootMargin: "200px" });

function addPlayer(root, runs) {
  if (!runs.some((run) => run.sequences.length)) return;
  players.add(new Player(root, runs));
  watcher.observe(root);
}

// --- The list of runs ---

const cards = [...document.querySelectorAll(".run")];

function textOf(run) {
  return [run.name, run.place, run.experiment, ...run.facts, ...run.words].join("\n").toLowerCase();
}

const texts = RUNS.map(textOf);

/** Show the runs that have all the words and the experiment. */
function filter() {
  const words = $("text").value.toLowerCase().split(/\s+/).filter(Boolean);
  const experiment = $("experiment").value;
  let shown = 0;
  for (const card of cards) {
    const number = Number(card.dataset.run);
    const fits = (!experiment || RUNS[number].experiment === experiment)
      && words.every((word) => texts[number].includes(word));
    card.hidden = !fits;
    if (!fits) card.querySelector(".player").player?.pause();
    shown += fits;
  }
  const all = `${RUNS.length} run${RUNS.length === 1 ? "" : "s"}`;
  $("count").textContent = shown === RUNS.length ? all : `${shown} of ${all}`;
  $("none").hidden = shown > 0 || !RUNS.length;
}

/** Sort the runs. Those without the value come last, the newest first. */
function sort() {
  const key = $("sort").value;
  const down = key === "date" || key === "psnr";
  const compare = (one, other) => {
    const [a, b] = [RUNS[one.dataset.run], RUNS[other.dataset.run]];
    const byNumber = Number(one.dataset.run) - Number(other.dataset.run);
    if (key === "name") return a.name.localeCompare(b.name) || byNumber;
    if (a[key] === null || b[key] === null) {
      return (a[key] === null) - (b[key] === null) || byNumber;
    }
    return (down ? b[key] - a[key] : a[key] - b[key]) || byNumber;
  };
  $("runs").append(...cards.slice().sort(compare));
}

function reset() {
  $("text").value = "";
  $("experiment").value = "";
  filter();
  $("text").focus();
}

// --- Two runs side by side ---

let chosen = []; // cards, at most two, in the order in which they were chosen

function choose(card, isChosen) {
  chosen = chosen.filter((other) => other !== card);
  if (isChosen) chosen.push(card);
  if (chosen.length > 2) chosen.shift().querySelector(".choose input").checked = false;
  const names = chosen.map((one) => RUNS[one.dataset.run]).map((run) => `${run.name} (${run.place})`);
  $("chosen").hidden = !chosen.length;
  $("chosen").replaceChildren(
    make("span", {}, chosen.length < 2 ? `${names[0]}: choose a second run` : names.join(" and ")),
    make("button", { type: "button", id: "compare", disabled: chosen.length < 2, onclick: compare }, "Compare"),
    make("button", { type: "button", id: "clear", onclick: clear }, "Clear"),
  );
}

function clear() {
  chosen.forEach((card) => (card.querySelector(".choose input").checked = false));
  focusOnList();
  chosen = [];
  $("chosen").hidden = true;
}

/** Give the focus to the run that was chosen last, or to another one that is shown. */
function focusOnList() {
  const last = chosen.filter((card) => !card.hidden).pop() || document.querySelector(".run:not([hidden])");
  last?.scrollIntoView({ block: "nearest" });
  (last?.querySelector(".choose input") || $("text")).focus();
}

function compare() {
  const runs = chosen.map((card) => RUNS[card.dataset.run]);
  players.forEach((player) => player.pause());
  const heads = runs.map((run) => make("div", {},
    make("h3", {}, run.name),
    make("p", { class: "facts" }, run.place),
    make("p", { class: "facts" }, ...run.facts.map((fact) => make("span", {}, fact)))));
  const curves = chosen.map((card) => make("div", {}, card.querySelector(".plots").cloneNode(true)));
  const player = make("div", { class: "player" });
  $("comparison").replaceChildren(
    make("header", {},
      make("h2", { id: "comparison-title" }, "Two runs side by side"),
      make("button", { type: "button", id: "back", onclick: leave }, "Back to all runs")),
    make("div", { class: "pair" }, ...heads),
    player,
    table(runs, "scores"),
    make("div", { class: "pair" }, ...curves),
    table(runs, "options"),
    table(runs, "versions"),
  );
  $("comparison").hidden = false;
  for (const part of ["runs", "controls", "chosen", "none"]) $(part).hidden = true;
  addPlayer(player, runs);
  $("comparison").focus();
  window.scrollTo(0, 0);
}

/** A table of two runs. Rows that differ come first and are marked; the others can be unfolded. */
function table(runs, kind) {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run[kind])))];
  const value = (run, name) => (name in run[kind] ? run[kind][name] || "–" : "–");
  const differs = (name) => value(runs[0], name) !== value(runs[1], name);
  const row = (name) => make("tr", { class: differs(name) ? "differs" : "" },
    make("th", { scope: "row" }, name), ...runs.map((run) => make("td", {}, value(run, name))));
  const head = make("thead", {}, make("tr", {}, make("th", {}, ""),
    ...runs.map((run) => make("th", { scope: "col" }, run.place))));
  const rows = (some) =>
    make("table", { class: "both" }, head.cloneNode(true), make("tbody", {}, ...some.map(row)));
  const [unlike, alike] = [names.filter(differs), names.filter((name) => !differs(name))];
  const title = kind[0].toUpperCase() + kind.slice(1);
  const whole = make("section", { id: `compared-${kind}` }, make("h3", {}, title));
  if (unlike.length) whole.append(rows(unlike));
  if (alike.length) whole.append(make("details", {}, make("summary", {}, `${alike.length} alike`), rows(alike)));
  if (!names.length) whole.append("none");
  return whole;
}

function leave() {
  if ($("comparison").hidden) return;
  const root = $("comparison").querySelector(".player");
  if (root.player) {
    watcher.unobserve(root);
    root.player.release();
    players.delete(root.player);
  }
  $("comparison").hidden = true;
  $("comparison").replaceChildren();
  for (const part of ["runs", "controls"]) $(part).hidden = false;
  $("chosen").hidden = !chosen.length;
  filter();
  focusOnList();
}

// --- Keys ---

let used = null; // the player that was used last

/** The player that keys are meant for: where the focus is, the last one, or the first in sight. */
function current() {
  const around = document.activeElement?.closest(".run, #comparison")?.querySelector(".player");
  const inSight = (root) => {
    const { top, bottom, height } = root.getBoundingClientRect();
    return height > 0 && bottom > 0 && top < window.innerHeight;
  };
  if (around?.player) return around.player;
  if (used && players.has(used) && inSight(used.root)) return used;
  const roots = [...document.querySelectorAll(".player")]; // in the order of the page, which is sorted
  return roots.find((root) => root.player && inSight(root))?.player;
}

const KEYS = {
  " ": (player) => player.toggle(),
  k: (player) => player.toggle(),
  arrowleft: (player) => player.step(-1),
  ",": (player) => player.step(-1),
  arrowright: (player) => player.step(1),
  ".": (player) => player.step(1),
  "[": (player) => player.faster(-1),
  "]": (player) => player.faster(1),
};

document.addEventListener("keydown", (event) => {
  // Some keyboards have brackets only with AltGr (which is Ctrl and Alt) or Option (Alt).
  const bracket = (event.key === "[" || event.key === "]") && event.altKey && !event.metaKey;
  if (!bracket && (event.ctrlKey || event.altKey || event.metaKey)) return;
  if (event.key === "Escape") return leave();
  const own = event.target.matches?.("input:not([type=range]), select, textarea, [contenteditable]");
  const pressed = event.target.matches?.("button, summary, a, input[type=checkbox]");
  if (event.target.matches?.("input[type=checkbox]") ? event.key === " " : own) return;
  if (event.key === "/") {
    event.preventDefault();
    if (!$("controls").hidden) $("text").focus();
    return;
  }
  const key = event.key.toLowerCase(); // with Caps Lock too
  if (!(key in KEYS) || (pressed && key === " ")) return;
  if (event.key.startsWith("Arrow") && event.target.closest?.(".scroll")) return; // it scrolls
  const player = current();
  if (!player) return;
  event.preventDefault();
  used = player;
  KEYS[key](player);
});

document.addEventListener("click", (event) => {
  const root = event.target.closest(".player");
  if (root?.player) used = root.player;
});

// --- Copy ---

/** Copy the command line. Where the browser has no clipboard, select it. */
async function copy(button) {
  const text = button.parentElement.querySelector("pre");
  const say = (word) => {
    button.textContent = word;
    setTimeout(() => (button.textContent = "Copy"), 2000);
  };
  try {
    await navigator.clipboard.writeText(text.textContent);
    say("Copied");
  } catch {
    getSelection().selectAllChildren(text);
    say("Selected");
  }
}

// --- Theme ---

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function remembered() {
  try {
    return localStorage.getItem("gallery-theme") || "";
  } catch {
    return ""; // this browser remembers nothing for files
  }
}

$("theme").value = remembered();
setTheme($("theme").value);
$("theme").addEventListener("change", () => {
  setTheme($("theme").value);
  try {
    localStorage.setItem("gallery-theme", $("theme").value);
  } catch {
    // this browser remembers nothing for files
  }
});

// --- Start ---

for (const card of cards) {
  addPlayer(card.querySelector(".player"), [RUNS[card.dataset.run]]);
  const box = card.querySelector(".choose input");
  box.addEventListener("change", () => choose(card, box.checked));
  card.querySelectorAll(".copy").forEach((one) => one.addEventListener("click", () => copy(one)));
}
$("controls").addEventListener("submit", (event) => event.preventDefault());
$("text").addEventListener("input", filter);
$("experiment").addEventListener("change", filter);
$("sort").addEventListener("change", sort);
$("reset").addEventListener("click", reset);
sort();
filter();
