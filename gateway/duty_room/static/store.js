// What the page knows, and who is told when it changes.
// Rule: a snapshot may be newer than the frames after it, so an older time or a lower revision never replaces a newer one.

export const STALE_AFTER_MS = 5_000;
const FAILED = 4;
const RANK = { red: 4, orange: 3, yellow: 2, blue: 1, none: 0 };

export class Store {
  constructor() {
    this.site = null;
    this.channels = new Map();
    this.values = new Map();
    this.warnings = new Map();
    this.late = new Map();
    this.vitals = null;
    this._offsetMs = 0;
    this._heardAt = null;
    this._listeners = new Map();
  }

  on(name, listener) {
    this._listeners.set(name, [...(this._listeners.get(name) ?? []), listener]);
  }

  emit(name, what) {
    for (const listener of this._listeners.get(name) ?? []) listener(what);
  }

  /** The site's time, by the gateway's clock. */
  now() { return Date.now() + this._offsetMs; }

  /** Milliseconds since the gateway was last heard; null before the first time. */
  silence() { return this._heardAt === null ? null : performance.now() - this._heardAt; }

  setChannels(channels) {
    this.channels = new Map(channels.map((channel) => [channel.id, channel]));
    for (const { id, latest } of channels) if (latest) this._keepValue(id, [latest.time_ms, latest.value, latest.quality]);
    this.emit("channels");
  }

  siblings(channel) { return [...this.channels.values()].filter((other) => other.asset === channel.asset); }

  /** Take in one event of the stream; `silence` is how many milliseconds ago it was heard by whoever passes it on. */
  take(name, data, silence = 0) {
    if (name === "snapshot") this._takeSnapshot(data, silence);
    else if (name === "tick") this._takeTick(data);
    else if (name === "warning") this.takeWarning(data);
    else if (name === "late") this._takeLate(data);
  }

  /** All that the stream has told, for somebody who comes later. */
  snapshot() {
    return {
      values: Object.fromEntries([...this.values].map(([id, { time, value, quality }]) => [id, [time, value, quality]])),
      vitals: this.vitals, warnings: [...this.warnings.values()], late: [...this.late.values()],
    };
  }

  _takeSnapshot(snapshot, silence) {
    this._hear(snapshot.vitals, silence);
    this.warnings = new Map(snapshot.warnings.map((warning) => [warning.id, warning]));
    this.late = new Map(snapshot.late.map((finding) => [finding.id, finding]));
    this._takeValues(snapshot.values);
    this.emit("warnings");
    this.emit("late");
    this.emit("vitals");
  }

  _takeTick(tick) {
    this._hear(tick.vitals);
    this._takeValues(tick.values);
    this.emit("vitals");
  }

  takeWarning(warning) {
    const held = this.warnings.get(warning.id);
    if (held && held.revision > warning.revision) return;
    if (warning.state === "closed") this.warnings.delete(warning.id);
    else this.warnings.set(warning.id, warning);
    // A late finding that goes on has become this warning.
    if (warning.finding_ids.filter((id) => this.late.delete(id)).length) this.emit("late");
    this.emit("warnings", warning);
  }

  _takeLate(finding) {
    this.late.set(finding.id, finding);
    this.emit("late");
  }

  /** Open warnings, first what a person must look at first; the server sorts the same way. */
  sortedWarnings() {
    return [...this.warnings.values()].sort((one, other) =>
      Number(other.needs_acknowledgement) - Number(one.needs_acknowledgement)
      || RANK[other.level] - RANK[one.level]
      || RANK[other.peak_level] - RANK[one.peak_level]
      || Date.parse(other.changed) - Date.parse(one.changed)
      || (one.id < other.id ? -1 : 1));
  }

  isStale(id) {
    const [channel, value] = [this.channels.get(id), this.values.get(id)];
    return !channel || !value || this.now() - value.time > channel.fresh_seconds * 1000;
  }

  _hear(vitals, silence = 0) {
    this.vitals = vitals;
    this._heardAt = performance.now() - silence;
    this._offsetMs = vitals.now_ms + silence - Date.now();
  }

  _takeValues(values) {
    const changed = Object.entries(values).filter(([id, row]) => this._keepValue(id, row)).map(([id]) => id);
    if (changed.length) this.emit("values", changed);
  }

  _keepValue(id, [time, value, quality]) {
    const held = this.values.get(id);
    if (held && held.time > time) return false;
    // A failed reading is no value, however much it looks like one.
    this.values.set(id, { time, value: quality >= FAILED ? null : value, quality });
    return true;
  }
}
