package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/manifest"
	"github.com/kaon-sweep/kaon/server/plan"
	"github.com/kaon-sweep/kaon/server/staging"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

type submitInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"200" doc:"A second submission of the same caller with the same key and spec is the first."`
	Body Submission
}

type submitOutput struct {
	Status int
	Body   Sweep
}

// Infeasible is trials that fit no agent.
type Infeasible = plan.Infeasible

// Valid is what is known of a spec without running it.
type Valid struct {
	Name     string         `json:"name"`
	Method   string         `json:"method"`
	Seed     uint64         `json:"seed"`
	Trials   int            `json:"trials"`
	Metric   string         `json:"metric,omitempty"`
	Warnings []*sweep.Error `json:"warnings"`
	Refusals []Infeasible   `json:"refusals" doc:"Trials that fit no agent of the cluster."`
}

func (a *API) declareSubmit() {
	submit := operation(access.Submitter, http.MethodPost, "/sweeps", "submit-sweep", "Run a sweep")
	submit.DefaultStatus = http.StatusCreated
	submit.MaxBodyBytes = largestSubmission
	huma.Register(a.huma, submit, a.submit)
	validate := operation(access.Viewer, http.MethodPost, "/validate", "validate-spec",
		"Check a spec without running it")
	validate.MaxBodyBytes = submit.MaxBodyBytes
	huma.Register(a.huma, validate, a.validate)
	a.declareFolders()
}

func (a *API) submit(ctx context.Context, in *submitInput) (*submitOutput, error) {
	asked, spec, err := a.parse(ctx, in.Body)
	if err != nil {
		return nil, problem(err)
	}
	if err := checkLabels(asked.Labels); err != nil {
		return nil, err
	}
	caller := access.Of(ctx)
	sub := server.Submission{Spec: spec, Origin: server.Origin{Owner: caller.Name, Labels: asked.Labels}}
	if in.Key == "" {
		out, err := a.handIn(ctx, sub)
		return out, problem(err)
	}
	if spec.Name == "" { // before sweeps were called after their files
		sub.ID = idOf("", caller.Name, in.Key)
		if first, err := a.first(ctx, sub, in.Key); first != nil || err != nil {
			return first, problem(err)
		}
	}
	sub.ID = idOf(spec.Title(), caller.Name, in.Key)
	for {
		if first, err := a.first(ctx, sub, in.Key); first != nil || err != nil {
			return first, problem(err)
		}
		out, err := a.handIn(ctx, sub)
		if !errors.Is(err, scheduler.ErrExists) {
			return out, problem(err)
		}
		if !timer.Sleep(ctx, submitAgain) { // the first is being handed in, or fails and leaves the id to this one
			return nil, problem(ctx.Err())
		}
	}
}

// submitAgain is how often a submission asks whether another with its key has succeeded.
const submitAgain = 100 * time.Millisecond

// first is the answer to a submission whose key was used before; nil: it was not, or that one is not taken yet.
func (a *API) first(ctx context.Context, sub server.Submission, key string) (*submitOutput, error) {
	known, err := a.catalog.get(ctx, sub.ID)
	if sw, here := a.cfg.Server.Sweep(sub.ID); err != nil && here { // its results were deleted or are damaged
		known.ID, known.SpecHash = sub.ID, manifest.SpecHash(sw.Spec().Source)
		known.Overrides = manifest.Overrides(sw.Overrides()).Redacted(sub.Spec)
	} else if err != nil { // there is none, or the submission says what is wrong with the results
		return nil, nil
	}
	if known.SpecHash != manifest.SpecHash(sub.Spec.Source) ||
		!slices.Equal(known.Overrides, manifest.Overrides(sub.Spec.Overrides).Redacted(sub.Spec)) {
		return nil, huma.Error409Conflict(fmt.Sprintf("the key %q was used for another spec, sweep %s", key, sub.ID))
	}
	if taken, err := a.taken(ctx, &known); !taken || err != nil {
		return nil, err
	}
	s, err := a.sweep(ctx, sub.ID)
	if errors.Is(err, scheduler.ErrUnknown) {
		return nil, nil
	}
	return &submitOutput{http.StatusOK, s}, err
}

// taken reports whether a sweep that the results have was ever taken: what they say of it is written
// before, and the server's process may have ended in between. What another server has written counts as taken.
func (a *API) taken(ctx context.Context, s *stored) (bool, error) {
	if sw, here := a.cfg.Server.Sweep(s.ID); here {
		if _, err := sw.Status(ctx); !errors.Is(err, scheduler.ErrUnknown) {
			return err == nil, err
		}
	}
	if s.Finished != "" || !a.cfg.Server.HasFolder(s.ID) {
		return true, nil
	}
	return server.HasRecords(ctx, a.cfg.Bucket, s.ID)
}

// handIn has the server run a sweep.
func (a *API) handIn(ctx context.Context, sub server.Submission) (*submitOutput, error) {
	if err := a.cfg.Server.CheckFeasible(ctx, sub.Spec); err != nil {
		return nil, err
	}
	sw, err := a.cfg.Server.Submit(ctx, sub)
	if err != nil {
		return nil, err
	}
	a.catalog.forget(sw.ID())
	s, err := a.sweep(ctx, sw.ID())
	return &submitOutput{http.StatusCreated, s}, err
}

func (a *API) validate(ctx context.Context, in *struct{ Body Submission }) (*body[Valid], error) {
	_, spec, err := a.parse(ctx, in.Body)
	if err != nil {
		return nil, problem(err)
	}
	refusals, err := a.cfg.Server.FindInfeasible(ctx, spec)
	out := Valid{
		Name: spec.Name, Method: spec.Method, Seed: spec.Seed, Trials: spec.Trials, Metric: spec.Objective.Name,
		Warnings: append([]*sweep.Error{}, spec.Warnings...), Refusals: append([]Infeasible{}, refusals...),
	}
	return answer(out, err)
}

// parse reads a spec where it lies: in a folder of this machine, if the caller is on it, or in one that was uploaded.
// It answers the submission, too, that one like another sweep is.
func (a *API) parse(ctx context.Context, sub Submission) (Submission, *sweep.Spec, error) {
	caller := access.Of(ctx)
	if sub.Like != "" {
		var err error
		if sub, err = a.like(ctx, sub); err != nil {
			return sub, nil, err
		}
	}
	if strings.TrimSpace(sub.Spec) == "" {
		return sub, nil, &Problem{ErrorModel: huma.ErrorModel{
			Status: http.StatusUnprocessableEntity, Title: http.StatusText(http.StatusUnprocessableEntity),
			Detail: "spec is missing, or empty: give the text of a sweep file as spec, or the id of a sweep as like",
			Errors: []*huma.ErrorDetail{{Message: "expected a text", Location: "body.spec", Value: sub.Spec}},
		}}
	}
	at, err := a.place(caller, sub)
	if err != nil {
		return sub, nil, err
	}
	set := sub.Set
	if sub.Seed != nil {
		set = append(set[:len(set):len(set)], fmt.Sprintf("seed=%d", *sub.Seed))
	}
	options := []sweep.Option{sweep.WithSet(set...), state.WithFilesBeside(at.file),
		sweep.WithEnvironment(caller.Environment())}
	if !caller.Local { // others read nothing else of this machine, nor of this process's environment
		options = append(options, sweep.WithFiles(at.read))
	}
	spec, err := computation(ctx, a, "read the spec", func() (*sweep.Spec, error) {
		return sweep.Parse(at.file, []byte(sub.Spec), options...)
	})
	if err != nil {
		return sub, nil, at.outside(err)
	}
	if spec.Then != nil && spec.Then.Next != nil {
		return sub, nil, huma.Error422UnprocessableEntity("then: a server does not go on with a second spec: " +
			"have `kaon run --server none` run both, " +
			"or submit the second when the first has ended")
	}
	return sub, spec, a.mayUse(caller, spec)
}

// specPlace is where a submission's spec lies.
type specPlace struct {
	root string // the folder that was uploaded; empty: the spec lies in none
	file string // absolute path of the spec
}

// outside is an error as who submitted knows it: files of mistakes are named by their paths in the uploaded folder,
// and not by where that lies.
func (p specPlace) outside(err error) error {
	var mistakes sweep.Errors
	if p.root == "" || !errors.As(err, &mistakes) {
		return err
	}
	shown := make(sweep.Errors, len(mistakes))
	for i, m := range mistakes {
		one := *m
		if name, err := filepath.Rel(p.root, one.File); err == nil && filepath.IsLocal(name) {
			one.File = filepath.ToSlash(name)
		}
		shown[i] = &one
	}
	return shown
}

// read reads a file by its path from the spec's folder, and nothing outside the uploaded one.
func (p specPlace) read(name string) ([]byte, error) {
	root, err := os.OpenRoot(p.root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	beside, err := filepath.Rel(p.root, filepath.Dir(p.file))
	if err != nil {
		return nil, err
	}
	f, err := root.Open(filepath.Join(beside, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, largestSpec+1)) // Parse refuses what is larger
}

// nameAlone tells whether a path is the name of a file, in no folder.
func nameAlone(file string) bool {
	return file != "." && filepath.IsLocal(file) && filepath.Base(file) == file
}

// place is where a submission's spec lies on this machine.
func (a *API) place(caller access.Caller, sub Submission) (specPlace, error) {
	wrong := func(format string, args ...any) (specPlace, error) {
		return specPlace{}, huma.Error422UnprocessableEntity(fmt.Sprintf(format, args...))
	}
	empty := filepath.Join(a.folders(), emptyFolder)
	switch {
	case sub.Folder != "":
		folder, err := a.folder(sub.Folder)
		if err == nil && !sub.liked {
			err = a.mayTake(caller, sub.Folder)
		}
		if err != nil {
			return specPlace{}, err
		}
		file := cmp.Or(sub.File, "sweep.yaml")
		if !filepath.IsLocal(file) {
			return wrong("file %q leads out of the uploaded folder", file)
		}
		return specPlace{folder, filepath.Join(folder, file)}, nil
	case sub.File == "":
		return specPlace{empty, filepath.Join(empty, "sweep.yaml")}, os.MkdirAll(empty, 0o700)
	case nameAlone(sub.File) && (sub.liked || !caller.Local): // what the sweep is called after; nothing lies there
		return specPlace{empty, filepath.Join(empty, sub.File)}, os.MkdirAll(empty, 0o700)
	case !caller.Local:
		return wrong("file is for callers on the server's machine: upload the folder, and give its id as folder")
	case !filepath.IsAbs(sub.File):
		return wrong("file %q: want an absolute path", sub.File)
	}
	return specPlace{file: sub.File}, nil
}

// mayUse refuses callers from elsewhere what is this user's: its environment, and files of this machine.
func (a *API) mayUse(c access.Caller, spec *sweep.Spec) error {
	if err := problem(c.CheckQueue(spec.InQueue())); err != nil || c.Local {
		return err
	}
	place := ""
	if strings.HasPrefix(a.cfg.Place, "s3://") {
		place = a.cfg.Place
	}
	return staging.CheckForeign(spec, place)
}

// mayExtend refuses callers from elsewhere to have files of this machine read, and those who are bound to queues a
// sweep that goes on in another.
func mayExtend(c access.Caller, queue string, set []string) error {
	for _, one := range set {
		key, value, _ := strings.Cut(one, "=")
		first, _, _ := strings.Cut(strings.TrimSpace(key), ".")
		switch strings.Trim(first, `"'[] `) {
		case "then":
			if !c.Local {
				return huma.Error422UnprocessableEntity(fmt.Sprintf("set %s: what follows the trials cannot change",
					one))
			}
		case "queue":
			queue = strings.Trim(value, `"' `)
		}
	}
	return problem(c.CheckQueue(queue))
}

// idOf is the id of a sweep that a caller submits with a key: always the same.
func idOf(name, caller, key string) string {
	sum := sha256.Sum256([]byte(caller + "\x00" + key))
	const letters = 12
	return sweep.Slug(name) + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:letters])
}
