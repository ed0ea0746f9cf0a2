package api

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/klauspost/compress/zstd"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/sandbox"
)

type logsInput struct {
	AttemptInput
	Stream string `query:"stream" default:"stdout" enum:"stdout,stderr"`
	Offset int64  `query:"offset" minimum:"0" doc:"Bytes to leave out at the beginning; what was read so far, to follow."`
	Follow bool   `query:"follow" doc:"Go on until the attempt has ended."`
}

func (a *API) declareLogs() {
	op := operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/trials/{trial}/logs", "get-logs",
		"What an attempt wrote, while it runs and after")
	op.Responses = contentOf("text/plain")
	huma.Register(a.huma, op, a.logs)
}

// logs streams what the bucket has of an attempt, or else what lies in its folder on this machine; of a cached one, of
// who did its work.
func (a *API) logs(ctx context.Context, in *logsInput) (*huma.StreamResponse, error) {
	t, err := a.boards.trial(ctx, in.Sweep, in.Trial)
	if err != nil {
		return nil, problem(err)
	}
	number := in.Attempt
	if number == 0 {
		number = max(t.last(), 1)
	}
	isIt := func(a board.Attempt) bool { return a.Attempt == number }
	if i := slices.IndexFunc(t.Attempts, isIt); i >= 0 {
		if ran := t.Attempts[i].End.Ran(in.Sweep, in.Trial, number); ran.Sweep != in.Sweep || ran.Trial != in.Trial {
			in.Sweep, in.Trial, number = ran.Sweep, ran.Trial, ran.Attempt
			if t, err = a.boards.trial(ctx, in.Sweep, in.Trial); err != nil {
				return nil, problem(err)
			}
		}
	}
	object := results.LogsPrefix(in.Sweep, in.Trial, number) + in.Stream + ".zst"
	if src, err := a.cfg.Bucket.Get(ctx, object); err == nil {
		return stream(func(w io.Writer) error {
			defer src.Close()
			return unpack(&behind{w, in.Offset}, src)
		}), nil
	} else if !errors.Is(err, bucket.ErrNotExist) {
		return nil, problem(err)
	}
	files, err := a.cfg.Server.RunningOutput(ctx, in.Sweep, in.Trial, number)
	if err == nil && files == nil {
		files, err = a.sandbox(t, in.Sweep, number)
	}
	if err != nil {
		return nil, problem(err)
	}
	return stream(func(w io.Writer) error { return a.follow(ctx, w, in, number, files) }), nil
}

func stream(write func(io.Writer) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "text/plain; charset=utf-8")
		_ = write(hc.BodyWriter()) // who reads is gone, or sees that it ends
	}}
}

// followEvery is how often a running attempt's output is looked at.
const followEvery = 300 * time.Millisecond

// mostUnpacked bounds the memory that a log may ask for to be unpacked.
const mostUnpacked = 64 << 20

func unpack(w io.Writer, src io.Reader) error {
	z, err := zstd.NewReader(src, zstd.WithDecoderMaxMemory(mostUnpacked))
	if err != nil {
		return err
	}
	defer z.Close()
	_, err = io.Copy(w, z)
	return err
}

// sandbox opens the folder of an attempt on this machine.
func (a *API) sandbox(t Trial, id string, number int) (sandbox.Reader, error) {
	_, here := a.cfg.Server.Sweep(id)
	folder, state := "", ""
	if here {
		state = a.cfg.Server.Folder()
		folder = sandbox.Find(state, string(cluster.NewTaskID(id, t.Trial.Trial, number)))
	}
	for _, one := range t.Attempts {
		if one.Attempt == number && one.End != nil && here {
			folder = one.End.Sandbox
		}
	}
	if folder == "" {
		return nil, notFound("the attempt has not started, or left no files that this server can read")
	}
	files, err := sandbox.OpenLocal(state, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notFound("the attempt's files are on the agent that ran it, and not in the results")
	}
	return files, err
}

// follow writes what an attempt has written, and with in.Follow what it writes until it has ended.
func (a *API) follow(ctx context.Context, w io.Writer, in *logsInput, number int, files sandbox.Reader) error {
	tail := &sandbox.Tail{From: files, Stream: in.Stream}
	to := &behind{w, in.Offset}
	flush := func() {
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
	}
	caller := a.guard.Watch(ctx)
	for {
		if !caller.Good() {
			return nil
		}
		over, err := a.over(ctx, in, number)
		if err != nil {
			return err
		}
		if err := tail.Copy(ctx, to); err != nil {
			return err
		}
		flush()
		if over || !in.Follow {
			return nil
		}
		if !timer.Sleep(ctx, followEvery) {
			return ctx.Err()
		}
	}
}

// over tells whether an attempt has ended.
func (a *API) over(ctx context.Context, in *logsInput, number int) (bool, error) {
	t, err := a.boards.trial(ctx, in.Sweep, in.Trial)
	if err != nil {
		return false, err
	}
	for _, one := range t.Attempts {
		if one.Attempt == number {
			return one.End != nil, nil
		}
	}
	return t.State.Terminal(), nil
}

// behind is a writer that leaves out the first bytes.
type behind struct {
	w    io.Writer
	skip int64
}

func (b *behind) Write(p []byte) (int, error) {
	skipped := min(b.skip, int64(len(p)))
	b.skip -= skipped
	if _, err := b.w.Write(p[skipped:]); err != nil {
		return 0, err
	}
	return len(p), nil
}
