// The operator's step: who has seen which revision of a warning, with a note. The gateway decides; a refusal says why.

import { byId, setText } from "/static/dom.js";

const PERSON = "lifeline.person";

export class Acknowledge {
  constructor(store, words) {
    this._store = store;
    this._words = words;
    this._warning = null;
    byId("acknowledge-cancel").addEventListener("click", () => byId("acknowledge").close());
    byId("acknowledge-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this._send();
    });
  }

  open(id) {
    const warning = this._store.warnings.get(id);
    if (!warning) return;
    this._warning = warning;
    const level = warning.level === "none" ? warning.peak_level : warning.level;
    setText(byId("acknowledge-what"), [
      this._words.level(level), this._words.hazard(warning.hazard), warning.asset_name,
    ].join(" · "));
    byId("acknowledge-person").value = localStorage.getItem(PERSON) ?? "";
    byId("acknowledge-note").value = "";
    byId("acknowledge-fault").hidden = true;
    byId("acknowledge").showModal();
    byId(byId("acknowledge-person").value ? "acknowledge-note" : "acknowledge-person").focus();
  }

  async _send() {
    const person = byId("acknowledge-person").value.trim();
    if (!person || byId("acknowledge-send").disabled) return;
    byId("acknowledge-send").disabled = true;
    try {
      const answer = await fetch(`/api/v1/warnings/${this._warning.id}/acknowledge`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ person, note: byId("acknowledge-note").value, revision: this._warning.revision }),
      });
      const body = await answer.json();
      if (!answer.ok) throw new Error(typeof body.detail === "string" ? body.detail : answer.statusText);
      localStorage.setItem(PERSON, person);
      byId("acknowledge").close();
      this._store.takeWarning(body);
    } catch (fault) {
      byId("acknowledge-fault").hidden = false;
      setText(byId("acknowledge-fault"), this._words.say("acknowledge.fault", { reason: fault.message }));
      // Whoever was refused because it changed has the newer revision on screen by now.
      this._warning = this._store.warnings.get(this._warning.id) ?? this._warning;
    } finally {
      byId("acknowledge-send").disabled = false;
    }
  }
}
