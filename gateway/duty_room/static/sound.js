// A sound for red and orange warnings that nobody has acknowledged. Off until somebody switches it on.
// Rule 1: browsers stay mute until a click; while that is so the button says it, for silence must not pass for peace.
// Rule 2: of all tabs of a browser one sounds; the next takes over when it is closed.

import { byId, setText } from "/static/dom.js";

const SWITCH = "lifeline.sound", LOCK = "lifeline.sound";
const REPEAT_MS = 20_000;
const PULSE_SECONDS = 0.18, PAUSE_SECONDS = 0.14, LOUDNESS = 0.25;
const TONES = { red: { hertz: 880, pulses: 4 }, orange: { hertz: 660, pulses: 2 } };

export class Sound {
  constructor(store, words) {
    this._store = store;
    this._words = words;
    this._audio = null;
    this._rungAt = -Infinity;
    this._rung = new Map();
    this._mayRing = false;
    this._release = null;
    byId("sound").addEventListener("click", (event) => {
      event.stopPropagation();
      this._set(!this._isHeard());
    });
    // Whoever left it on hears it again with the first click on the page.
    if (localStorage.getItem(SWITCH) === "on") this._begin();
    document.addEventListener("click", () => this._audio?.state === "suspended" && this._resume());
    store.on("warnings", () => this.second());
  }

  draw() {
    const state = this._isHeard() ? "on" : this._audio ? "blocked" : "off";
    byId("sound").setAttribute("aria-pressed", String(state === "on"));
    byId("sound").classList.toggle("is-blocked", state === "blocked");
    setText(byId("sound"), this._words.say(`sound.${state}`));
  }

  /** Sound when something new asks for a person, and again while nobody has answered. */
  second() {
    if (!this._isHeard() || !this._mayRing) return;
    const asking = this._store.sortedWarnings().filter((warning) => warning.needs_acknowledgement && warning.level in TONES);
    const isNew = asking.some(({ id, level }) => this._rung.get(id) !== level);
    this._rung = new Map(asking.map(({ id, level }) => [id, level]));
    if (asking.length && (isNew || performance.now() - this._rungAt > REPEAT_MS)) this._ring(TONES[asking[0].level]);
  }

  _isHeard() { return this._audio?.state === "running"; }

  _set(isOn) {
    localStorage.setItem(SWITCH, isOn ? "on" : "off");
    if (isOn) {
      this._begin();
      this._resume();
    } else this._end();
    this.draw();
  }

  _begin() {
    if (this._audio) return;
    this._audio = new AudioContext();
    this._audio.addEventListener("statechange", () => this._changed());
    this._changed();
  }

  _resume() { this._audio.resume().catch(() => this.draw()); }

  _end() {
    this._audio?.close();
    this._audio = null;
    this._release?.();
    this._release = null;
    this._mayRing = false;
  }

  _changed() {
    if (this._isHeard() && !this._release) {
      let release = null;
      const held = new Promise((resolve) => { release = resolve; });
      this._release = release;
      navigator.locks.request(LOCK, () => {
        // Switched off while it waited for its turn.
        if (this._release !== release) return undefined;
        this._mayRing = true;
        this.second();
        return held;
      });
    }
    this.draw();
  }

  _ring({ hertz, pulses }) {
    this._rungAt = performance.now();
    const start = this._audio.currentTime + 0.02;
    for (let pulse = 0; pulse < pulses; pulse += 1) {
      const at = start + pulse * (PULSE_SECONDS + PAUSE_SECONDS);
      const [tone, gain] = [this._audio.createOscillator(), this._audio.createGain()];
      tone.frequency.value = hertz;
      // Without a ramp at both ends a tone clicks.
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(LOUDNESS, at + 0.02);
      gain.gain.setValueAtTime(LOUDNESS, at + PULSE_SECONDS - 0.03);
      gain.gain.linearRampToValueAtTime(0, at + PULSE_SECONDS);
      tone.connect(gain).connect(this._audio.destination);
      tone.start(at);
      tone.stop(at + PULSE_SECONDS);
    }
  }
}
