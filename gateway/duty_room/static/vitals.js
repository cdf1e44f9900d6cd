// One card for each lifeline: its worst level, how many channels speak, and what is nearest to a limit.

import { byId, element, levelMark } from "/static/dom.js";

export class Vitals {
  constructor(store, words, { show, choose }) {
    this._store = store;
    this._words = words;
    this._show = show;
    this._choose = choose;
    this._drawn = "";
    store.on("vitals", () => this.draw());
  }

  draw() {
    const { vitals } = this._store;
    if (!vitals) return;
    const state = JSON.stringify([vitals.lifelines, this._words.language]);
    if (state === this._drawn) return;
    this._drawn = state;
    const focused = document.activeElement?.dataset?.lifeline;
    byId("vitals").replaceChildren(...vitals.lifelines.map((lifeline) => this._card(lifeline)));
    if (focused) byId("vitals").querySelector(`[data-lifeline="${CSS.escape(focused)}"]`)?.focus();
  }

  _card(lifeline) {
    const words = this._words;
    const isCalm = Object.keys(lifeline.warnings).length === 0;
    const state = isCalm
      ? element("span", { class: "vital-state", text: words.say("vitals.calm") })
      : levelMark(lifeline.worst_level, words.level(lifeline.worst_level));
    const lacking = [
      lifeline.stale ? words.say("vitals.stale", { n: lifeline.stale }) : "",
      lifeline.bad ? words.say("vitals.bad", { n: lifeline.bad }) : "",
    ].filter(Boolean);
    const counts = element("p", { class: "vital-counts" },
      element("span", { text: words.say("vitals.fresh", lifeline) }),
      lacking.length ? element("span", { class: "is-lacking", text: ` · ${lacking.join(" · ")}` }) : null);
    return element("button", {
      type: "button", class: "vital", "data-lifeline": lifeline.lifeline,
      onclick: () => this._look(lifeline),
    },
    element("span", { class: "vital-head" },
      element("span", { class: "vital-name", text: words.lifeline(lifeline.lifeline) }), state),
    counts, this._nearest(lifeline.nearest));
  }

  _nearest(nearest) {
    const channel = nearest && this._store.channels.get(nearest.channel);
    if (!channel) return element("p", { class: "vital-near", text: "\u00a0" });
    const name = `${channel.asset_name} ${this._words.channelName(channel, this._store.siblings(channel))}`;
    const bar = element("i");
    bar.style.width = `${Math.min(100, nearest.share * 100)}%`;
    return element("p", { class: "vital-near", title: this._words.say("vitals.nearest") },
      element("span", { class: "name", text: name }),
      element("span", { class: "meter" }, bar),
      element("span", { text: this._words.say("vitals.share", { percent: Math.round(nearest.share * 100) }) }));
  }

  /** Its most urgent warning, else what is nearest to a limit, else anything of it. */
  _look({ lifeline, nearest }) {
    const urgent = this._store.sortedWarnings().find((warning) => warning.lifeline === lifeline);
    if (urgent) this._choose(urgent.id);
    else this._show(nearest?.channel ?? [...this._store.channels.values()].find((channel) => channel.lifeline === lifeline)?.id);
  }
}
