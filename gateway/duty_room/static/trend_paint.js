// Draws the trend on a canvas: readings as a line, many to a pixel as a band from lowest to highest, limits, gaps, crosshair.

import { indexAt, timeTicks, valueRange, valueTicks } from "/static/trend_scale.js";

const COLOURS = { red: "#ff5f57", orange: "#ff9f43", yellow: "#f0d24a", blue: "#63aeff" };
const LINE = "#b9c6cf", BAND = "rgba(150,172,188,0.30)", GRID = "#242b30", TEXT = "#8b969e", STRONG = "#e8edf0", BAD = "#c9a0dc";
const SUSPECT = 3;
const FONT = '12px system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif';
const MARGIN = { left: 56, right: 16, top: 12, bottom: 24 };

/** The plot's inner box and the way between moments, values and pixels. */
export function geometry(width, height, range, values, labels) {
  const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right - labels, MARGIN.top, height - MARGIN.bottom];
  const [start, end] = range, [low, high] = values;
  return {
    left, right, top, bottom,
    x: (time) => left + ((time - start) / (end - start)) * (right - left),
    y: (value) => bottom - ((value - low) / (high - low)) * (bottom - top),
    time: (x) => start + ((x - left) / (right - left)) * (end - start),
  };
}

/** Draw everything; return the geometry for the pointer to use. */
export function paint(context, width, height, view) {
  const { range, points, limits, words } = view;
  const values = valueRange(...extent(points, range), limits.map((limit) => limit.value));
  context.clearRect(0, 0, width, height);
  context.font = FONT;
  const labels = limits.map((limit) => context.measureText(`↑ ${limitText(limit, words)}`).width);
  const box = geometry(width, height, range, values, Math.max(0, ...labels));
  context.lineWidth = 1;
  drawWindow(context, box, view);
  drawValueGrid(context, box, values, view);
  drawTimeGrid(context, box, range, words);
  context.save();
  context.beginPath();
  context.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
  context.clip();
  drawGaps(context, box, view);
  drawReadings(context, box, view);
  context.restore();
  drawLimits(context, box, values, view);
  if (view.pointer !== null) drawCrosshair(context, box, view);
  return box;
}

function extent(points, [start, end]) {
  let [low, high] = [Infinity, -Infinity];
  for (let index = Math.max(0, indexAt(points.time, start) - 1); index < points.time.length && points.time[index] <= end; index += 1) {
    if (points.low[index] === null) continue;
    low = Math.min(low, points.low[index]);
    high = Math.max(high, points.high[index]);
  }
  return [low, high];
}

/** The time that a warning's evidence speaks of. */
function drawWindow(context, box, { window: marked }) {
  if (!marked) return;
  const [from, to] = [Math.max(box.left, box.x(marked.start)), Math.min(box.right, box.x(marked.end))];
  if (from >= to) return;
  context.fillStyle = "rgba(255,255,255,0.045)";
  context.fillRect(from, box.top, to - from, box.bottom - box.top);
  context.strokeStyle = COLOURS[marked.level] ?? TEXT;
  context.globalAlpha = 0.7;
  line(context, [from, box.top, from, box.bottom]);
  context.globalAlpha = 1;
}

function drawValueGrid(context, box, [low, high], { words, unit }) {
  const { ticks, decimals } = valueTicks(low, high, (box.bottom - box.top) / 34);
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of ticks) {
    const y = Math.round(box.y(value)) + 0.5;
    if (y < box.top - 1 || y > box.bottom + 1) continue;
    context.strokeStyle = GRID;
    line(context, [box.left, y, box.right, y]);
    context.fillStyle = TEXT;
    context.fillText(value.toFixed(decimals), box.left - 8, y);
  }
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillText(words.unit(unit), box.left + 6, box.top);
}

function drawTimeGrid(context, box, [start, end], words) {
  const { step, ticks } = timeTicks(start, end, (box.right - box.left) / 92, words.zoneOffset(start));
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const time of ticks) {
    const x = Math.round(box.x(time)) + 0.5;
    context.strokeStyle = GRID;
    line(context, [x, box.top, x, box.bottom]);
    const minute = words.minute(time);
    const isMidnight = minute === "00:00" && step >= 60_000;
    context.fillStyle = isMidnight ? STRONG : TEXT;
    context.fillText(step < 60_000 ? words.time(time) : isMidnight || step >= 86_400_000 ? words.day(time) : minute, x, box.bottom + 7);
  }
}

/** Where nothing was heard for longer than the channel promises. */
function drawGaps(context, box, { points, gapMs, range, now }) {
  context.fillStyle = "rgba(255,255,255,0.035)";
  const hatch = (from, to) => {
    const [a, b] = [Math.max(box.left, box.x(from)), Math.min(box.right, box.x(to))];
    if (b - a < 3) return;
    context.save();
    context.beginPath();
    context.rect(a, box.top, b - a, box.bottom - box.top);
    context.clip();
    context.strokeStyle = "rgba(255,255,255,0.06)";
    context.beginPath();
    for (let x = a - (box.bottom - box.top); x < b; x += 9) {
      context.moveTo(x, box.bottom);
      context.lineTo(x + (box.bottom - box.top), box.top);
    }
    context.stroke();
    context.restore();
  };
  if (points.isLoading) return;
  let last = range[0];
  const first = Math.max(0, indexAt(points.time, range[0]) - 1);
  for (let index = first; index < points.time.length && last < range[1]; index += 1) {
    if (points.time[index] - last > gapMs && (index > first || points.time[index] > range[0])) hatch(last, points.time[index]);
    last = Math.max(last, points.end[index]);
  }
  const until = Math.min(range[1], now);
  if (until - last > gapMs) hatch(last, until);
}

function drawReadings(context, box, { points, range, gapMs }) {
  const first = Math.max(0, indexAt(points.time, range[0]) - 1);
  const runs = [[]];
  let before = null;
  for (let index = first; index < points.time.length; index += 1) {
    if (before !== null && (points.value[index] === null || points.time[index] - points.end[before] > gapMs)) runs.push([]);
    before = points.value[index] === null ? null : index;
    if (before !== null) runs.at(-1).push(index);
    if (points.time[index] > range[1]) break;
  }
  for (const run of runs) drawRun(context, box, points, run);
  drawDoubtful(context, box, points, range);
}

function drawRun(context, box, points, run) {
  const middle = (index) => box.x((points.time[index] + points.end[index]) / 2);
  if (run.some((index) => points.high[index] > points.low[index])) {
    context.fillStyle = BAND;
    context.beginPath();
    run.forEach((index) => context.lineTo(middle(index), box.y(points.high[index]) - 0.5));
    [...run].reverse().forEach((index) => context.lineTo(middle(index), box.y(points.low[index]) + 0.5));
    context.fill();
  }
  context.strokeStyle = LINE;
  context.lineWidth = 1.4;
  context.lineJoin = "round";
  context.beginPath();
  run.forEach((index) => context.lineTo(middle(index), box.y(points.value[index])));
  context.stroke();
  context.lineWidth = 1;
  const isSparse = run.length && (box.right - box.left) / run.length > 14;
  if (run.length === 1 || isSparse) {
    context.fillStyle = LINE;
    for (const index of run) dot(context, middle(index), box.y(points.value[index]), 2);
  }
}

/** Suspect readings get a ring: they are shown, not believed. Failed ones have no height, only a mark at the foot. */
function drawDoubtful(context, box, points, [start, end]) {
  context.strokeStyle = BAD;
  for (let index = indexAt(points.time, start); index < points.time.length && points.time[index] <= end; index += 1) {
    const x = box.x((points.time[index] + points.end[index]) / 2);
    if (points.quality[index] === SUSPECT && points.value[index] !== null) {
      context.beginPath();
      context.arc(x, box.y(points.value[index]), 3.5, 0, 7);
      context.stroke();
    } else if (points.quality[index] > SUSPECT) line(context, [x, box.bottom - 7, x, box.bottom]);
  }
}

function limitText({ level, value }, words) {
  return `${words.level(level)} ${Number(value.toPrecision(6))}`;
}

function drawLimits(context, box, [low, high], { limits, words }) {
  context.textBaseline = "middle";
  context.textAlign = "left";
  const used = [];
  const label = (limit, mark, y, step) => {
    let clear = y;
    while (used.some((other) => Math.abs(other - clear) < 14)) clear += step;
    used.push(clear);
    context.fillStyle = COLOURS[limit.level];
    context.fillText(mark + limitText(limit, words), box.right + 6, clear);
  };
  const rising = [...limits].sort((one, other) => one.value - other.value);
  // A limit out of sight is named at the edge it lies beyond.
  for (const limit of rising.filter(({ value }) => value > high).reverse()) label(limit, "↑ ", box.top + 6, 15);
  for (const limit of rising.filter(({ value }) => value < low)) label(limit, "↓ ", box.bottom - 4, -15);
  for (const limit of rising.filter(({ value }) => value >= low && value <= high)) {
    const y = box.y(limit.value);
    context.strokeStyle = COLOURS[limit.level];
    context.setLineDash([6, 5]);
    context.globalAlpha = 0.7;
    line(context, [box.left, y, box.right, y]);
    context.globalAlpha = 1;
    context.setLineDash([]);
    label(limit, "", y, y > (box.top + box.bottom) / 2 ? -15 : 15);
  }
}

function drawCrosshair(context, box, { points, pointer, words, unit }) {
  const x = Math.min(box.right, Math.max(box.left, pointer));
  const time = box.time(x);
  context.strokeStyle = "rgba(232,237,240,0.35)";
  line(context, [Math.round(x) + 0.5, box.top, Math.round(x) + 0.5, box.bottom]);
  const index = nearest(points, time);
  const lines = [words.full(index === null ? time : points.time[index])];
  if (index !== null) {
    const quality = points.quality[index] >= SUSPECT ? ` · ${words.say(`quality.${points.quality[index]}`)}` : "";
    lines.push(words.value(points.value[index], unit) + quality);
    if (points.high[index] > points.low[index]) lines.push(`${words.number(points.low[index])} – ${words.number(points.high[index])}`);
    if (points.value[index] !== null) {
      context.fillStyle = STRONG;
      dot(context, box.x((points.time[index] + points.end[index]) / 2), box.y(points.value[index]), 3.5);
    }
  }
  const width = Math.max(...lines.map((text) => context.measureText(text).width)) + 18;
  const left = x + width + 14 > box.right ? x - width - 12 : x + 12;
  context.fillStyle = "rgba(32,38,43,0.96)";
  context.strokeStyle = "#4a555d";
  context.beginPath();
  context.roundRect(left, box.top + 6, width, lines.length * 18 + 10, 6);
  context.fill();
  context.stroke();
  context.textAlign = "left";
  context.textBaseline = "top";
  lines.forEach((text, row) => {
    context.fillStyle = row === 1 ? STRONG : TEXT;
    context.fillText(text, left + 9, box.top + 13 + row * 18);
  });
}

function nearest(points, time) {
  const after = indexAt(points.time, time);
  const candidates = [after - 1, after].filter((index) => index >= 0 && index < points.time.length);
  if (!candidates.length) return null;
  return candidates.reduce((best, index) => (Math.abs(points.time[index] - time) < Math.abs(points.time[best] - time) ? index : best));
}

function line(context, [x0, y0, x1, y1]) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

function dot(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 7);
  context.fill();
}
