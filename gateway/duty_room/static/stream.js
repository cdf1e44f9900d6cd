// Where a page hears the gateway: from the worker that all tabs share, or, where a browser has none, by itself.
// A page that listens by itself lets go while it is hidden, because a browser allows six connections to one origin.

import { Source } from "/static/source.js";

export class Stream {
  /** `onLife` is called when another life of the gateway speaks; the worker is one of its own for each version. */
  constructor(store, version, onLife) {
    this._store = store;
    this._version = version;
    this._onLife = onLife;
    this._place = "";
    this._isAlone = false;
  }

  open() {
    try {
      this._share(new SharedWorker("/static/stream_worker.js", { type: "module", name: `lifeline ${this._version}` }));
    } catch {
      this._listenAlone();
    }
  }

  _share(worker) {
    const { port } = worker;
    worker.addEventListener("error", () => this._listenAlone());
    port.addEventListener("message", ({ data: { name, data, place, silence } }) => {
      port.postMessage("heard");
      this._hear(name, data, place, silence);
    });
    port.start();
    const tell = (word) => () => port.postMessage(word);
    // A closed tab says nothing by itself, and what is sent to a frozen one would only pile up.
    window.addEventListener("pagehide", tell("leave"));
    window.addEventListener("pageshow", (event) => event.persisted && port.postMessage("join"));
    document.addEventListener("freeze", tell("leave"));
    document.addEventListener("resume", tell("join"));
    port.postMessage("join");
  }

  _listenAlone() {
    if (this._isAlone) return;
    this._isAlone = true;
    const source = new Source((name, data, place) => this._hear(name, data, place));
    const follow = () => (document.hidden ? source.close() : source.open());
    document.addEventListener("visibilitychange", follow);
    follow();
  }

  _hear(name, data, place, silence = 0) {
    const life = (text) => text.slice(0, text.lastIndexOf("-"));
    const isAnother = this._place !== "" && life(place) !== life(this._place);
    this._place = place;
    if (isAnother) this._onLife();
    this._store.take(name, data, silence);
  }
}
