package api

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/manifest"
	"github.com/kaon-sweep/kaon/server/staging"
)

// like fills a submission from an existing sweep: its spec, the place of its file and its overrides. The folders and
// secrets of others' sweeps, which readers of results do not see, go to their owners and to operators alone.
func (a *API) like(ctx context.Context, sub Submission) (Submission, error) {
	wrong := func(format string, args ...any) (Submission, error) {
		return sub, huma.Error422UnprocessableEntity(fmt.Sprintf(format, args...))
	}
	if sub.Spec != "" || sub.File != "" || sub.Folder != "" {
		return wrong("like stands for spec, file and folder: leave those out, and change what is to change with set")
	}
	known, err := a.catalog.get(ctx, sub.Like)
	if err != nil {
		return sub, err
	}
	var set manifest.Overrides
	secret, needs := false, true
	if sw, here := a.cfg.Server.Sweep(known.ID); here {
		spec := sw.Spec()
		set = spec.Overrides
		sub.Spec, secret, needs = string(spec.Source), set.Redacted(spec).Secret(), staging.NeedsFolder(spec)
	} else if sub.Spec, set, err = a.stored(ctx, known); err != nil {
		return sub, err
	} else if secret = set.Secret(); secret && !access.Of(ctx).Local {
		return wrong("sweep %s was given secrets, which the results do not keep: submit its spec anew", known.ID)
	} else if secret {
		if set, err = set.Restored(known.Owner); err != nil {
			return sub, err
		}
	}
	if sub.Labels == nil {
		sub.Labels = known.Labels
	}
	sub.Like, sub.Set = "", append(set[:len(set):len(set)], sub.Set...)
	folder, file := a.uploaded(known.File)
	switch mine := access.Of(ctx).MayChange("sweep", known.Submitter()); {
	case mine != nil && (secret || folder != ""):
		return sub, huma.Error403Forbidden(fmt.Sprintf("sweep %s is %s's, and comes with a folder or with secrets: "+
			"only they and operators may run it again",
			known.ID, known.Submitter()))
	case folder != "":
		sub.Folder, sub.File, sub.liked = folder, file, true
	case file != "": // in the folder of those without one
		sub.File, sub.liked = file, true
	case access.Of(ctx).Local:
		sub.File = known.File
	case needs:
		return wrong("sweep %s was submitted on the server's machine, and names files there: submit its spec "+
			"with its folder", known.ID)
	}
	return sub, nil
}

// stored is the spec of a sweep that lies in the results, and what was set besides.
func (a *API) stored(ctx context.Context, known stored) (text string, set manifest.Overrides, err error) {
	data, err := bucket.ReadObject(ctx, a.cfg.Bucket, results.ObjectName(known.ID, results.SpecFile), largestSpec)
	if err != nil {
		return "", nil, err
	}
	if known.SpecHash != "" && known.SpecHash != manifest.SpecHash(data) {
		return "", nil, huma.Error409Conflict(fmt.Sprintf("the spec of %s in the results is not the one that "+
			"was submitted: "+
			"`kaon repair %s` brings it back where the journal has it", known.ID, known.ID))
	}
	return string(data), manifest.OverridesOf(known.Sweep), nil
}

// uploaded is the id of the uploaded folder that a spec lies in, and its path there. Without a folder the path is where
// specs lie that came without one; both are empty for all others.
func (a *API) uploaded(file string) (folder, path string) {
	rest, below := strings.CutPrefix(file, a.folders()+string(filepath.Separator))
	if !below {
		return "", ""
	}
	folder, path, _ = strings.Cut(rest, string(filepath.Separator))
	if folder == emptyFolder {
		folder = ""
	}
	return folder, path
}
