// Why a warning stands and what happened since, complete enough to judge it without looking elsewhere.

import { byId, element, levelMark, setText } from "/static/dom.js";
import { why } from "/static/why.js";

const MOST_FINDINGS = 6, MOST_STEPS = 60;

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

  /** One second has passed: what is expected comes nearer. */
  second() {
    for (const each of byId("evidence").querySelectorAll("[data-until]")) {
      const left = Number(each.dataset.until) - this._store.now();
      if (left > 0) setText(each, this._words.until(left));
      else { this.draw(); break; }
    }
  }

  _why(warning) {
    const words = this._words;
    const isOver = warning.level === "none";
    const level = words.levelThen(isOver ? warning.peak_level : warning.level, isOver);
    return element("div", {},
      element("div", { class: "why-head" },
        levelMark(isOver ? "none" : warning.level, level),
        element("span", { class: "what", text: `${words.hazard(warning.hazard)} · ${warning.asset_name}` })),
      ...warning.findings.slice(0, MOST_FINDINGS).map((finding) => why(finding, { store: this._store, words, show: this._show })));
  }

  _moment(text) { return this._words.moment(Date.parse(text), this._store.now()); }

  _life(warning) {
    const words = this._words;
    const steps = [...warning.steps].reverse().slice(0, MOST_STEPS);
    return element("div", { class: "life" },
      element("h3", { text: words.say("evidence.life") }),
      element("ol", {}, ...steps.map((step) => element("li", {},
        element("time", { datetime: step.time, title: words.full(Date.parse(step.time)), text: this._moment(step.time) }),
        element("span", { text: words.say(`step.${step.kind}`, { person: step.person, level: words.level(step.level) }) }),
        step.note ? element("p", { class: "note", text: step.note }) : null))));
  }
}
