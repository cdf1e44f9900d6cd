// Why one finding stands, in a sentence: the value, which limit it is beyond or will reach, and what it is made of.
// Rule: what is said is of the moment of the finding, and says so; the trend and the list show what is now.

import { element } from "/static/dom.js";
import { termsOf } from "/static/terms.js";

const LEVELS = ["blue", "yellow", "orange", "red"];
const MOST_NEIGHBOURS = 8;

/** Build one finding of a warning. */
export function why(finding, { store, words, show }) {
  const { evidence } = finding;
  const channel = store.channels.get(evidence.channel);
  const moment = (text) => words.moment(Date.parse(text), store.now());
  const link = (id) => element("button", { type: "button", class: "plain", title: id, text: nameOf(id, store, words), onclick: () => show(id) });
  const neighbours = (ids) => (ids.length ? element("span", {}, ...ids.slice(0, MOST_NEIGHBOURS).flatMap((id, index) => [
    index ? " · " : "", link(id),
  ]), ids.length > MOST_NEIGHBOURS ? ` +${ids.length - MOST_NEIGHBOURS}` : "") : null);
  const facts = [
    ["evidence.channel", link(evidence.channel)],
    ["evidence.limits", limitsOf(evidence, words)],
    ["evidence.basis", evidence.basis],
    ["evidence.agreeing", neighbours(evidence.agreeing)],
    ["evidence.disagreeing", neighbours(evidence.disagreeing)],
    ["evidence.trust", trustOf(evidence.data_trust, words)],
    ["evidence.rule", `${evidence.rule} · ${evidence.version}`],
  ];
  return element("div", { class: "finding" },
    element("p", { class: "why-sentence" },
      element("span", { text: `${words.measured(evidence.quantity, channel, channel && store.siblings(channel))} ` }),
      evidence.value === null ? null : element("b", { text: words.value(evidence.value, evidence.unit) }),
      element("span", { text: against(finding, channel, words) }),
      element("span", { class: "dim", text: ` · ${words.say("evidence.since", { time: moment(finding.start) })}` })),
    leadOf(finding, store, words),
    termsOf(evidence, words),
    element("dl", { class: "facts" }, ...facts.flatMap(([key, value]) => (value
      ? [element("dt", { text: words.say(key) }), element("dd", {}, value)]
      : []))));
}

function nameOf(id, store, words) {
  const channel = store.channels.get(id);
  return channel ? `${channel.asset_name} ${words.channelName(channel, store.siblings(channel))}` : id;
}

/** Say which limit the value is beyond, and on which side of it. */
function against(finding, channel, words) {
  const { value, limit, rungs, unit, lead_minutes: lead } = finding.evidence;
  if (value === null || limit === null || finding.level === "none") return "";
  const isBelow = falls(finding.evidence, channel);
  const isBeyond = (at) => (isBelow ? value <= at : value >= at);
  const say = (key, level, at) => words.say(key, { level: words.level(level), limit: words.limit(at, unit) });
  const side = isBelow ? "value.below" : "value.above";
  const parts = [];
  if (isBeyond(limit)) {
    parts.push(say(side, finding.level, limit));
    // A limit counts once it has been crossed for as long as the ladder asks.
    const higher = LEVELS.slice(LEVELS.indexOf(finding.level) + 1).filter((level) => level in rungs && isBeyond(rungs[level])).at(-1);
    if (higher) parts.push(say("value.rising", higher, rungs[higher]));
  } else if (lead === null) parts.push(say("value.holding", finding.level, limit));
  return parts.map((part) => words.aside(part)).join("");
}

/** Whether danger lies below the limits. */
function falls({ rungs, rule }, channel) {
  const limits = LEVELS.filter((level) => level in rungs).map((level) => rungs[level]);
  if (limits.length > 1) return limits[0] > limits.at(-1);
  return channel?.ladders.find((ladder) => rule.endsWith(`:${ladder.name}`))?.direction === "below";
}

function leadOf({ level, evidence }, store, words) {
  if (level === "none" || evidence.limit === null || !evidence.lead_minutes) return null;
  const reached = Date.parse(evidence.value_time) + evidence.lead_minutes * 60_000;
  const span = evidence.lead_minutes_span;
  const text = words.say(reached > store.now() ? "lead.ahead" : "lead.past", {
    level: words.level(level), limit: words.limit(evidence.limit, evidence.unit),
    at: words.near(reached, store.now()), foretold: words.moment(Date.parse(evidence.value_time), store.now()),
  });
  return element("p", { class: "why-lead" },
    element("span", { text }),
    reached > store.now() ? element("b", { "data-until": reached, text: words.until(reached - store.now()) }) : null,
    span && reached > store.now() ? element("span", { class: "why-lead-span", text: betweenOf(evidence, span, store, words) }) : null);
}

/** Say between which moments it is in nine of ten times; nothing when the clock shows the same minute. */
function betweenOf({ value_time: time }, [least, most], store, words) {
  const [from, to] = [least, most].map((minutes) => words.near(Date.parse(time) + minutes * 60_000, store.now()));
  return from === to ? "" : words.aside(words.say("lead.between", { from, to }));
}

function limitsOf({ rungs, unit }, words) {
  const levels = LEVELS.filter((level) => level in rungs);
  return levels.length > 1 ? levels.map((level) => `${words.level(level)} ${words.limit(rungs[level], unit)}`).join(" · ") : "";
}

function trustOf(trust, words) {
  return Object.entries(trust).map(([name, value]) => {
    if (name === "good_share") return words.say("trust.good_share", { percent: Math.round(value * 100) });
    if (name === "newest_age_seconds") return words.say("trust.newest_age_seconds", { age: value < 1 ? words.say("age.instant") : words.age(value * 1000) });
    return words.say("trust.other", { name, value });
  }).join(" · ");
}
