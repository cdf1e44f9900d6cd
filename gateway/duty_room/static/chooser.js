// Finds one channel among many: type part of an asset's or a channel's name; values are live.

import { byId, element, setText } from "/static/dom.js";

const MOST = 200;

export class Chooser {
  constructor(store, words, choose) {
    this._store = store;
    this._words = words;
    this._choose = choose;
    this._pointed = 0;
    byId("chooser-open").addEventListener("click", () => (byId("chooser").hidden ? this._open() : this._close()));
    byId("chooser-filter").addEventListener("input", () => { this._pointed = 0; this._draw(); });
    byId("chooser-filter").addEventListener("keydown", (event) => this._key(event));
    document.addEventListener("pointerdown", (event) => event.target.closest(".chooser") || this._close());
    store.on("values", () => byId("chooser").hidden || this._refresh());
  }

  /** Show which channel is chosen. */
  name(channel) {
    if (!channel) return;
    setText(byId("chosen-name"), `${channel.asset_name} · ${this._words.channelName(channel, this._store.siblings(channel))}`);
  }

  _open() {
    byId("chooser").hidden = false;
    byId("chooser-open").setAttribute("aria-expanded", "true");
    byId("chooser-filter").value = "";
    this._pointed = 0;
    this._draw();
    byId("chooser-filter").focus();
  }

  _close() {
    byId("chooser").hidden = true;
    byId("chooser-open").setAttribute("aria-expanded", "false");
  }

  _found() {
    const wanted = byId("chooser-filter").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    return [...this._store.channels.values()].filter((channel) => {
      const [quantity, lifeline] = [this._words.quantity(channel.quantity), this._words.lifeline(channel.lifeline)];
      const text = [channel.id, channel.asset_name, channel.title, quantity, lifeline].join(" ").toLowerCase();
      return wanted.every((part) => text.includes(part));
    }).slice(0, MOST);
  }

  _draw() {
    const items = [];
    let group = "";
    this._found().forEach((channel, index) => {
      const heading = `${this._words.lifeline(channel.lifeline)} · ${channel.asset_name}`;
      if (heading !== group) items.push(element("li", { class: "group", role: "presentation", text: heading }));
      group = heading;
      items.push(element("li", {
        role: "option", "data-channel": channel.id, class: index === this._pointed ? "is-pointed" : "",
        onclick: () => this._take(channel.id),
      },
      element("span", { class: "name", text: this._words.channelName(channel, this._store.siblings(channel)) }),
      element("span", { class: "value" })));
    });
    if (!items.length) items.push(element("li", { class: "group", text: this._words.say("chooser.none") }));
    byId("chooser-list").replaceChildren(...items);
    this._refresh();
  }

  _refresh() {
    for (const item of byId("chooser-list").querySelectorAll("[data-channel]")) {
      const id = item.dataset.channel;
      item.classList.toggle("is-stale", this._store.isStale(id));
      setText(item.querySelector(".value"), this._words.value(this._store.values.get(id)?.value, this._store.channels.get(id).unit));
    }
  }

  _key(event) {
    const options = [...byId("chooser-list").querySelectorAll("[data-channel]")];
    if (event.key === "Escape") { this._close(); byId("chooser-open").focus(); }
    else if (event.key === "Enter" && options[this._pointed]) this._take(options[this._pointed].dataset.channel);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this._pointed = Math.max(0, Math.min(options.length - 1, this._pointed + step));
      options.forEach((option, index) => option.classList.toggle("is-pointed", index === this._pointed));
      options[this._pointed]?.scrollIntoView({ block: "nearest" });
    }
  }

  _take(id) {
    this._close();
    this._choose(id);
  }
}
