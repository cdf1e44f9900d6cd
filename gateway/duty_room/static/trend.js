// The trend of one channel: which time is shown, fetching it, moving in it, and going on live at its end.

import { byId, element, setText } from "/static/dom.js";
import { listenToMoves } from "/static/trend_moves.js";
import { paint } from "/static/trend_paint.js";
import { append, counted, noPoints, ofBuckets, ofRows } from "/static/trend_points.js";

const MINUTE = 60_000, HOUR = 60 * MINUTE;
const RANGES = { "10m": 10 * MINUTE, "1h": HOUR, "6h": 6 * HOUR, "24h": 24 * HOUR, "7d": 7 * 24 * HOUR };
const SHORTEST_WINDOW = 20 * MINUTE;
const SHORTEST = 10_000, LONGEST = 400 * 24 * HOUR;
const FETCH_WAIT_MS = 120;
const REFRESH_MS = 60_000;

export class Trend {
  constructor(store, words) {
    this._store = store;
    this._words = words;
    this._canvas = byId("trend");
    this._channel = null;
    this._length = HOUR;
    this._end = null;
    this._window = null;
    this._points = noPoints();
    this._pointer = null;
    this._box = null;
    this._asked = 0;
    this._fetchedAt = 0;
    this._isQueued = false;
    this._grown = 1;
    new ResizeObserver(() => this._moved()).observe(this._canvas);
    listenToMoves(this._canvas, {
      timeAt: (x) => this._box?.time(x / this._grown),
      point: (x) => { this._pointer = x === null ? null : x / this._grown; this._draw(); },
      zoom: (factor, at) => this._zoom(factor, at ?? (this._range[0] + this._range[1]) / 2),
      pan: (milliseconds) => this._pan(milliseconds),
      step: (share) => this._pan(this._length * share),
      now: (length) => this._follow(length),
    });
    store.on("values", (changed) => this._channel && changed.includes(this._channel.id) && this._append());
  }

  /** Show a channel; with a window, the time that a warning's evidence speaks of. */
  async show(id, marked = null) {
    this._channel = this._store.channels.get(id) ?? null;
    this._window = marked;
    this._points = noPoints();
    if (marked) {
      const now = this._store.now();
      const margin = Math.max(10 * MINUTE, (marked.end - marked.start) * 0.25);
      this._end = marked.isOpen ? null : Math.min(now, marked.end + margin);
      this._length = Math.max(SHORTEST_WINDOW, (this._end ?? now) - marked.from, (this._end ?? now) - marked.start + margin);
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
    if (!Number.isFinite(milliseconds)) return;
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
      channel: this._channel.id,
      start: new Date(start - margin).toISOString(),
      end: new Date(end + margin).toISOString(),
      buckets: String(Math.min(4000, width)),
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
    append(this._points, this._store.values.get(this._channel.id));
    this._draw();
  }

  _limits() {
    // Rungs of a rate or a shift are no heights beside the values.
    const drawn = this._channel.ladders.filter((ladder) => ladder.of === "value");
    return drawn.flatMap((ladder) => Object.entries(ladder.rungs).map(([level, value]) => ({ level, value })));
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
    const [width, height] = [canvas.clientWidth / this._grown, canvas.clientHeight / this._grown];
    const ratio = (window.devicePixelRatio || 1) * this._grown;
    if (!this._channel || width < 160 || height < 60) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const [range, points, now] = [this._range, this._points, this._store.now()];
    // A bucket wider than the reporting period says nothing of gaps inside it.
    const bucketMs = points.bucketMs ?? 0;
    this._box = paint(context, width, height, {
      range, points, words: this._words, unit: this._channel.unit, limits: this._limits(), pointer: this._pointer, now,
      gapMs: Math.max(this._channel.fresh_seconds * 1000, 2 * bucketMs),
      window: this._window && { ...this._window, end: this._window.isOpen ? now : this._window.end },
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
    const button = (key, isPressed, onclick) => element("button", {
      type: "button", text: this._words.say(`range.${key}`), "aria-pressed": String(isPressed), onclick,
    });
    byId("ranges").replaceChildren(
      ...Object.entries(RANGES).map(([key, length]) => button(key, length === this._length, () => this._follow(length))),
      button("now", this._end === null, () => this._follow()));
  }
}
