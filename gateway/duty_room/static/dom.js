// Builds elements. Text only ever goes in as text, so that nothing a device or a person wrote becomes markup.

export const byId = (id) => document.getElementById(id);

/** Build an element: `class`, `text`, `on…` handlers and attributes, then children (null is skipped). */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") made.className = value;
    else if (name === "text") made.textContent = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Set text only when it differs, so that a selection or a screen reader is left in peace. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** A level as colour, shape and word. */
export function levelMark(level, word) {
  const shape = element("span", { class: "shape", "aria-hidden": "true" });
  return element("span", { class: `level level-${level}` }, shape, element("span", { text: word }));
}
