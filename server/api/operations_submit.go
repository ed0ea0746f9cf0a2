package api

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/sweep"
)

// Submission asks for a sweep.
type Submission struct {
	Spec   string   `json:"spec" maxLength:"1048576" doc:"Text of the spec."`
	File   string   `json:"file,omitempty" maxLength:"4000" doc:"Where the spec lies: an absolute path of the server's machine, for callers on it; else its path in the uploaded folder."`
	Folder string   `json:"folder,omitempty" maxLength:"100" doc:"An uploaded folder with what the spec names: its id."`
	Set    []string `json:"set,omitempty" maxItems:"1000" doc:"KEY=VALUE: keys of the spec by their path, changed in this order."`
	Seed   *uint64  `json:"seed,omitempty" doc:"Instead of the spec's."`
	Labels []string `json:"labels,omitempty" maxItems:"64" doc:"Words by which the sweep is found again."`
}

type submitInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"200" doc:"A second submission of the same caller with the same key and spec is the first."`
	Body Submission
}

type submitOutput struct {
	Status int
	Body   Sweep
}

// Valid is what is known of a spec without running it.
type Valid struct {
	Name     string              `json:"name"`
	Method   string              `json:"method"`
	Seed     uint64              `json:"seed"`
	Trials   int                 `json:"trials"`
	Metric   string              `json:"metric,omitempty"`
	Warnings []*sweep.Error      `json:"warnings"`
	Refusals []server.Infeasible `json:"refusals" doc:"Trials that fit no agent of the cluster."`
}

func (a *API) declareSubmit() {
	submit := operation(Submitter, http.MethodPost, "/sweeps", "submit-sweep", "Run a sweep")
	submit.DefaultStatus = http.StatusCreated
	submit.MaxBodyBytes = 4 << 20
	huma.Register(a.huma, submit, a.submit)
	validate := operation(Viewer, http.MethodPost, "/validate", "validate-spec", "Check a spec without running it")
	validate.MaxBodyBytes = submit.MaxBodyBytes
	huma.Register(a.huma, validate, a.validate)
	a.declareFolders()
}

func (a *API) submit(ctx context.Context, in *submitInput) (*submitOutput, error) {
	spec, err := a.parse(ctx, in.Body)
	if err != nil {
		return nil, problem(err)
	}
	if err := checkLabels(in.Body.Labels); err != nil {
		return nil, err
	}
	caller := callerOf(ctx)
	sub := server.Submission{Spec: spec, Origin: server.Origin{Owner: caller.Name, Labels: in.Body.Labels}}
	if in.Key != "" {
		sub.ID = idOf(spec.Name, caller.Name, in.Key)
		if known, err := a.catalog.get(ctx, sub.ID); err == nil {
			if known.SpecHash != server.SpecHash(spec.Source) {
				return nil, huma.Error409Conflict(fmt.Sprintf("the key %q was used for another spec, sweep %s", in.Key, sub.ID))
			}
			s, err := a.sweep(ctx, sub.ID)
			return &submitOutput{http.StatusOK, s}, problem(err)
		}
	}
	if err := a.cfg.Server.CheckFeasible(ctx, spec); err != nil {
		return nil, problem(err)
	}
	sw, err := a.cfg.Server.Submit(ctx, sub)
	if err != nil {
		return nil, problem(err)
	}
	a.catalog.forget(sw.ID())
	s, err := a.sweep(ctx, sw.ID())
	return &submitOutput{http.StatusCreated, s}, problem(err)
}

func (a *API) validate(ctx context.Context, in *struct{ Body Submission }) (*body[Valid], error) {
	spec, err := a.parse(ctx, in.Body)
	if err != nil {
		return nil, problem(err)
	}
	refusals, err := a.cfg.Server.FindInfeasible(ctx, spec)
	out := Valid{
		Name: spec.Name, Method: spec.Method, Seed: spec.Seed, Trials: spec.Trials, Metric: spec.Objective.Name,
		Warnings: append([]*sweep.Error{}, spec.Warnings...), Refusals: append([]server.Infeasible{}, refusals...),
	}
	return answer(out, err)
}

// parse reads a spec where it lies: in a folder of this machine, if the caller is on it, or in one that was uploaded.
func (a *API) parse(ctx context.Context, sub Submission) (*sweep.Spec, error) {
	file, err := a.place(ctx, sub)
	if err != nil {
		return nil, err
	}
	set := sub.Set
	if sub.Seed != nil {
		set = append(set[:len(set):len(set)], fmt.Sprintf("seed=%d", *sub.Seed))
	}
	environment := os.LookupEnv
	if !callerOf(ctx).Local { // others read nothing of this process's
		environment = func(string) (string, bool) { return "", false }
	}
	spec, err := sweep.Parse(file, []byte(sub.Spec), sweep.WithSet(set...), server.WithFilesBeside(file), sweep.WithEnvironment(environment))
	if err != nil {
		return nil, err
	}
	if err := mayUse(callerOf(ctx), spec); err != nil {
		return nil, err
	}
	return spec, nil
}

// place is the absolute path of a submission's spec on this machine.
func (a *API) place(ctx context.Context, sub Submission) (string, error) {
	local := callerOf(ctx).Local
	switch {
	case sub.Folder != "":
		folder, err := a.folder(sub.Folder)
		if err != nil {
			return "", err
		}
		file := sub.File
		if file == "" {
			file = "sweep.yaml"
		}
		if !filepath.IsLocal(file) {
			return "", huma.Error422UnprocessableEntity(fmt.Sprintf("file %q leads out of the uploaded folder", file))
		}
		return filepath.Join(folder, file), nil
	case sub.File == "":
		empty := filepath.Join(a.cfg.Folder, foldersPath, "empty")
		if err := os.MkdirAll(empty, 0o700); err != nil {
			return "", err
		}
		return filepath.Join(empty, "sweep.yaml"), nil
	case !local:
		return "", huma.Error422UnprocessableEntity("file is for callers on the server's machine: upload the folder, and give its id as folder")
	case !filepath.IsAbs(sub.File):
		return "", huma.Error422UnprocessableEntity(fmt.Sprintf("file %q: want an absolute path", sub.File))
	}
	return sub.File, nil
}

// mayUse refuses callers from elsewhere what is this user's: its environment, and files of this machine.
func mayUse(c Caller, spec *sweep.Spec) error {
	if c.Local {
		return nil
	}
	refuse := func(format string, args ...any) error {
		return huma.Error422UnprocessableEntity(fmt.Sprintf(format, args...))
	}
	if names := spec.Task.Secrets; len(names) > 0 {
		return refuse("task.secrets: %s: secrets are taken from the server's environment, for callers on its machine alone", strings.Join(names, ", "))
	}
	if c := spec.Task.Container; c != nil && c.Registry != nil {
		return refuse("task.registry: its password is taken from the server's environment, for callers on its machine alone")
	}
	for _, input := range spec.Task.Fetch {
		if strings.HasPrefix(input.URL, "file:") || !strings.Contains(input.URL, "://") && !filepath.IsLocal(input.URL) {
			return refuse("task.fetch: %s is a file of the server's machine: put it into the uploaded folder", input.URL)
		}
	}
	if spec.Then != nil && spec.Then.Next != nil {
		return mayUse(c, spec.Then.Next)
	}
	return nil
}

// idOf is the id of a sweep that a caller submits with a key: always the same.
func idOf(name, caller, key string) string {
	sum := sha256.Sum256([]byte(caller + "\x00" + key))
	const letters = 12
	return server.SweepSlug(name) + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:letters])
}

// checkLabels refuses what people could not type in a shell as one word.
func checkLabels(labels []string) error {
	const longest = 100
	for _, label := range labels {
		if label == "" || len(label) > longest || strings.ContainsFunc(label, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
			return huma.Error422UnprocessableEntity(fmt.Sprintf("label %q: want one word of 1 to %d bytes", label, longest))
		}
	}
	return nil
}
