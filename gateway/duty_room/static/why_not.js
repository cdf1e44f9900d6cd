// One line on the chosen channel: its nearest limit, what is missing to it, and what holds a warning back.
// Rule: asked when a channel is chosen and once a minute; an answer that is not there says nothing.

import { byId, setText } from "/static/dom.js";

const REFRESH_MS = 60_000;
const SCORE = "score";
const LEVELS = ["blue", "yellow", "orange", "red"];

export class WhyNot {
  constructor(words, isExplained) {
    this._words = words;
    this._isExplained = isExplained;
    this._id = "";
    this._told = null;
    this._askedAt = 0;
  }

  /** Ask about a channel. */
  async show(id) {
    if (!this._isExplained) return;
    if (this._id !== id) this._told = null;
    this._id = id;
    this._askedAt = performance.now();
    this.draw();
    try {
      const answer = await fetch(`/api/v1/channels/${encodeURIComponent(id)}/why`);
      if (this._id !== id) return;
      this._told = answer.ok ? await answer.json() : null;
    } catch {
      // The page says elsewhere that the gateway is out of reach.
      this._told = null;
    }
    this.draw();
  }

  /** One second has passed. */
  second() {
    if (this._id && !document.hidden && performance.now() - this._askedAt > REFRESH_MS) this.show(this._id);
  }

  draw() { setText(byId("why-not"), this._told ? lineOf(this._told, this._words) : ""); }
}

function lineOf(told, words) {
  const rules = told.rules.filter((rule) => rule.of);
  const nearest = rules.find((rule) => rule.rule === told.nearest) ?? rules.find((rule) => rule.score !== null) ?? rules[0];
  if (!nearest) return words.say("whynot.none");
  const held = [...told.suppressed, ...nearest.suppressed].map((reason) => words.say(`whynot.held.${reason}`));
  return [sentence(nearest, words), ...held].map((part, index) => (index ? words.aside(part) : part)).join("");
}

function sentence(rule, words) {
  const isStanding = rule.standing !== "none";
  const level = isStanding ? rule.standing : rule.next_level;
  const unit = rule.margin_unit;
  const gaps = {
    of: words.say(`of.${rule.of}`),
    level: words.level(level),
    seen: rule.seen === null ? "" : words.plain(rule.seen, unit),
    limit: rule.limit === null ? "" : words.limit(rule.limit, unit === SCORE ? "1" : unit),
    margin: rule.margin === null ? "" : words.plain(Math.abs(rule.margin), unit),
  };
  if (rule.score === null) return words.say("whynot.unjudged", gaps);
  if (isStanding) return words.say("whynot.stands", gaps);
  if (rule.seen === null) {
    const percent = Math.round((100 * rule.score) / (LEVELS.indexOf(level) + 1));
    return words.say("whynot.share", { ...gaps, percent });
  }
  return words.say(rule.margin < 0 ? "whynot.beyond" : "whynot.left", gaps);
}
