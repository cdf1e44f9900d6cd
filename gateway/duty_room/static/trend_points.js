// The points that a trend is drawn from, as columns. Pure: the API's documents in, columns out.

const FAILED = 4;

/** No points yet. */
export const noPoints = () => ({ time: [], end: [], value: [], low: [], high: [], quality: [], rows: [], isLoading: true });

/** Add the newest reading where it is newer than the last point. */
export function append(points, newest) {
  if (!newest || points.isLoading || (points.time.length && newest.time <= points.end.at(-1))) return;
  points.time.push(newest.time);
  points.end.push(newest.time);
  for (const each of [points.value, points.low, points.high]) each.push(newest.value);
  points.quality.push(newest.quality);
  points.rows.push(1);
}

/** How many readings lie between two moments. */
export function counted({ time, rows }, start, end) {
  return rows.reduce((sum, count, index) => sum + (time[index] >= start && time[index] <= end ? count : 0), 0);
}

/** Points of readings as they are; a failed one has no value. */
export function ofRows(rows) {
  const value = rows.value.map((each, index) => (rows.quality[index] >= FAILED ? null : each));
  return {
    time: rows.time_ms, end: [...rows.time_ms], value, low: [...value], high: [...value],
    quality: rows.quality, rows: rows.time_ms.map(() => 1),
  };
}

/** Points of buckets, each standing for many readings. */
export function ofBuckets(buckets) {
  return {
    time: buckets.start_ms, end: buckets.end_ms, value: buckets.last, low: buckets.low, high: buckets.high,
    quality: buckets.worst_quality, rows: buckets.rows, bucketMs: buckets.start_ms.length ? buckets.end_ms[0] - buckets.start_ms[0] : 0,
  };
}
