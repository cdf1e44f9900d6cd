// Words, numbers and times in the reader's language and the site's time zone. Knows nothing of what is shown where.

const NO_UNIT = "1";
// UCUM codes are for machines; people read these.
const UNIT_WORDS = {
  [NO_UNIT]: "", Cel: "°C", "m3/h": "m³/h", m3: "m³", "[ppm]": "ppm", "%{LEL}": "%LEL", "%{RH}": "%RH", deg: "°",
  "um/m": "µε", "m-1": "m⁻¹", "uS/cm": "µS/cm", "{NTU}": "NTU", "[pH]": "pH", "dB{SPL}": "dB", "dB{mW}": "dBm",
  "m/s2": "m/s²", "kW.h": "kWh",
};
// What a rate or a trend is in.
const PER = /^(.+)(\/min|\/d)$/;
const MINUTE = 60_000, HOUR = 3_600_000, DAY = 86_400_000;

export class Words {
  constructor(language, timezone, catalogue, quantities) {
    this.language = language;
    this.timezone = timezone;
    this._catalogue = catalogue;
    this._quantities = quantities;
    const locale = language === "zh" ? "zh-CN" : "en-GB";
    const style = (options) => new Intl.DateTimeFormat(locale, { timeZone: timezone, hourCycle: "h23", ...options });
    this._time = style({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
    this._minute = style({ hour: "2-digit", minute: "2-digit" });
    this._day = style({ month: "2-digit", day: "2-digit" });
    const [date, time] = [{ year: "numeric", month: "2-digit", day: "2-digit" }, { hour: "2-digit", minute: "2-digit", second: "2-digit" }];
    this._full = style({ ...date, ...time });
    this._date = style(date);
  }

  static async load(language, timezone, quantities) {
    const answer = await fetch(`/static/i18n/${language === "en" ? "en" : "zh"}.json`);
    return new Words(language === "en" ? "en" : "zh", timezone, await answer.json(), quantities);
  }

  say(key, values = {}) {
    const text = this._catalogue[key];
    if (text === undefined) return key.slice(key.indexOf(".") + 1);
    return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
  }

  level(name) { return this.say(`level.${name}`); }

  /** A level that stands, or that stood once when it is over. */
  levelThen(name, isOver) { return isOver ? this.say("level.was", { level: this.level(name) }) : this.level(name); }

  hazard(name) { return this.say(`hazard.${name}`); }

  lifeline(name) { return this.say(`lifeline.${name}`); }

  quantity(name) { return this._quantities[name]?.[this.language] ?? name; }

  unit(code) {
    const [, unit, per] = PER.exec(code) ?? [null, code, ""];
    return UNIT_WORDS[code] ?? (UNIT_WORDS[unit] ?? unit) + per;
  }

  number(value) {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    const decimals = size >= 100 ? (size >= 1000 ? 0 : 1) : size >= 10 ? 1 : size >= 1 ? 2 : 3;
    return value.toFixed(decimals).replace(/^-(0(\.0+)?)$/, "$1");
  }

  /** A value with its unit, the unit left out for states. */
  value(value, unit) {
    if (value === null || value === undefined) return this.say("value.none");
    return this.plain(value, unit);
  }

  /** A limit with its unit, written as short as it was set. */
  limit(value, unit) { return this._beside(String(Number(value.toPrecision(6))), unit); }

  _beside(number, unit) {
    const word = this.unit(unit);
    return word === "°" ? number + word : `${number} ${word}`.trimEnd();
  }

  /** A value with its unit, also where it is a bare number. */
  plain(value, unit) { return unit === NO_UNIT ? String(Number(this.number(value))) : this._beside(this.number(value), unit); }

  /** One of several numbers that are added up, all with the decimals that the largest needs. */
  addend(value, largest, unit) { return this._beside(value.toFixed(largest >= 100 ? 0 : largest >= 10 ? 1 : largest >= 1 ? 2 : 3), unit); }

  /** A part of a sentence after a comma. */
  aside(text) { return this.language === "zh" ? `，${text}` : `, ${text}`; }

  time(ms) { return this._time.format(ms); }
  minute(ms) { return this._minute.format(ms); }
  day(ms) { return this._day.format(ms); }
  full(ms) { return this._full.format(ms); }

  /** The time of day, with the date before it when it is not today. */
  moment(ms, now = Date.now()) {
    return this._date.format(ms) === this._date.format(now) ? this.time(ms) : `${this.day(ms)} ${this.time(ms)}`;
  }

  /** An expected time to the minute, with the date before it when it is not today. */
  near(ms, now) { return this._date.format(ms) === this._date.format(now) ? this.minute(ms) : `${this.day(ms)} ${this.minute(ms)}`; }

  /** How long until an expected moment. */
  until(ms) { return ms < MINUTE ? this.say("lead.soon") : this.say("lead.left", { age: this.age(ms) }); }

  age(ms) {
    const past = Math.max(0, ms);
    if (past < MINUTE) return this.say("age.seconds", { n: Math.floor(past / 1000) });
    if (past < HOUR) return this.say("age.minutes", { n: Math.floor(past / MINUTE) });
    if (past < DAY) return this.say("age.hours", { n: (past / HOUR).toFixed(past < 10 * HOUR ? 1 : 0) });
    return this.say("age.days", { n: Math.floor(past / DAY) });
  }

  /** The site's local time minus UTC at a moment, for ticks on whole local hours. */
  zoneOffset(ms) {
    const part = Object.fromEntries(this._full.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const local = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
    return local - Math.floor(ms / 1000) * 1000;
  }

  /** What a channel is called beside its asset. */
  channelName(channel, siblings = []) {
    if (this.language === "zh" && channel.title) return channel.title;
    const name = this.quantity(channel.quantity);
    const isAmbiguous = siblings.some((other) => other.id !== channel.id && other.quantity === channel.quantity);
    return isAmbiguous ? `${name} (${channel.id.split(".").slice(2).join(".")})` : name;
  }

  /** What a value is of: its channel, or a quantity that was worked out over several. */
  measured(quantity, channel, siblings = []) {
    return channel && channel.quantity === quantity ? this.channelName(channel, siblings) : this.quantity(quantity);
  }

  /** Put words on everything in the page that names its key. */
  apply(root = document) {
    document.documentElement.lang = this.language;
    for (const each of root.querySelectorAll("[data-t]")) each.textContent = this.say(each.dataset.t);
    for (const each of root.querySelectorAll("[data-t-label]")) each.ariaLabel = this.say(each.dataset.tLabel);
    for (const each of root.querySelectorAll("[data-t-title]")) each.title = this.say(each.dataset.tTitle);
    for (const each of root.querySelectorAll("[data-t-placeholder]")) each.placeholder = this.say(each.dataset.tPlaceholder);
  }
}
