"use strict";
// Shows the frames of the model at the rate of its clip. The page asks for each frame, so the
// server makes no frame that nobody sees.

const MODEL = JSON.parse(document.getElementById("model").textContent);
const AHEAD = 2; // frames that are asked for or wait to be shown
const LATE = 250; // milliseconds; after a longer pause the clock starts anew
const OFTEN = 100; // milliseconds between two messages of a slider
const MEASURED = 2000; // milliseconds over which the pace is measured
const at = (id) => document.getElementById(id);

const canvas = at("video");
const picture = canvas.getContext("2d", { alpha: false });
canvas.width = canvas.height = MODEL.side;

const live = {
  playing: true, ended: false, frame: 0, asked: 0, waiting: [], drawing: false, single: 0,
  due: 0, times: [],
};

const socket = new WebSocket(`ws://${location.host}/socket`);
socket.binaryType = "blob";
socket.onopen = ask;
socket.onmessage = (message) => {
  if (typeof message.data === "string") {
    report(JSON.parse(message.data));
  } else {
    live.asked -= 1;
    live.waiting.push(createImageBitmap(message.data));
  }
};
socket.onclose = (event) => {
  live.ended = true;
  at("ended").textContent = event.reason
    ? `The connection is closed: ${event.reason}`
    : "The program has ended, the connection is lost, or too many pages are open. Load this page again to try.";
  at("ended").hidden = false;
  document.querySelectorAll("button, input, select").forEach((one) => { one.disabled = true; });
};

function tell(name, values = {}) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ name, ...values }));
}

function ask() {
  while (socket.readyState === WebSocket.OPEN && live.asked + live.waiting.length < AHEAD) {
    live.asked += 1;
    tell("frame");
  }
}

// --- The clock ---

function sequence() {
  return MODEL.sequences[Number(at("sequence").value)];
}

function interval() {
  const speed = Number(at("speed").value);
  return speed ? 1000 / (sequence().rate * speed) : 0;
}

async function show(now) {
  live.drawing = true;
  const bitmap = await live.waiting.shift();
  picture.drawImage(bitmap, 0, 0);
  bitmap.close();
  live.drawing = false;
  live.frame += 1;
  live.times.push(now);
  ask();
}

function tick(now) {
  const wanted = live.single > 0 || (live.playing && now >= live.due);
  if (wanted && live.waiting.length && !live.drawing) {
    if (live.single > 0) live.single -= 1;
    live.due = (now - live.due > LATE ? now : live.due) + interval();
    show(now);
  }
  while (live.times.length && live.times[0] < now - MEASURED) live.times.shift();
  requestAnimationFrame(tick);
}
requestAnimationFrame(tick);

setInterval(() => {
  const times = live.times;
  const pace = times.length > 1 ? (1000 * (times.length - 1)) / (times.at(-1) - times[0]) : 0;
  live.pace = pace;
  const word = live.playing ? `${pace.toFixed(1)} frames a second` : "paused";
  if (live.frame) at("pace").textContent = word;
  at("count").textContent = live.frame ? `frame ${live.frame} · ${MODEL.side}×${MODEL.side}` : "";
}, 250);

function play(playing) {
  live.playing = playing;
  at("play").textContent = playing ? "Pause" : "Play";
  if (playing) live.due = 0;
}

// --- The controls ---

// Calls `send` at most once in OFTEN milliseconds, and always with the last value.
function seldom(send) {
  let timer = 0, again = false;
  const later = () => {
    timer = 0;
    if (again) run();
  };
  const run = () => {
    again = Boolean(timer);
    if (timer) return;
    send();
    timer = setTimeout(later, OFTEN);
  };
  return run;
}

function whole(input, fallback) {
  const value = Math.round(Number(input.value));
  const fits = input.value !== "" && value >= Number(input.min) && value <= Number(input.max);
  input.value = fits ? value : fallback;
  return Number(input.value);
}

function shape() {
  canvas.style.setProperty("--proportions", sequence().proportions);
}

function restart() {
  shape();
  tell("restart", { sequence: Number(at("sequence").value), seed: whole(at("seed"), 0) });
  live.waiting.splice(0).forEach((one) => one.then((bitmap) => bitmap.close()));
  live.frame = 0;
  if (!live.playing) live.single = 1;
  ask();
}

const noise = seldom(() => tell("noise", { scale: Number(at("noise").value) }));
const appearance = seldom(() => tell("appearance", {
  first: Number(at("first").value),
  second: Number(at("second").value),
  share: Number(at("share").value),
}));

function label(name) {
  at(`${name}-value`).textContent = Number(at(name).value).toFixed(2);
}

at("play").onclick = () => play(!live.playing);
at("step").onclick = () => { play(false); live.single = 1; };
at("noise").oninput = () => { label("noise"); noise(); };
at("sequence").onchange = restart;
at("seed").onchange = restart;
at("restart").onclick = restart;
at("reseed").onclick = () => {
  at("seed").value = crypto.getRandomValues(new Uint32Array(1))[0];
  restart();
};
if (at("appearance")) {
  at("first").onchange = at("second").onchange = appearance;
  at("share").oninput = () => { label("share"); appearance(); };
}
at("record").onclick = () => {
  at("record").disabled = true;
  at("recorded").className = "";
  at("recorded").textContent = "is being written";
  tell("record", { seconds: whole(at("seconds"), 10) });
};

function report(answer) {
  at("record").disabled = false;
  at("recorded").className = answer.name;
  at("recorded").textContent = answer.name === "recorded"
    ? `${answer.frames} frames in ${answer.path}`
    : answer.reason;
}

document.querySelector("form").onsubmit = (event) => event.preventDefault();
document.onkeydown = (event) => {
  if (live.ended || event.target.closest("input, select") || event.ctrlKey || event.metaKey) return;
  if (event.key === " " && event.target.closest("button")) return; // it presses the button
  if (event.key === " ") play(!live.playing);
  else if (event.key === ".") at("step").click();
  else return;
  event.preventDefault();
};
shape();
