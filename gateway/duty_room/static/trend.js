// The trend of one channel: which time is shown, fetching it, moving in it, and going on live at its end.

import { byId, element, setText } from "/static/dom.js";
import { paint } from "/static/trend_paint.js";

const MINUTE = 60_000, HOUR = 60 * MINUTE;
const RANGES = { "10m": 10 * MINUTE, "1h": HOUR, "6h": 6 * HOUR, "24h": 24 * HOUR, "7d": 7 * 24 * HOUR };
const SHORTEST = 10_000, LONGEST = 400 * 24 * HOUR;
const FETCH_WAIT_MS = 120;
const REFRESH_MS = 60_000;
const FAILED = 4;
const NOTHING = () => ({ time: [], end: [], value: [], low: [], high: [], quality: [], rows: [], isLoading: true });

export class Trend {
  constructor(store, words) {
    this._store = store;
    this._words = words;
    this._canvas = byId("trend");
    this._channel = null;
    this._length = HOUR;
    this._end = null;
    this._window = null;
    this._points = NOTHING();
    this._pointer = null;
    this._box = null;
    this._asked = 0;
    this._fetchedAt = 0;
    this._isQueued = false;
    this._grown = 1;
    new ResizeObserver(() => this._moved()).observe(this._canvas);
    this._listen();
    store.on("values", (changed) => this._channel && changed.includes(this._channel.id) && this._append());
  }

  /** Show a channel; with a window, the time that a warning's evidence speaks of. */
  async show(id, marked = null) {
    this._channel = this._store.channels.get(id) ?? null;
    this._window = marked;
    this._points = NOTHING();
    if (marked) {
      const now = this._store.now();
      const margin = Math.max(10 * MINUTE, (marked.end - marked.start) * 0.25);
      this._end = marked.isOpen ? null : Math.min(now, marked.end + margin);
      this._length = Math.max(HOUR, (this._end ?? now) - marked.start + margin);
    }
    await this._fetch();
  }

  get channel() { return this._channel; }

  /** One second has passed. */
  second() {
    if (this._end === null) {
      if (performance.now() - this._fetchedAt > REFRESH_MS) this._fetch();
      this._draw();
    }
  }

  /** Draw again in another language. */
  draw() {
    this._drawRanges();
    this._draw();
  }

  get _range() {
    const end = this._end ?? this._store.now() + this._length * 0.01;
    return [end - this._length, end];
  }

  _follow(length = this._length) {
    this._length = length;
    this._end = null;
    this._moved();
  }

  _zoom(factor, at) {
    const [start, end] = this._range;
    const length = Math.min(LONGEST, Math.max(SHORTEST, this._length * factor));
    // Who zooms out of the present, or into its last moments, wants to keep it.
    const isKept = this._end === null && (factor > 1 || at > end - (end - start) * 0.15);
    if (!isKept) this._end = at + ((end - at) / (end - start)) * length;
    if (this._end !== null && this._end >= this._store.now()) this._end = null;
    this._length = length;
    this._moved();
  }

  _pan(milliseconds) {
    const end = this._range[1] + milliseconds;
    this._end = end >= this._store.now() ? null : end;
    this._moved();
  }

  _moved() {
    this._draw();
    clearTimeout(this._waiting);
    this._waiting = setTimeout(() => this._fetch(), FETCH_WAIT_MS);
  }

  async _fetch() {
    if (!this._channel) return;
    this._asked += 1;
    const asked = this._asked;
    const [start, end] = this._range;
    const margin = (end - start) * 0.25;
    const width = Math.max(100, Math.round(this._canvas.clientWidth * 1.5));
    const query = new URLSearchParams({
      channel: this._channel.id, start: new Date(start - margin).toISOString(), end: new Date(end + margin).toISOString(), buckets: String(Math.min(4000, width)),
    });
    this._drawRanges();
    this._fetchedAt = performance.now();
    try {
      const answer = await fetch(`/api/v1/history?${query}`);
      const body = await answer.json();
      if (asked !== this._asked) return;
      if (!answer.ok) throw new Error(body.detail ?? answer.statusText);
      this._points = body.rows ? ofRows(body.rows) : ofBuckets(body.buckets);
      this._append();
    } catch (fault) {
      if (asked === this._asked) setText(byId("trend-note"), this._words.say("trend.failed", { reason: fault.message }));
    }
    this._draw();
  }

  /** Go on with what was just heard. */
  _append() {
    const [newest, points] = [this._store.values.get(this._channel.id), this._points];
    if (newest && !points.isLoading && (points.time.length === 0 || newest.time > points.end.at(-1))) {
      points.time.push(newest.time);
      points.end.push(newest.time);
      for (const each of [points.value, points.low, points.high]) each.push(newest.value);
      points.quality.push(newest.quality);
      points.rows.push(1);
    }
    this._draw();
  }

  _limits() {
    return this._channel.ladders.flatMap((ladder) => Object.entries(ladder.rungs).map(([level, value]) => ({ level, value })));
  }

  _draw() {
    if (this._isQueued) return;
    this._isQueued = true;
    requestAnimationFrame(() => { this._isQueued = false; this._paint(); });
  }

  _paint() {
    const canvas = this._canvas;
    // On a wall the whole page grows with its root font, and the drawing with it.
    this._grown = parseFloat(getComputedStyle(document.documentElement).fontSize) / 15;
    const [width, height, ratio] = [canvas.clientWidth / this._grown, canvas.clientHeight / this._grown, (window.devicePixelRatio || 1) * this._grown];
    if (!this._channel || width < 160 || height < 60) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const range = this._range;
    const points = this._points;
    // A bucket wider than the reporting period says nothing of gaps inside it.
    const bucketMs = points.bucketMs ?? 0;
    this._box = paint(context, width, height, {
      range, points, words: this._words, unit: this._channel.unit, limits: this._limits(), pointer: this._pointer, now: this._store.now(),
      gapMs: Math.max(this._channel.fresh_seconds * 1000, 2 * bucketMs), window: this._window && { ...this._window, end: this._window.isOpen ? this._store.now() : this._window.end },
    });
    this._foot(range, points);
  }

  _foot([start, end], points) {
    const words = this._words;
    setText(byId("trend-range"), `${words.full(start)} – ${words.full(Math.min(end, this._store.now()))}`);
    const count = counted(points, start, end);
    const note = points.isLoading ? "trend.loading" : count === 0 ? "trend.nothing" : points.bucketMs ? "trend.shrunk" : "trend.rows";
    setText(byId("trend-note"), words.say(note, { n: count }));
  }

  _drawRanges() {
    const button = (key, isPressed, onclick) => element("button", { type: "button", text: this._words.say(`range.${key}`), "aria-pressed": String(isPressed), onclick });
    byId("ranges").replaceChildren(
      ...Object.entries(RANGES).map(([key, length]) => button(key, length === this._length, () => { this._window = null; this._follow(length); })),
      button("now", this._end === null, () => this._follow()));
  }

  _listen() {
    const canvas = this._canvas;
    let dragged = null;
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (this._box) this._zoom(1.0015 ** event.deltaY, this._box.time(event.offsetX / this._grown));
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => { dragged = event.offsetX / this._grown; canvas.setPointerCapture(event.pointerId); canvas.classList.add("is-moving"); });
    canvas.addEventListener("pointerup", () => { dragged = null; canvas.classList.remove("is-moving"); });
    canvas.addEventListener("pointermove", (event) => {
      this._pointer = event.offsetX / this._grown;
      if (dragged !== null && this._box) {
        const moved = this._box.time(dragged) - this._box.time(this._pointer);
        dragged = this._pointer;
        if (moved) this._pan(moved);
      } else this._draw();
    });
    canvas.addEventListener("pointerleave", () => { this._pointer = null; this._draw(); });
    canvas.addEventListener("dblclick", () => this._follow(HOUR));
    canvas.addEventListener("keydown", (event) => {
      const [start, end] = this._range;
      const act = { ArrowLeft: () => this._pan(-(end - start) / 5), ArrowRight: () => this._pan((end - start) / 5), "+": () => this._zoom(0.7, (start + end) / 2), "=": () => this._zoom(0.7, (start + end) / 2), "-": () => this._zoom(1.4, (start + end) / 2), Home: () => this._follow() }[event.key];
      if (act) { event.preventDefault(); act(); }
    });
  }
}

function counted({ time, rows }, start, end) {
  return rows.reduce((sum, count, index) => sum + (time[index] >= start && time[index] <= end ? count : 0), 0);
}

function ofRows(rows) {
  const value = rows.value.map((each, index) => (rows.quality[index] >= FAILED ? null : each));
  return {
    time: rows.time_ms, end: [...rows.time_ms], value, low: [...value], high: [...value], quality: rows.quality, rows: rows.time_ms.map(() => 1),
  };
}

function ofBuckets(buckets) {
  return {
    time: buckets.start_ms, end: buckets.end_ms, value: buckets.last, low: buckets.low, high: buckets.high, quality: buckets.worst_quality,
    rows: buckets.rows, bucketMs: buckets.start_ms.length ? buckets.end_ms[0] - buckets.start_ms[0] : 0,
  };
}
