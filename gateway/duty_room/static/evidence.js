// Why a warning stands and what happened since, complete enough to judge it without looking elsewhere.

import { byId, element, levelMark, setText } from "/static/dom.js";

export class Evidence {
  constructor(store, words, { acknowledge, show }) {
    this._store = store;
    this._words = words;
    this._show = show;
    this._id = "";
    this._shown = null;
    byId("evidence-acknowledge").addEventListener("click", () => acknowledge(this._id));
    store.on("warnings", (changed) => {
      // A snapshot names no warning: the chosen one may have been closed while nobody was listening.
      const newest = changed ?? this._store.warnings.get(this._id) ?? { id: this._id };
      if (this._shown && newest.id === this._id && newest.revision !== this._shown.revision) this.choose(this._id);
    });
  }

  /** Fetch and show one warning; resolve to it, or to null. */
  async choose(id) {
    this._id = id;
    const answer = await fetch(`/api/v1/warnings/${id}`);
    if (this._id !== id) return null;
    this._shown = answer.ok ? await answer.json() : null;
    this.draw();
    return this._shown;
  }

  draw() {
    const warning = this._shown;
    setText(byId("evidence-state"), warning ? this._words.say(`state.${warning.state}`, { person: warning.acknowledged_by }) : "");
    byId("evidence-acknowledge").hidden = !warning?.needs_acknowledgement;
    byId("evidence").replaceChildren(...(warning
      ? [element("div", { class: "why" }, this._why(warning), this._life(warning))]
      : [element("p", { class: "evidence-empty", text: this._words.say("evidence.none") })]));
  }

  _why(warning) {
    const words = this._words;
    const isOver = warning.level === "none";
    const level = words.levelThen(isOver ? warning.peak_level : warning.level, isOver);
    return element("div", {},
      element("div", { class: "why-head" },
        levelMark(isOver ? "none" : warning.level, level),
        element("span", { class: "what", text: `${words.hazard(warning.hazard)} · ${warning.asset_name}` })),
      ...warning.findings.slice(0, 6).map((finding) => this._finding(finding)));
  }

  _finding(finding) {
    const words = this._words;
    const { evidence } = finding;
    const channel = this._store.channels.get(evidence.channel);
    const name = channel ? words.channelName(channel, this._store.siblings(channel)) : evidence.channel;
    const show = () => this._show(evidence.channel);
    const facts = [
      ["evidence.channel", element("button", { type: "button", class: "plain", text: evidence.channel, onclick: show })],
      ["evidence.rule", evidence.rule],
      ["evidence.basis", evidence.basis],
      ["evidence.trust", this._trust(evidence.data_trust)],
      ["evidence.agreeing", evidence.agreeing.join(", ")],
      ["evidence.disagreeing", evidence.disagreeing.join(", ")],
      ["evidence.version", evidence.version],
    ];
    return element("div", { class: "finding" },
      element("p", { class: "why-sentence" },
        element("span", { text: `${name} ` }),
        evidence.value === null ? null : element("b", { text: words.value(evidence.value, evidence.unit) }),
        element("span", { text: this._against(evidence, finding) }),
        element("span", { class: "dim", text: ` · ${words.say("evidence.since", { time: this._moment(finding.start) })}` })),
      element("dl", { class: "facts" }, ...facts.flatMap(([key, value]) => (value
        ? [element("dt", { text: words.say(key) }), element("dd", {}, value)]
        : []))));
  }

  /** Say which limit the value is beyond, and on which side of it. */
  _against(evidence, finding) {
    if (evidence.limit === null || finding.level === "none") return "";
    const rung = Object.entries(evidence.rungs).find(([, limit]) => limit === evidence.limit)?.[0] ?? finding.level;
    const side = evidence.value !== null && evidence.value < evidence.limit ? "value.below" : "value.above";
    const limit = this._words.limit(evidence.limit, evidence.unit);
    const text = this._words.say(side, { level: this._words.level(rung), limit });
    return this._words.language === "zh" ? `，${text}` : `, ${text}`;
  }

  _moment(text) { return this._words.moment(Date.parse(text), this._store.now()); }

  _trust(trust) {
    return Object.entries(trust).map(([name, value]) => {
      if (name === "good_share") return this._words.say("trust.good_share", { percent: Math.round(value * 100) });
      if (name === "newest_age_seconds") return this._words.say("trust.newest_age_seconds", { value: Number(value.toPrecision(2)) });
      return this._words.say("trust.other", { name, value });
    }).join(" · ");
  }

  _life(warning) {
    const words = this._words;
    const steps = [...warning.steps].reverse().slice(0, 60);
    return element("div", { class: "life" },
      element("h3", { text: words.say("evidence.life") }),
      element("ol", {}, ...steps.map((step) => element("li", {},
        element("time", { datetime: step.time, title: words.full(Date.parse(step.time)), text: this._moment(step.time) }),
        element("span", { text: words.say(`step.${step.kind}`, { person: step.person, level: words.level(step.level) }) }),
        step.note ? element("p", { class: "note", text: step.note }) : null))));
  }
}
