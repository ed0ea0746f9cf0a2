// The dashboard: what is above every page, and which page an address means.
import { ui } from "./html.js";
import { ask, get, reached, useServer } from "./api.js";
import { Cluster } from "./cluster.js";
import { Compare } from "./compare.js";
import { Login } from "./login.js";
import { SweepPage } from "./sweep.js";
import { Sweeps } from "./sweeps.js";
import { Registered } from "./registered.js";
import { Registration } from "./registration.js";
import { WorkflowPage } from "./workflow.js";
import { Workflows } from "./workflows.js";
import { TrialPage } from "./trial.js";
import { link, useRoute } from "./route.js";
import { ThemeSwitch, applyTheme } from "./theme.js";
import { useClock } from "./events.js";
import { duration } from "./format.js";

const { html } = ui;

function LinkState() {
  const s = useServer(), now = useClock(1000);
  const said = { live: "live", connecting: "connecting", lost: html`no answer<span aria-hidden="true"> for ${duration(Math.max(now - s.since, 0) / 1000)}</span>; trying again`, unknown: "logged out" }[s.state];
  return html`<span class="link-state" role="status"><span class=${`dot ${s.state}`}></span>${said}</span>`;
}

function Top({ route, who, logout }) {
  const part = route.parts[0] ?? "sweeps", at = (name) => ((part === "registered" ? "workflows" : part) === name ? "page" : undefined);
  return html`<header class="top"><a class="skip" href="#content" onClick=${(e) => { e.preventDefault(); document.querySelector("main")?.focus(); }}>To the content</a>
    <a class="brand" href="#/">kaon</a>
    <nav aria-label="Pages"><a href=${link(["sweeps"])} aria-current=${at("sweeps")}>Sweeps</a><a href=${link(["workflows"])} aria-current=${at("workflows")}>Workflows</a><a href=${link(["cluster"])} aria-current=${at("cluster")}>Cluster</a></nav>
    <span class="spring"></span><${LinkState} />
    ${who && html`<span class="quiet small wide">${who.name}, ${who.role}</span><button class="plain" onClick=${logout}>log out</button>`}<${ThemeSwitch} /></header>`;
}

function Page({ route, who }) {
  const [first = "sweeps", id, part, number] = route.parts;
  if (first === "sweeps" && !id) return html`<${Sweeps} query=${route.query} who=${who} />`;
  if (first === "sweeps" && part === "trials" && number !== undefined) return html`<${TrialPage} key=${`${id}/${number}`} id=${id} number=${number} query=${route.query} who=${who} />`;
  if (first === "sweeps" && [undefined, "parameters", "trials", "spec"].includes(part)) return html`<${SweepPage} key=${id} id=${id} tab=${part ?? ""} query=${route.query} who=${who} />`;
  if (first === "compare") return html`<${Compare} query=${route.query} />`;
  if (first === "workflows") return id ? html`<${WorkflowPage} key=${id} id=${id} query=${route.query} who=${who} />` : html`<${Workflows} query=${route.query} />`;
  if (first === "registered") return id ? html`<${Registration} key=${id} name=${id} query=${route.query} who=${who} />` : html`<${Registered} query=${route.query} />`;
  if (first === "cluster") return html`<${Cluster} query=${route.query} who=${who} />`;
  return html`<h1>There is no such page</h1><p><a href="#/">All sweeps</a></p>`;
}

/** Guarded shows a fault of a page instead of nothing, and tries again at another address. */
function Guarded({ route, who }) {
  const [error, again] = ui.useErrorBoundary((err) => console.error(err)), at = route.parts.join("/") + route.query;
  ui.useEffect(() => { if (error) again(); }, [at]);
  if (error) return html`<div class="note bad" role="alert">This page has a fault: ${String(error.message ?? error)} <button onClick=${again}>Try again</button></div>`;
  return html`<${Page} route=${route} who=${who} />`;
}

function App() {
  const route = useRoute(), server = useServer(), [who, setWho] = ui.useState(undefined), [tries, setTries] = ui.useState(0);
  const login = route.parts[0] === "login" && route.query.get("code");
  ui.useEffect(() => {
    if (login) return;
    if (who === undefined || (server.state === "unknown" && who)) get("/whoami").then(setWho, (err) => (err.status === 401 ? setWho(null) : setTimeout(() => setTries((n) => n + 1), 1000)));
  }, [server.state, login, tries]);
  ui.useEffect(() => { document.title = route.parts.length > 1 ? `${route.parts[1]}${route.parts[3] !== undefined ? "/" + route.parts[3] : ""} · kaon` : "kaon"; }, [route]);
  const logout = () => ask("/session", { method: "DELETE" }).catch(() => {}).then(() => { reached("unknown"); setWho(null); });
  if (login || who === null) return html`<${Login} query=${route.query} done=${setWho} />`;
  if (who === undefined) return html`<main><div class="loading" role="status">${server.state === "lost" ? "The server does not answer; trying again…" : "One moment…"}</div></main>`;
  return html`<${Top} route=${route} who=${who} logout=${logout} /><main id="content" tabindex="-1"><${Guarded} route=${route} who=${who} /></main>`;
}

applyTheme();
ui.render(html`<${App} />`, document.getElementById("app"));
