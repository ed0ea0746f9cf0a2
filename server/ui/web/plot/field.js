// What a region of two parameters is worth: the mean rank of the trials around each place, by a kernel whose width goes
// with their number. Where no trial lies near, nothing is said.

const fine = 48;

function kernel(sigma) {
  const r = Math.max(1, Math.ceil(2.5 * sigma)), out = [];
  for (let i = -r; i <= r; i++) out.push(Math.exp(-(i * i) / (2 * sigma * sigma)));
  return out;
}

// blurred is a grid with each cell spread along one axis.
function blurred(grid, nx, ny, weights, along) {
  const out = new Float64Array(nx * ny), r = (weights.length - 1) / 2, n = along === "x" ? nx : ny;
  for (let j = 0; j < ny; j++) for (let i = 0; i < nx; i++) {
    const v = grid[j * nx + i];
    if (!v) continue;
    const at = along === "x" ? i : j;
    for (let k = Math.max(0, at - r); k <= Math.min(n - 1, at + r); k++) {
      out[along === "x" ? j * nx + k : k * nx + i] += v * weights[k - at + r];
    }
  }
  return out;
}

/** field estimates the rank over two axes, of rows. It is {nx, ny, mean, near, low, high}: mean by cell, NaN where
    nothing is known; near is how many trials' weight is there. */
export function field(rows, rank, table, x, y) {
  const nx = x.banded ? x.banded.labels.length : fine, ny = y.banded ? y.banded.labels.length : fine;
  const cell = (axis, n, i) => {
    if (axis.banded) return axis.banded.of(axis.d.data[i]);
    const p = axis.at(i, 0);
    return Number.isFinite(p) ? Math.max(0, Math.min(n - 1, Math.floor((p - axis.s.from) / (axis.s.to - axis.s.from) * n))) : NaN;
  };
  let sum = new Float64Array(nx * ny), near = new Float64Array(nx * ny), used = 0;
  for (const i of rows) {
    const a = cell(x, nx, i), b = cell(y, ny, i);
    if (!Number.isFinite(a) || !Number.isFinite(b) || !Number.isFinite(rank[i])) continue;
    sum[b * nx + a] += rank[i];
    near[b * nx + a]++;
    used++;
  }
  const sigma = Math.max(0.8, 0.22 * fine * used ** (-1 / 6));
  for (const [axis, along] of [[x, "x"], [y, "y"]]) if (!axis.banded) {
    const k = kernel(sigma);
    sum = blurred(sum, nx, ny, k, along);
    near = blurred(near, nx, ny, k, along);
  }
  const mean = new Float64Array(nx * ny).fill(NaN);
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < mean.length; i++) if (near[i] > 0.2) {
    mean[i] = sum[i] / near[i];
    if (mean[i] < low) low = mean[i];
    if (mean[i] > high) high = mean[i];
  }
  return { nx, ny, mean, near, low, high, used };
}

/** between is a field's mean at a place in cells, from those around it; NaN where nothing is known. */
export function between(f, u, v) {
  const i = Math.max(0, Math.min(f.nx - 2, Math.floor(u - 0.5))), j = Math.max(0, Math.min(f.ny - 2, Math.floor(v - 0.5)));
  const a = Math.max(0, Math.min(1, u - 0.5 - i)), b = Math.max(0, Math.min(1, v - 0.5 - j)), at = (x, y) => f.mean[y * f.nx + x];
  const m = (at(i, j) * (1 - a) + at(i + 1, j) * a) * (1 - b) + (at(i, j + 1) * (1 - a) + at(i + 1, j + 1) * a) * b;
  return Number.isNaN(m) ? at(Math.max(0, Math.min(f.nx - 1, Math.floor(u))), Math.max(0, Math.min(f.ny - 1, Math.floor(v)))) : m;
}

/** levels are the lines of a field at a height, as [[x0, y0, x1, y1]] in cells: marching squares over the cells' middles. */
export function levels(f, height) {
  const out = [];
  for (let j = 0; j + 1 < f.ny; j++) for (let i = 0; i + 1 < f.nx; i++) {
    const v = [f.mean[j * f.nx + i], f.mean[j * f.nx + i + 1], f.mean[(j + 1) * f.nx + i + 1], f.mean[(j + 1) * f.nx + i]];
    if (v.some((one) => Number.isNaN(one))) continue;
    const corner = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]], cuts = [];
    for (let k = 0; k < 4; k++) {
      const a = v[k], b = v[(k + 1) % 4];
      if ((a < height) === (b < height)) continue;
      const t = (height - a) / (b - a), [p, q] = [corner[k], corner[(k + 1) % 4]];
      cuts.push([p[0] + t * (q[0] - p[0]) + 0.5, p[1] + t * (q[1] - p[1]) + 0.5]);
    }
    for (let k = 0; k + 1 < cuts.length; k += 2) out.push([...cuts[k], ...cuts[k + 1]]);
  }
  return out;
}
