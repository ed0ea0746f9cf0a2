// What an audit of accessibility asks of a page: that all that can be used has a name, that text can be read, that the
// keyboard reaches what the mouse does and is seen where it is. It answers a list of what is wrong.
(() => {
  const wrong = [], seen = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden" && !e.closest(".hidden, .skip");
  const path = (e) => `${e.tagName.toLowerCase()}${e.id ? "#" + e.id : ""}${e.className && typeof e.className === "string" ? "." + e.className.trim().split(/\s+/).join(".") : ""} ${JSON.stringify((e.textContent ?? "").trim().slice(0, 40))}`;
  const say = (rule, e) => wrong.push(`${rule}: ${path(e)}`);
  const name = (e) => (e.getAttribute("aria-label") || (e.labels && [...e.labels].map((l) => l.textContent).join(" ")) || e.getAttribute("title") || (e.tagName === "IMG" ? e.alt : e.textContent) || "").trim();

  for (const e of document.querySelectorAll("a[href], button, input, select, textarea, summary, iframe, [role=button], [tabindex='0']")) if (seen(e) && !name(e)) say("no name", e);
  for (const e of document.querySelectorAll("img:not([alt]), canvas:not([aria-label]), [role=img]:not([aria-label])")) if (seen(e)) say("a picture without words", e);
  const ids = new Map();
  for (const e of document.querySelectorAll("[id]")) { if (ids.has(e.id)) say("an id twice", e); ids.set(e.id, e); }
  if (document.querySelectorAll("h1").length > 1) say("two headings of the page", document.querySelectorAll("h1")[1]);
  if (!document.documentElement.lang) wrong.push("no language");
  if (!document.title) wrong.push("no title");
  if (!document.querySelector("main")) wrong.push("no main part");
  for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) say("an order of its own", e);
  for (const e of document.querySelectorAll("th")) if (seen(e) && !e.textContent.trim() && !e.querySelector("input, button") && !e.getAttribute("aria-label")) say("a column without a heading", e);
  for (const e of document.querySelectorAll(".scroll, pre.log, .log")) if (seen(e) && (e.scrollHeight > e.clientHeight + 2 || e.scrollWidth > e.clientWidth + 2) && e.tabIndex < 0 && !e.querySelector("a[href], button, input")) say("scrolls, and no key reaches it", e);

  // contrast of text by WCAG 2, on what lies behind it
  const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => { context.clearRect(0, 0, 1, 1); context.fillStyle = colour; context.fillRect(0, 0, 1, 1); const d = context.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
  const over = (top, under) => [0, 1, 2].map((k) => top[k] * top[3] + under[k] * (1 - top[3])).concat(1);
  const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (e) => {
    const layers = [];
    for (let n = e; n; n = n.parentElement) { const c = rgba(getComputedStyle(n).backgroundColor); if (c[3] > 0) layers.push(c); if (c[3] === 1) break; }
    return layers.reverse().reduce((under, c) => over(c, under), [255, 255, 255, 1]);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), told = new Set();
  for (let n = walker.nextNode(); n; n = walker.nextNode()) {
    const e = n.parentElement;
    if (!n.textContent.trim() || !seen(e) || e.closest("[disabled], option, script, style, noscript")) continue;
    let opacity = 1;
    for (let up = e; up; up = up.parentElement) opacity *= Number(getComputedStyle(up).opacity);
    const s = getComputedStyle(e), back = behind(e), c = rgba(s.color), fore = over([c[0], c[1], c[2], c[3] * opacity], back), [a, b] = [light(fore), light(back)].sort((m, k) => k - m);
    const ratio = (a + 0.05) / (b + 0.05), large = parseFloat(s.fontSize) >= 24 || (parseFloat(s.fontSize) >= 18.66 && Number(s.fontWeight) >= 700), key = `${s.color} ${back}`;
    if (ratio < (large ? 3 : 4.5) - 0.02 && !told.has(key)) { told.add(key); say(`contrast ${ratio.toFixed(2)}`, e); }
  }
  if (document.documentElement.scrollWidth > innerWidth + 1) {
    const widest = [...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll, .tabs, pre")).pop();
    wrong.push(`wider than the window: ${document.documentElement.scrollWidth} of ${innerWidth}${widest ? " by " + path(widest) : ""}`);
  }
  return wrong;
})()
