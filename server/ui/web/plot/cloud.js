// Many points on a canvas: each as a dot, or, where there are too many for that, one mark for each small square, the
// stronger the more points lie in it.

const few = 4000;

/** cloud draws n points. at(k) is where the k-th is, as [x, y], or null; colour(k) is its colour. What comes later lies on
    top. */
export function cloud(c, { n, at, colour, size = 3, alpha = 0.8, box }) {
  if (n <= few) {
    c.globalAlpha = alpha;
    for (let k = 0; k < n; k++) {
      const p = at(k);
      if (!p) continue;
      c.fillStyle = colour(k);
      c.beginPath(); c.arc(p[0], p[1], size, 0, 7); c.fill();
    }
    c.globalAlpha = 1;
    return;
  }
  const cell = 2, [left, top, right, bottom] = box, columns = Math.ceil((right - left) / cell) + 1, rows = Math.ceil((bottom - top) / cell) + 1;
  const many = new Uint16Array(columns * rows), last = new Int32Array(columns * rows).fill(-1);
  let most = 1;
  for (let k = 0; k < n; k++) {
    const p = at(k);
    if (!p || p[0] < left || p[0] > right || p[1] < top || p[1] > bottom) continue;
    const i = Math.floor((p[1] - top) / cell) * columns + Math.floor((p[0] - left) / cell);
    if (many[i] < 65535) most = Math.max(most, ++many[i]);
    last[i] = k;
  }
  for (let i = 0; i < last.length; i++) {
    if (last[i] < 0) continue;
    c.globalAlpha = alpha * (0.45 + 0.55 * Math.log(many[i]) / Math.log(most + 1));
    c.fillStyle = colour(last[i]);
    c.fillRect(left + (i % columns) * cell, top + Math.floor(i / columns) * cell, cell, cell);
  }
  c.globalAlpha = 1;
}

/** jitter spreads what lies in a band, by the trial's number: the same at every look. From -1/2 to 1/2. */
export function jitter(trial) { return ((trial * 7919) % 1000) / 1000 - 0.5; }

/** palette is a ramp in so many steps, for plots that ask it often. */
export function palette(ramp, steps = 32) {
  const list = Array.from({ length: steps }, (_, i) => ramp(i / (steps - 1)));
  return (t) => list[Math.max(0, Math.min(steps - 1, Math.round(t * (steps - 1))))];
}
