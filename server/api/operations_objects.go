package api

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/access"
)

// Object is a file among the results.
type Object struct {
	Name     string `json:"name"`
	Size     int64  `json:"size" doc:"Bytes."`
	Modified string `json:"modified,omitempty" doc:"RFC 3339."`
}

// OnTheirWay are records that the bucket does not have yet, in batches as it will have them.
type OnTheirWay struct {
	Batches [][]byte `json:"batches"`
}

func (a *API) declareObjects() {
	type listInput struct {
		Prefix string `query:"prefix" maxLength:"900" doc:"That names begin with; those of a sweep begin with sweeps/ID/."`
		After  string `query:"after" maxLength:"900" doc:"Only names behind this one."`
		Limit  int    `query:"limit" default:"1000" minimum:"1" maximum:"10000"`
	}
	type objectInput struct {
		Name  string `path:"name" doc:"As it is listed, with its slashes."`
		Range string `header:"Range" doc:"bytes=N- or bytes=N-M."`
	}
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/objects", "list-objects",
		"Files of the results, by name"),
		func(ctx context.Context, in *listInput) (*body[[]Object], error) {
			list, prefix := []Object{}, in.Prefix
			switch { // nothing else of the bucket is shown
			case strings.HasPrefix(results.SweepsPrefix, prefix):
				prefix = results.SweepsPrefix
			case !strings.HasPrefix(prefix, results.SweepsPrefix):
				return answer(list, nil)
			}
			for o, err := range a.cfg.Bucket.ListAfter(ctx, prefix, in.After) {
				if err != nil {
					return nil, problem(err)
				}
				list = append(list, Object{Name: o.Name, Size: o.Size, Modified: rfc3339(o.Modified)})
				if len(list) == in.Limit {
					break
				}
			}
			return answer(list, nil)
		})
	object := operation(access.Viewer, http.MethodGet, "/objects/{name...}", "get-object",
		"A file of the results, or a range of it")
	object.Responses = contentOf("application/octet-stream")
	huma.Register(a.huma, object,
		func(ctx context.Context, in *objectInput) (*huma.StreamResponse, error) {
			if err := bucket.CheckName(in.Name); err != nil || !strings.HasPrefix(in.Name, results.SweepsPrefix) {
				return nil, notFound("no such object")
			}
			o, err := a.cfg.Bucket.Stat(ctx, in.Name)
			if err != nil {
				return nil, problem(err)
			}
			from, to, partial, err := rangeOf(in.Range, o.Size)
			if err != nil {
				return nil, err
			}
			src, err := a.cfg.Bucket.Get(ctx, in.Name)
			if err != nil {
				return nil, problem(err)
			}
			return &huma.StreamResponse{Body: func(hc huma.Context) {
				defer src.Close()
				hc.SetHeader("Content-Type", "application/octet-stream") // never shown as a page of this origin
				hc.SetHeader("Content-Length", strconv.FormatInt(to-from, 10))
				hc.SetHeader("Accept-Ranges", "bytes")
				if partial {
					hc.SetHeader("Content-Range", "bytes "+strconv.FormatInt(from, 10)+"-"+strconv.FormatInt(to-1, 10)+
						"/"+strconv.FormatInt(o.Size, 10))
					hc.SetStatus(http.StatusPartialContent)
				}
				if seeker, ok := src.(io.Seeker); ok {
					_, err = seeker.Seek(from, io.SeekStart)
				} else {
					_, err = io.CopyN(io.Discard, src, from)
				}
				if err == nil {
					_, _ = io.CopyN(hc.BodyWriter(), src, to-from) // who reads sees that it is short
				}
			}}, nil
		})
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/records", "get-records",
		"Records on their way to the bucket"), a.records)
}

// rangeOf reads a Range of one part. What is none of that kind is all of it, as RFC 9110 wants.
func rangeOf(header string, size int64) (from, to int64, partial bool, err error) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !ok || !dash || strings.Contains(spec, ",") {
		return 0, size, false, nil
	}
	if first == "" { // the last N bytes
		n, wrong := strconv.ParseInt(last, 10, 64)
		if wrong != nil || n < 0 {
			return 0, size, false, nil
		}
		return max(size-n, 0), size, true, nil
	}
	from, wrong := strconv.ParseInt(first, 10, 64)
	if wrong != nil || from < 0 {
		return 0, size, false, nil
	}
	to = size
	if last != "" {
		end, wrong := strconv.ParseInt(last, 10, 64)
		if wrong != nil || end < from {
			return 0, size, false, nil
		}
		to = min(size-1, end) + 1
	}
	if from >= size {
		return 0, 0, false, huma.NewError(http.StatusRequestedRangeNotSatisfiable,
			"the object has "+strconv.FormatInt(size, 10)+" bytes")
	}
	return from, to, true, nil
}

func (a *API) records(_ context.Context, in *SweepInput) (*body[OnTheirWay], error) {
	batches, err := store.Batches(a.cfg.Server.Pending(in.Sweep))
	return answer(OnTheirWay{append([][]byte{}, batches...)}, err)
}
