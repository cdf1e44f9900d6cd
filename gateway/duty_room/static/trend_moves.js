// Wheel, drag and keys over the trend, turned into moves in time. Knows nothing of channels or data.

const ZOOM_IN = 0.7, ZOOM_OUT = 1.4, KEY_SHARE = 0.2, HOUR = 3_600_000;

/** Listen to a canvas; `moves` says what each gesture does. */
export function listenToMoves(canvas, moves) {
  let dragged = null;
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    moves.zoom(1.0015 ** event.deltaY, moves.timeAt(event.offsetX));
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    dragged = event.offsetX;
    canvas.setPointerCapture(event.pointerId);
    canvas.classList.add("is-moving");
  });
  canvas.addEventListener("pointerup", () => {
    dragged = null;
    canvas.classList.remove("is-moving");
  });
  canvas.addEventListener("pointermove", (event) => {
    moves.point(event.offsetX);
    if (dragged === null || dragged === event.offsetX) return;
    moves.pan(moves.timeAt(dragged) - moves.timeAt(event.offsetX));
    dragged = event.offsetX;
  });
  canvas.addEventListener("pointerleave", () => moves.point(null));
  canvas.addEventListener("dblclick", () => moves.now(HOUR));
  const keys = {
    ArrowLeft: () => moves.step(-KEY_SHARE),
    ArrowRight: () => moves.step(KEY_SHARE),
    "+": () => moves.zoom(ZOOM_IN),
    "=": () => moves.zoom(ZOOM_IN),
    "-": () => moves.zoom(ZOOM_OUT),
    Home: () => moves.now(),
  };
  canvas.addEventListener("keydown", (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}
