// Listens to the gateway: goes on where it was cut off, and asks anew when a stream has gone quiet without an end.
// Rule: a tick comes every second, so a stream that says nothing for long is dead, whatever the browser believes.

const NAMES = ["snapshot", "tick", "warning", "late"];
const LOOK_MS = 2_000, QUIET_MS = 15_000;

export class Source {
  /** `hear` is told the name of each event, its data, and its place in the stream. */
  constructor(hear) {
    this._hear = hear;
    this._place = "";
    this._events = null;
    this._heardAt = 0;
    this._isWanted = false;
    setInterval(() => this._look(), LOOK_MS);
  }

  open() {
    this._isWanted = true;
    if (!this._events) this._connect();
  }

  close() {
    this._isWanted = false;
    this._drop();
  }

  _connect() {
    const events = new EventSource(`/api/v1/stream?after=${encodeURIComponent(this._place)}`);
    this._events = events;
    this._heardAt = performance.now();
    for (const name of NAMES) {
      events.addEventListener(name, (event) => {
        this._heardAt = performance.now();
        this._place = event.lastEventId;
        this._hear(name, JSON.parse(event.data), this._place);
      });
    }
    // The browser tries again by itself unless the answer was no stream at all.
    events.addEventListener("error", () => {
      if (events.readyState === EventSource.CLOSED && this._events === events) this._drop();
    });
  }

  _drop() {
    this._events?.close();
    this._events = null;
  }

  _look() {
    if (!this._isWanted) return;
    if (this._events && performance.now() - this._heardAt > QUIET_MS) this._drop();
    if (!this._events) this._connect();
  }
}
