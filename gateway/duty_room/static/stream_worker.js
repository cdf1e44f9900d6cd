// One event stream for all tabs of one browser, which allows six connections to an origin: the seventh tab would hang.
// It knows what the page knows (the store), so that a tab that joins later is told everything at once.

import { Source } from "/static/source.js";
import { Store } from "/static/store.js";

const store = new Store();
const pages = new Set();
let place = "";

const source = new Source((name, data, newest) => {
  store.take(name, data);
  place = newest;
  for (const page of pages) page.postMessage({ name, data, place, silence: 0 });
});

function join(page) {
  pages.add(page);
  source.open();
  // A tab that joins while the gateway is away must not take what is old for new.
  const silence = store.silence();
  if (silence !== null) page.postMessage({ name: "snapshot", data: store.snapshot(), place, silence });
}

function leave(page) {
  pages.delete(page);
  if (pages.size === 0) source.close();
}

self.addEventListener("connect", ({ ports: [page] }) => {
  page.addEventListener("message", ({ data }) => (data === "join" ? join(page) : leave(page)));
  page.start();
});
