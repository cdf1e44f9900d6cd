// Puts the page together: site and words first, then the stream; `data-ready` once everything has been drawn.

import { Acknowledge } from "/static/acknowledge.js";
import { Chooser } from "/static/chooser.js";
import { byId, element, setText } from "/static/dom.js";
import { Evidence } from "/static/evidence.js";
import { Sound } from "/static/sound.js";
import { Stages } from "/static/stages.js";
import { STALE_AFTER_MS, Store } from "/static/store.js";
import { Stream } from "/static/stream.js";
import { Trend } from "/static/trend.js";
import { Vitals } from "/static/vitals.js";
import { WarningList } from "/static/warnings.js";
import { WhyNot } from "/static/why_not.js";
import { Words } from "/static/words.js";

const LANGUAGE = "lifeline.language";
const RETRY_MS = 2_000;

async function read(path) {
  for (;;) {
    try {
      const answer = await fetch(path);
      if (answer.ok) return await answer.json();
    } catch { /* The gateway is starting or stopping; the page waits for it. */ }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

class Page {
  constructor(store, words) {
    this._store = store;
    this._words = words;
    const acknowledge = new Acknowledge(store, words);
    this._open = (id) => acknowledge.open(id);
    this._trend = new Trend(store, words);
    this._whyNot = new WhyNot(words, store.site.explains);
    this._chooser = new Chooser(store, words, (id) => this.show(id));
    this._vitals = new Vitals(store, words, { show: (id) => this.show(id), choose: (id) => this.choose(id) });
    this._warnings = new WarningList(store, words, { choose: (id) => this.choose(id), acknowledge: this._open });
    this._evidence = new Evidence(store, words, { acknowledge: this._open, show: (id) => this.show(id) });
    this._sound = new Sound(store, words);
    this._stages = new Stages(store.site.stages, words);
    store.on("vitals", () => this._head());
    store.on("values", () => this._now());
    store.on("warnings", (changed) => changed && this._follow(changed));
    this._touched = false;
  }

  /** Draw everything anew, after the language or the channels changed. */
  draw() {
    this._words.apply();
    this._vitals.draw();
    this._warnings.draw();
    this._evidence.draw();
    this._chooser.name(this._trend.channel);
    this._trend.draw();
    this._whyNot.draw();
    this._sound.draw();
    this._stages.draw();
    this._head();
    this._now();
    this.second();
  }

  /** Show what matters most: the most urgent warning, else the channel nearest to a limit. */
  async begin() {
    const [urgent] = this._store.sortedWarnings();
    if (urgent) await this.choose(urgent.id);
    else {
      const nearest = this._store.vitals.lifelines.map((lifeline) => lifeline.nearest).filter(Boolean);
      nearest.sort((one, other) => other.share - one.share);
      await this.show(nearest[0]?.channel ?? this._store.channels.keys().next().value);
    }
    this._touched = false;
    this.draw();
  }

  async show(id, marked = null) {
    if (!this._store.channels.has(id)) return;
    this._touched = true;
    const shown = this._trend.show(id, marked);
    this._chooser.name(this._trend.channel);
    this._whyNot.show(id);
    this._now();
    await shown;
  }

  async choose(id) {
    this._touched = true;
    this._warnings.chosen = id;
    this._warnings.draw();
    const warning = await this._evidence.choose(id);
    if (!warning?.findings.length) return;
    const { evidence } = warning.findings[0];
    const level = warning.level === "none" ? warning.peak_level : warning.level;
    const [start, end] = [Date.parse(warning.start), Date.parse(warning.changed)];
    // What was worked out over days is seen over days; a limit that was crossed is seen close by.
    const isWorkedOut = this._store.channels.get(evidence.channel)?.quantity !== evidence.quantity;
    const from = isWorkedOut ? Math.min(start, Date.parse(evidence.window_start)) : start;
    await this.show(evidence.channel, { from, start, end, isOpen: warning.level !== "none", level });
  }

  /** A warning that rises while nobody touched the page comes into view by itself. */
  _follow(changed) {
    if (!this._touched && changed.needs_acknowledgement && changed.level !== "none" && !byId("acknowledge").open) {
      this.choose(changed.id).then(() => { this._touched = false; });
    }
  }

  second() {
    const [store, words, silence] = [this._store, this._words, this._store.silence()];
    const isCut = silence !== null && silence > STALE_AFTER_MS;
    document.body.classList.toggle("is-cut", isCut);
    document.body.classList.toggle("is-live", silence !== null && !isCut);
    byId("cut").hidden = !isCut;
    if (isCut) {
      const time = words.moment(store.now() - silence, store.now());
      setText(byId("cut"), words.say("cut.banner", { age: words.age(silence), time }));
    }
    setText(byId("link-text"), words.say(silence === null ? "link.connecting" : isCut ? "link.cut" : "link.live"));
    setText(byId("clock"), words.time(store.now()));
    this._warnings.age();
    this._evidence.second();
    this._sound.second();
    this._now();
    this._trend.second();
    this._whyNot.second();
  }

  _head() {
    const [words, { vitals, site }] = [this._words, this._store];
    if (!vitals) return;
    const unseen = vitals.warnings_unacknowledged;
    byId("unseen").classList.toggle("is-some", unseen > 0);
    const age = unseen ? words.age(this._store.now() - Date.parse(vitals.oldest_unacknowledged)) : "";
    const none = vitals.warnings_open ? words.say("unseen.none") : "";
    setText(byId("unseen"), unseen ? words.say("unseen.some", { n: unseen, age }) : none);
    document.title = unseen ? words.say("title.unseen", { n: unseen, site: site.name }) : site.name;
    const troubles = vitals.conditions.filter((condition) => !condition.ok);
    const reasons = troubles.map((each) => each.reason || each.name);
    const { seconds_to_full: seconds, at_cap: policy } = vitals.journal;
    if (seconds !== null) reasons.unshift(words.say(`gateway.filling.${policy}`, { age: words.age(seconds * 1000) }));
    const reason = reasons.join(" · ");
    setText(byId("gateway"), reasons.length ? words.say("gateway.troubled", { reason }) : words.say("gateway.fine"));
    byId("gateway").classList.toggle("dim", reasons.length === 0);
  }

  _now() {
    const [words, channel] = [this._words, this._trend.channel];
    if (!channel) return;
    const value = this._store.values.get(channel.id);
    const isStale = this._store.isStale(channel.id);
    byId("now-value").replaceChildren(
      element("span", { class: `number ${isStale ? "is-stale" : ""}`, text: words.value(value?.value, channel.unit) }),
      element("span", { class: "dim small", text: [
        value && isStale ? ` ${words.say("value.stale", { age: words.age(this._store.now() - value.time) })}` : "",
        value && value.quality > 2 ? ` ${words.say(`quality.${value.quality}`)}` : "",
      ].join("") }));
  }
}

async function start() {
  const store = new Store();
  store.site = await read("/api/v1/site");
  const { site } = store;
  const load = (language) => Words.load(language, site.timezone, site.quantities);
  const words = await load(localStorage.getItem(LANGUAGE) ?? site.language);
  setText(byId("site-name"), site.name);
  setText(byId("zone"), site.timezone);
  setText(byId("version"), `lifeline-gateway ${site.version}`);
  store.setChannels((await read("/api/v1/channels")).channels);
  const page = new Page(store, words);
  const sayLanguage = () => setText(byId("language"), words.say("language.other"));
  byId("language").addEventListener("click", async () => {
    const language = words.language === "zh" ? "en" : "zh";
    localStorage.setItem(LANGUAGE, language);
    Object.assign(words, await load(language));
    sayLanguage();
    page.draw();
  });
  words.apply();
  sayLanguage();
  const first = new Promise((resolve) => store.on("vitals", resolve));
  const stream = new Stream(store, site.version, async () => {
    // Another life of the gateway may have other channels, or another page.
    const now = await read("/api/v1/site");
    if (now.version !== site.version) location.reload();
    store.setChannels((await read("/api/v1/channels")).channels);
    page.draw();
  });
  stream.open();
  await first;
  await page.begin();
  setInterval(() => page.second(), 1000);
  document.body.dataset.ready = "yes";
}

start();
