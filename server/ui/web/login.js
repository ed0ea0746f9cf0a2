// Who comes by a link of `kaon ui` is let in by its code; others type a token.
import { ui } from "./html.js";
import { get, reached } from "./api.js";
import { Copy } from "./parts.js";

const { html } = ui;

/** Login is the page. done is called with who the caller is. */
export function Login({ query, done }) {
  const code = query.get("code"), [token, setToken] = ui.useState(""), [wrong, setWrong] = ui.useState(""), [busy, setBusy] = ui.useState(!!code);
  const enter = (body) => get("/session", { method: "POST", body }).then((who) => {
    const to = query.get("to") ?? "";
    history.replaceState(null, "", "#" + (to.startsWith("/") && !to.startsWith("/login") ? to : location.hash.startsWith("#/login") ? "/" : location.hash.slice(1) || "/"));
    dispatchEvent(new HashChangeEvent("hashchange"));
    reached("live");
    done(who);
  }, (err) => { setBusy(false); setWrong(err.message); });
  ui.useEffect(() => {
    if (!code) return;
    const to = query.get("to") ?? "/";
    history.replaceState(null, "", "#/login?to=" + encodeURIComponent(to)); // a code is good once, and stands in no history
    enter({ code });
  }, []);
  if (busy && !wrong) return html`<main><div class="loading" role="status">Letting you in…</div></main>`;
  return html`<main><div class="card login"><h1>kaon</h1>
    ${wrong && html`<div class="note bad" role="alert" style=${{ marginTop: "12px" }}>${wrong}</div>`}
    <form onSubmit=${(e) => { e.preventDefault(); setBusy(true); setWrong(""); enter({ token: token.trim() }); }}>
      <label for="token">Token</label><input id="token" type="password" autocomplete="current-password" value=${token} onInput=${(e) => setToken(e.target.value)} autofocus />
      <button class="main" disabled=${!token.trim()}>Log in</button>
    </form>
    <p class="quiet small">On the server's machine no token is needed: <${Copy} text="kaon ui --open" /></p></div></main>`;
}
