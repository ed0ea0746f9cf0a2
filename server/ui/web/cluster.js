// The page of the cluster: its machines, what runs on each, and which get no work.
import { ui } from "./html.js";
import { Doings, agentDoings } from "./actions.js";
import { ask, useGet } from "./api.js";
import { useBeat, useClock } from "./events.js";
import { Lately } from "./lately.js";
import { Card, Empty, Loading, Shown, State } from "./parts.js";
import { link } from "./route.js";
import { Waits } from "./waits.js";
import { count, firstOf, stamp, value } from "./format.js";

const { html } = ui;

/** Used is how much of something is in use, as a bar. */
function Used({ used, of, unit }) {
  if (!of) return html`<span class="quiet">–</span>`;
  const part = Math.min(used / of, 1);
  return html`<div class="used" title=${`${value(used)} of ${value(of)} ${unit}`}><div class="states" role="img" aria-label=${`${Math.round(100 * part)} % in use`}>${part > 0 && html`<i class="of-running" style=${{ width: `${100 * part}%` }}></i>`}</div>
    <span class="small quiet nowrap">${value(used)} of ${value(of)} ${unit}</span></div>`;
}

/** Agents is the table of agents. */
export function Agents({ list, byHost, who, done }) {
  const hosts = new Map();
  for (const a of list) hosts.set(a.host, (hosts.get(a.host) ?? 0) + 1);
  const gpus = list.some((a) => a.capacity?.gpus > 0), most = [...list].sort((a, b) => b.running - a.running || a.host.localeCompare(b.host)).slice(0, 500);
  const said = { proven: "has run a trial to its end", unproven: "not tried yet", incompatible: "no executor is built for it", unreachable: "the cluster has lost it for now" };
  return html`<${Card} title="Agents" note=${firstOf(most.length, list.length, "agent", "those where most runs")}><div class="scroll" tabindex="0" role="region" aria-label="Table of agents"><table><thead><tr><th>Host</th><th>State</th><th>CPUs</th><th>Memory</th>${gpus && html`<th>GPUs</th>`}<th class="number">Running</th><th>What</th><th><span class="hidden">Cordon</span></th></tr></thead>
    <tbody>${most.map((a) => { const here = byHost.get(a.host) ?? []; return html`<tr key=${a.agent}><td title=${a.agent}>${a.host}</td>
      <td title=${a.why ?? ""}>${a.state === "avoided" ? html`<b style=${{ color: "var(--bad)" }}>no work until ${stamp(a.avoided)}</b> <span class="small quiet">${a.why ?? ""}</span>` : a.state === "cordoned" ? html`<b>cordoned</b> <span class="small quiet">${[a.cordon?.deadline && `to be empty by ${stamp(a.cordon.deadline)}`, a.cordon?.reason].filter(Boolean).join(": ")}</span>` : a.state === "maintenance" ? html`<b>under maintenance</b>` : html`${a.state} <span class="small quiet wide">${said[a.state] ?? ""}</span>`}${a.maintenance && html` <span class="small quiet">maintenance from ${stamp(a.maintenance.from)}${a.maintenance.to ? ` to ${stamp(a.maintenance.to)}` : ""}</span>`}</td>
      <td><${Used} used=${a.used?.cpus ?? 0} of=${a.capacity?.cpus} unit="" /></td><td><${Used} used=${(a.used?.memory_mb ?? 0) / 1024} of=${(a.capacity?.memory_mb ?? 0) / 1024} unit="GB" /></td>${gpus && html`<td><${Used} used=${a.used?.gpus ?? 0} of=${a.capacity?.gpus} unit="" /></td>`}
      <td class="number">${count(a.running)}</td>
      <td>${here.slice(0, 8).map((r) => html`<a class="tag" href=${link(["sweeps", r.sweep, "trials", String(r.trial)])} title=${r.state}>${r.sweep}/${r.trial}${r.percent !== undefined ? ` ${Math.round(r.percent)} %` : ""}</a> `)}${here.length > 8 && ` and ${here.length - 8} more`}</td>
      <td><${Doings} verbs=${agentDoings(a, who, ask, hosts.get(a.host) === 1)} done=${done} /></td></tr>`; })}</tbody></table></div></${Card}>`;
}

function Queues({ list }) {
  const amount = (k, v) => (k === "memory" || k === "disk" ? (v >= 1024 ? `${value(v / 1024)} GB ${k}` : `${value(v)} MB ${k}`) : `${value(v)} ${k}`);
  const amounts = (a) => Object.entries(a ?? {}).map(([k, v]) => amount(k, v)).join(", ");
  return html`<${Card} title="Queues" note="who has which part of the cluster"><div class="scroll" tabindex="0" role="region" aria-label="Table of queues"><table><thead><tr><th>Queue</th><th>Has</th><th class="number">Fair</th><th class="number">Waiting</th><th class="number">Sweeps</th><th>Limit</th></tr></thead>
    <tbody>${list.map((q) => html`<tr><td>${q.queue}</td><td><${Used} used=${Math.round(1000 * q.share) / 10} of=${100} unit="%" /></td><td class="number">${Math.round(100 * q.fair_share)} %</td><td class="number">${count(q.waiting)}</td><td class="number">${count(q.sweeps)}</td><td>${amounts(q.limit)}</td></tr>`)}</tbody></table></div></${Card}>`;
}

/** Cluster is the page. */
export function Cluster({ query, who }) {
  const beat = useBeat("", 1000, (e) => e.kind === "trial"), now = useClock(5000);
  const tick = beat + Math.floor(now / 10000);
  const agents = useGet("/agents", tick), status = useGet("/status", tick), info = useGet("/server", tick), queues = useGet("/queues", tick);
  const running = status.data?.running ?? [], byHost = new Map();
  for (const r of running) byHost.set(r.host, [...(byHost.get(r.host) ?? []), r]);
  const waits = info.loading || agents.loading; // it comes at once, so that nothing moves
  return html`
    <h1>Cluster</h1>
    ${waits && html`<div class="card"><${Loading} what="the cluster" /></div>`}
    ${!waits && html`<${Shown} of=${info} what="the server">${(s) => html`<${Card} title="Server"><dl class="facts" style=${{ margin: 0 }}>
      <div><dt>Trials run on</dt><dd>${s.place}</dd></div><div><dt>Master</dt><dd>${s.connected ? "connected" : html`<b style=${{ color: "var(--bad)" }}>not connected</b>`}</dd></div>
      <div><dt>Running attempts</dt><dd>${count(s.running)}</dd></div><div><dt>Sweeps</dt><dd>${count(s.sweeps)}</dd></div><div><dt>Results</dt><dd class="mono">${s.results}</dd></div><div><dt>Version</dt><dd>${s.version}</dd></div></dl></${Card}>`}</${Shown}>`}
    ${!waits && html`<${Shown} of=${agents} what="agents">${(list) => list.length === 0
      ? html`<div class="card"><${Empty} title="No agents yet">They are listed when the master has offered something of theirs.</${Empty}></div>`
      : html`<${Agents} list=${list} byHost=${byHost} who=${who} done=${agents.again} />`}</${Shown}>`}
    ${queues.data && queues.data.queues.length > 1 && html`<${Queues} list=${queues.data.queues} />`}
    ${!waits && status.data && html`<${Waits} sweeps=${status.data.sweeps} />`}
    ${!waits && html`<${Lately} query=${query} />
    <${Card} title="Running now" note=${firstOf(Math.min(running.length, 300), running.length, "attempt")}>${running.length === 0 ? html`<p class="quiet">Nothing runs.</p>` : html`<div class="scroll" tabindex="0" role="region" aria-label="Table of what runs"><table><thead><tr><th>Trial</th><th>State</th><th>Host</th><th class="number">Attempt</th><th class="number">Done</th></tr></thead>
      <tbody>${running.slice(0, 300).map((r) => html`<tr><td><a href=${link(["sweeps", r.sweep, "trials", String(r.trial)])}>${r.sweep}/${r.trial}</a></td><td><${State} of=${r.state} /></td><td>${r.host}</td><td class="number">${r.attempt}</td><td class="number">${r.percent !== undefined ? `${Math.round(r.percent)} %` : ""}</td></tr>`)}</tbody></table></div>`}</${Card}>`}`;
}
