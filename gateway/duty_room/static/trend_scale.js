// Ticks and ranges of the trend. Pure: numbers in, numbers out.

const SECOND = 1_000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const TIME_STEPS = [
  ...[1, 5, 10, 30].map((each) => each * SECOND), ...[1, 2, 5, 10, 15, 30].map((each) => each * MINUTE),
  ...[1, 2, 3, 6, 12].map((each) => each * HOUR), ...[1, 2, 7, 14, 30].map((each) => each * DAY),
];

const LEAST_SHARE = 0.2;

/** Whole local times between two moments, at most about `most` of them; `offset` is local time minus UTC. */
export function timeTicks(start, end, most, offset) {
  const step = TIME_STEPS.find((each) => (end - start) / each <= most) ?? 90 * DAY;
  const ticks = [];
  for (let at = Math.ceil((start + offset) / step) * step; at <= end + offset; at += step) ticks.push(at - offset);
  return { step, ticks };
}

/** Round numbers between two values, about `most` of them, and the decimals they need. */
export function valueTicks(low, high, most) {
  const rough = (high - low) / Math.max(1, most);
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = size * ([1, 2, 2.5, 5, 10].find((factor) => factor * size >= rough) ?? 10);
  const ticks = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-9; at += step) ticks.push(Math.abs(at) < step * 1e-9 ? 0 : at);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return { ticks, decimals: Number.isInteger(step * 10 ** digits) || digits > 6 ? digits : digits + 1 };
}

/**
 * The values to show: all readings with a margin, and the nearest limit where the readings come within half of it.
 * A limit far away is left out, for it would press the line flat; it is shown at the edge instead. But noise must not
 * fill the height as if it were danger: a fifth of the lowest limit is always in sight.
 */
export function valueRange(low, high, limits) {
  if (!(low <= high)) return limits.length ? [Math.min(0, ...limits), Math.max(...limits) * 1.1 || 1] : [0, 1];
  let [from, to] = [low, high];
  const reach = Math.max(high - low, Math.abs(high) * 0.02, 1e-9);
  for (const limit of limits) {
    const isNear = limit > high
      ? limit - high <= Math.max(2 * reach, Math.abs(limit) * 0.5)
      : low - limit <= Math.max(2 * reach, Math.abs(low) * 0.5);
    if (isNear || (limit >= low && limit <= high)) [from, to] = [Math.min(from, limit), Math.max(to, limit)];
  }
  const lacking = LEAST_SHARE * Math.min(...limits.map(Math.abs).filter(Boolean), Infinity) - (to - from);
  if (lacking > 0 && Number.isFinite(lacking)) [from, to] = [from - lacking / 2, to + lacking / 2];
  const margin = Math.max((to - from) * 0.08, Math.abs(to) * 0.005, 1e-6);
  return [low >= 0 && from - margin < 0 ? Math.min(0, from) : from - margin, to + margin];
}

/** The index of the first time not before `wanted` in a rising list. */
export function indexAt(times, wanted) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
