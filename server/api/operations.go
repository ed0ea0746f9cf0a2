package api

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/workflows"
)

// New makes the API of a server. Heard must be told what the scheduler tells.
func New(cfg Config) (*API, error) {
	a := declare(cfg)
	a.tidyFolders()
	var err error
	a.audit, err = openAudit(cfg.Folder, a.cfg.Log)
	return a, err
}

// declare makes an API with all operations; without a server it is good for its document alone.
func declare(cfg Config) *API {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	a := &API{
		cfg: cfg, guard: access.New(cfg.Access), mux: http.NewServeMux(), hub: newHub(), stats: newStats(),
		heavy: make(chan struct{}, 1),
	}
	a.catalog = newCatalog(cfg.Bucket, cfg.Server)
	a.catalog.damaged = logDamage(cfg.Log)
	a.boards = newBoards(cfg.Server, a.catalog, cfg.Log)
	conf := huma.DefaultConfig("kaon", cmp.Or(cfg.Version, "dev"))
	conf.Info.Description = "Sweeps of one server: submit, watch, read results."
	conf.OpenAPIPath, conf.DocsPath, conf.SchemasPath = Prefix+"/openapi", "", ""
	conf.CreateHooks = nil // no $schema in answers
	conf.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	conf.RejectUnknownQueryParameters = true
	written := huma.Format{Marshal: a.writeJSON, Unmarshal: json.Unmarshal}
	conf.Formats = map[string]huma.Format{"application/json": written, "json": written}
	conf.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	conf.Security = []map[string][]string{{"token": {}}}
	a.huma = humago.New(a.mux, conf)
	aliases(a.huma.OpenAPI().Components.Schemas)
	a.huma.UseMiddleware(a.stats.count, hold, a.admit)
	a.declareServer()
	a.declareSweeps()
	a.declareSubmit()
	a.declarePlan()
	a.declareTrials()
	a.declareInsight()
	a.declareLogs()
	a.declareObjects()
	a.declareEvents()
	a.declareTokens()
	a.declareAudit()
	a.declareQueues()
	a.declareUsage()
	a.declareSessions()
	a.declarePlots()
	a.declareProvenance()
	a.declarePreviews()
	a.declareWorkflows()
	a.declareRunCommands()
	a.declareRunEvents()
	a.declareRegistered()
	a.declareTriggers()
	a.declareSteps()
	a.declareTalk()
	if cfg.UI != nil {
		a.mux.Handle("GET /{$}", cfg.UI)
		a.mux.Handle("GET /ui/", cfg.UI)
	}
	a.declareMetrics()
	a.declareAgents()
	a.profiles()
	a.also(http.MethodPost, "/sweeps", "201", "200", "It was submitted before, with the same key")
	a.also(http.MethodPost, "/workflows", "201", "200", "It was submitted before, with the same key")
	a.also(http.MethodPost, "/sweeps/{sweep}/clone", "201", "200", "It was submitted before, with the same key")
	a.also(http.MethodGet, "/objects/{name...}", "200", "206", "The range that was asked for")
	a.describe()
	return a
}

// Heard tells those who listen what has become true. It is called in the scheduler's goroutine, and does not block.
func (a *API) Heard(n scheduler.Notice) {
	a.hub.heard(n)
	if a.cfg.Registered != nil {
		a.cfg.Registered.HeardSweep(n)
	}
}

// HeardRun tells those who listen what has become true of a run of a workflow. Any goroutine may call; it does not
// block.
func (a *API) HeardRun(c workflows.Change) { a.hub.heardRun(c) }

// Handler answers requests of callers that listeners have known by their connection; see access.Local.
func (a *API) Handler() http.Handler {
	return crash.Handler(bodies(access.Connections(requestID(a.guard.Sessions(etag(compress(routed(a.mux))))))))
}

// Document is the OpenAPI 3.1 document of all operations, as JSON.
func Document(version string) ([]byte, error) {
	return declare(Config{Version: version}).huma.OpenAPI().MarshalJSON()
}

// Close ends the audit log. Its error says that lines of it are missing.
func (a *API) Close() error { return a.audit.Close() }
