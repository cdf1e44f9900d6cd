// What a worked-out value is made of: a sum as bars to the left and right of zero, anything else as named numbers.

import { element } from "/static/dom.js";

const FLOW = "m3/h", NONE = "1";
const UNITS = {
  night_flow: FLOW, night_flow_expected: FLOW, excess_flow: FLOW, excess_flow_night_before: FLOW,
  flow_scatters: NONE, pressures_fallen: NONE, shift_sigmas: NONE, cusum_sigmas: NONE, outlier_sigmas: NONE,
  band_widths: NONE, departure_wanderings: NONE, novelty_percent: NONE, line_percent: NONE, crest: NONE,
};
const PER = { rate_per_minute: "/min", trend_per_day: "/d" };
const SMALLEST_SHARE = 0.005;

/** Build the terms of a finding's value; null when it has none. */
export function termsOf(evidence, words) {
  const terms = Object.entries(evidence.terms);
  if (!terms.length) return null;
  const sum = terms.reduce((total, [, value]) => total + value, 0);
  const largest = Math.max(...terms.map(([, value]) => Math.abs(value)));
  const isSum = evidence.value !== null && Math.abs(sum - evidence.value) <= 0.01 * Math.max(largest, Math.abs(evidence.value));
  const shown = isSum ? terms.filter(([, value]) => Math.abs(value) >= SMALLEST_SHARE * largest) : terms;
  const rows = shown.map(([name, value]) => row(words.say(`term.${name}`), isSum
    ? { text: (value > 0 ? "+" : "") + words.addend(value, largest, evidence.unit), share: value / largest }
    : { text: words.plain(value, UNITS[name] ?? evidence.unit + (PER[name] ?? "")) }));
  if (isSum) rows.push(row(words.say("terms.sum"), { text: words.addend(sum, largest, evidence.unit), kind: "is-sum" }));
  return element("div", { class: `terms ${isSum ? "is-added" : ""}` },
    element("h3", { text: words.say(isSum ? "terms.added" : "terms.found") }),
    element("ul", {}, ...rows));
}

function row(name, { text, share = null, kind = "" }) {
  return element("li", { class: kind },
    element("span", { class: "name", text: name }), element("span", { class: "number", text }),
    share === null ? null : bar(share));
}

/** Half the width is for what speaks against, half for what speaks for. */
function bar(share) {
  const filled = element("i", { class: share < 0 ? "is-against" : "is-for" });
  filled.style.width = `${Math.abs(share) * 50}%`;
  filled.style.left = share < 0 ? `${50 - Math.abs(share) * 50}%` : "50%";
  return element("span", { class: "term-bar", "aria-hidden": "true" }, filled);
}
