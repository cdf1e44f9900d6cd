// The live list: unacknowledged first, level as colour, shape and word, the age of each, and the step a person may take.

import { byId, element, levelMark, setText } from "/static/dom.js";

export class WarningList {
  constructor(store, words, { choose, acknowledge }) {
    this._store = store;
    this._words = words;
    this._choose = choose;
    this._acknowledge = acknowledge;
    this._closed = [];
    this.chosen = "";
    store.on("warnings", (changed) => {
      this.draw();
      if (changed?.state === "closed" && byId("closed").open) this._loadClosed();
    });
    store.on("late", () => this._drawLate());
    byId("closed").addEventListener("toggle", () => byId("closed").open && this._loadClosed());
  }

  draw() {
    const warnings = this._store.sortedWarnings();
    const focused = document.activeElement?.closest?.("[data-warning]")?.dataset.warning;
    byId("warnings").replaceChildren(...warnings.map((warning) => this._item(warning)));
    if (focused) byId("warnings").querySelector(`[data-warning="${focused}"]`)?.focus();
    byId("calm").hidden = warnings.length > 0;
    setText(byId("calm"), this._words.say("calm.now"));
    setText(byId("warning-count"), warnings.length ? this._words.say("warnings.count", { open: warnings.length }) : "");
    this._drawLate();
    this._drawClosed();
    this.age();
  }

  /** Let ages and values go on without building anything anew. */
  age() {
    const now = this._store.now();
    for (const each of byId("warnings").querySelectorAll("[data-value-of]")) {
      setText(each, this._value(this._store.warnings.get(each.dataset.valueOf)));
    }
    for (const each of document.querySelectorAll("[data-since]")) {
      setText(each, this._words.say("value.stale", { age: this._words.age(now - Number(each.dataset.since)) }));
    }
  }

  _item(warning) {
    const words = this._words;
    const isOver = warning.level === "none";
    const level = isOver ? warning.peak_level : warning.level;
    const seen = warning.needs_acknowledgement ? "is-unseen" : "is-seen";
    const start = Date.parse(warning.start);
    const choose = () => this._choose(warning.id);
    const acknowledge = (event) => {
      event.stopPropagation();
      this._acknowledge(warning.id);
    };
    return element("li", {
      class: `warning ${seen} edge-${isOver ? "none" : level} ${warning.id === this.chosen ? "is-chosen" : ""}`,
      tabindex: "0", "data-warning": warning.id, onclick: choose,
      onkeydown: (event) => event.target === event.currentTarget && event.key === "Enter" && choose(),
    },
    element("div", { class: "warning-head" },
      levelMark(isOver ? "none" : level, words.levelThen(level, isOver)),
      element("span", { class: "warning-title", text: words.hazard(warning.hazard) }),
      element("time", { class: "warning-age", datetime: warning.start, title: words.full(start), "data-since": start })),
    element("p", { class: "warning-where", text: warning.asset_name, title: `${warning.asset} · ${words.lifeline(warning.lifeline)}` }),
    element("p", { class: "warning-value", "data-value-of": warning.id, text: this._value(warning) }),
    element("div", { class: "warning-foot" },
      element("span", { class: "state", text: words.say(`state.${warning.state}`, { person: warning.acknowledged_by }) }),
      element("span", { class: "spacer" }),
      warning.needs_acknowledgement && warning.state !== "closed"
        ? element("button", { type: "button", class: "act", text: words.say("acknowledge.button"), onclick: acknowledge })
        : null));
  }

  /** What is measured now, or what was found, and when it is expected to reach the limit. */
  _value(warning) {
    const words = this._words;
    const channel = this._store.channels.get(warning.channel);
    const name = words.measured(warning.quantity, channel, channel && this._store.siblings(channel)) || warning.channel;
    const isNow = warning.level !== "none" && channel?.quantity === warning.quantity && !this._store.isStale(warning.channel);
    const value = isNow ? this._store.values.get(warning.channel).value : warning.value;
    if (value === null) return name;
    return words.say(isNow ? "value.now" : "value.then", { name, value: words.value(value, warning.unit) }) + this._lead(warning);
  }

  _lead(warning) {
    if (warning.level === "none" || !warning.lead_minutes || warning.limit === null) return "";
    const left = Date.parse(warning.value_time) + warning.lead_minutes * 60_000 - this._store.now();
    if (left <= 0) return "";
    const limit = this._words.limit(warning.limit, warning.unit);
    return this._words.aside(this._words.say("lead.short", { left: this._words.until(left), limit }));
  }

  _drawLate() {
    const late = [...this._store.late.values()].sort((one, other) => Date.parse(other.learned) - Date.parse(one.learned));
    byId("late").hidden = late.length === 0;
    setText(byId("late-count"), String(late.length || ""));
    const moment = (text) => this._words.moment(Date.parse(text), this._store.now());
    byId("late-list").replaceChildren(...late.map((finding) => element("li", {},
      element("span", { text: `${finding.asset_name} · ` }),
      element("span", { class: "dim", text: this._words.say("late.line", {
        hazard: this._words.hazard(finding.hazard), start: moment(finding.start), learned: moment(finding.learned),
      }) }))));
  }

  async _loadClosed() {
    const answer = await fetch("/api/v1/warnings?include_closed=true&limit=1000");
    if (!answer.ok) return;
    const { warnings } = await answer.json();
    this._closed = warnings.filter((warning) => warning.state === "closed").slice(0, 20);
    this._drawClosed();
    this.age();
  }

  _drawClosed() {
    const items = this._closed.map((warning) => this._item(warning));
    if (!items.length) items.push(element("li", { class: "empty", text: this._words.say("closed.none") }));
    byId("closed-list").replaceChildren(...items);
  }
}
