// What a visitor of a simulated district may break: one button a word; without words there is nothing to see.

import { byId, element, setText } from "/static/dom.js";

export class Stages {
  constructor(names, words) {
    this._words = words;
    this._buttons = new Map(names.map((name) => [name, element("button", {
      type: "button", class: "quiet", "data-stage": name, onclick: () => this._stage(name),
    })]));
    this._said = element("span", { class: "small", role: "status" });
    byId("stages").append(...this._buttons.values(), this._said);
    byId("stages").hidden = names.length === 0;
  }

  draw() {
    for (const [name, button] of this._buttons) setText(button, this._words.say(`stages.${name}`));
  }

  async _stage(name) {
    const button = this._buttons.get(name);
    button.disabled = true;
    try {
      const answer = await fetch("/api/v1/stages", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ word: name }),
      });
      const body = await answer.json();
      if (!answer.ok) throw new Error(typeof body.detail === "string" ? body.detail : answer.statusText);
      setText(this._said, "");
      button.title = body.told;
      button.classList.add("is-staged");
    } catch (fault) {
      setText(this._said, this._words.say("stages.fault", { reason: fault.message }));
    } finally {
      button.disabled = false;
    }
  }
}
