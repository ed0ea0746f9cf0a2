// Light or dark: as the system says, or as was chosen here.
import { ui } from "./html.js";

const key = "kaon-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function chosen() { try { return localStorage.getItem(key); } catch { return null; } }

/** applyTheme sets the theme of the page, and tells plots of it. */
export function applyTheme() { show(chosen() ?? (system.matches ? "dark" : "light")); }

function show(theme) {
  document.documentElement.dataset.theme = theme;
  dispatchEvent(new Event("theme"));
}

system.addEventListener("change", applyTheme);
addEventListener("beforeprint", () => show("light")); // paper is white
addEventListener("afterprint", applyTheme);

/** useDark says whether the page is dark, from now on. */
export function useDark() {
  const now = () => document.documentElement.dataset.theme === "dark", [dark, setDark] = ui.useState(now);
  ui.useEffect(() => {
    const changed = () => setDark(now());
    addEventListener("theme", changed);
    return () => removeEventListener("theme", changed);
  }, []);
  return dark;
}

/** ThemeSwitch is the button that changes it. */
export function ThemeSwitch() {
  const dark = useDark();
  const change = () => {
    try { localStorage.setItem(key, dark ? "light" : "dark"); } catch { /* it is not kept then */ }
    applyTheme();
  };
  return ui.html`<button class="plain" onClick=${change} aria-label=${dark ? "Light colours" : "Dark colours"} title=${dark ? "Light colours" : "Dark colours"}>${dark ? "☀" : "☾"}</button>`;
}
