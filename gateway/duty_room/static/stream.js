// Keeps one event stream to the gateway: goes on where it was cut off, and lets go of it while nobody looks.
// A browser allows six connections to one origin, so a hidden page must not hold one.

const RETRY_MS = 2_000;

export class Stream {
  constructor(store, onLife) {
    this._store = store;
    this._onLife = onLife;
    this._place = "";
    this._source = null;
    document.addEventListener("visibilitychange", () => (document.hidden ? this._close() : this.open()));
  }

  open() {
    if (this._source) return;
    const source = new EventSource(`/api/v1/stream?after=${encodeURIComponent(this._place)}`);
    this._source = source;
    const hear = (name, take) => source.addEventListener(name, (event) => {
      this._goOnAt(event.lastEventId);
      take(JSON.parse(event.data));
    });
    hear("snapshot", (data) => this._store.takeSnapshot(data));
    hear("tick", (data) => this._store.takeTick(data));
    hear("warning", (data) => this._store.takeWarning(data));
    hear("late", (data) => this._store.takeLate(data));
    source.addEventListener("error", () => {
      // The browser tries again by itself unless the answer was no stream at all.
      if (source.readyState !== EventSource.CLOSED || this._source !== source) return;
      this._close();
      setTimeout(() => document.hidden || this.open(), RETRY_MS);
    });
  }

  _close() {
    this._source?.close();
    this._source = null;
  }

  _goOnAt(place) {
    const life = (text) => text.slice(0, text.lastIndexOf("-"));
    if (this._place && life(place) !== life(this._place)) this._onLife();
    this._place = place;
  }
}
