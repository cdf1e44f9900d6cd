// One event stream for all tabs of one browser, which allows six connections to an origin: the seventh tab would hang.
// It knows what the page knows (the store), so that a tab that joins later is told everything at once.
// Rule: a tab answers what it hears. One that no longer does is let go; one that answers again is told everything anew.

import { Source } from "/static/source.js";
import { Store } from "/static/store.js";

const MOST_UNANSWERED = 64;
const store = new Store();
// Each tab with how many messages it has not answered.
const pages = new Map();
let place = "";

const source = new Source((name, data, newest) => {
  store.take(name, data);
  place = newest;
  for (const page of pages.keys()) tell(page, { name, data, place, silence: 0 });
});

function tell(page, message) {
  const unanswered = pages.get(page);
  if (unanswered === MOST_UNANSWERED) {
    leave(page);
    return;
  }
  pages.set(page, unanswered + 1);
  page.postMessage(message);
}

function join(page) {
  pages.set(page, 0);
  source.open();
  // A tab that joins while the gateway is away must not take what is old for new.
  const silence = store.silence();
  if (silence !== null) tell(page, { name: "snapshot", data: store.snapshot(), place, silence });
}

function leave(page) {
  pages.delete(page);
  if (pages.size === 0) source.close();
}

function listen(page, word) {
  if (word === "leave") leave(page);
  else if (word === "join" || !pages.has(page)) join(page);
  else pages.set(page, 0);
}

self.addEventListener("connect", ({ ports: [page] }) => {
  page.addEventListener("message", ({ data }) => listen(page, data));
  page.start();
});
