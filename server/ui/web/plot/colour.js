// Colours of plots: viridis for what is ordered, since it is even to the eye and colour-blind people read it;
// those of tokens.css for what is not.

const viridis = [[68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142], [31, 158, 137], [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37]];

/** dark says whether the page is dark. */
export function dark() { return document.documentElement.dataset.theme === "dark"; }

/** ramp is the colour of a share from 0 to 1, where 1 is the best: what stands out most from the page. */
export function ramp(t, alpha = 1) {
  const at = (dark() ? 0.18 + 0.82 * t : 0.93 * (1 - t)) * (viridis.length - 1);
  const i = Math.min(Math.floor(at), viridis.length - 2), f = at - i;
  const [r, g, b] = viridis[i].map((c, k) => Math.round(c + f * (viridis[i + 1][k] - c)));
  return `rgb(${r} ${g} ${b} / ${alpha})`;
}

/** token is a colour of tokens.css. */
export function token(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }
