package server

import (
	"path"
	"runtime"
	"slices"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/sweep"
)

// inImage is how agents start the executor in an image, made from how they start it on the host. An image
// need not have a shell that could choose, so an agent that does not name its architecture gets the binary
// of this program's.
func inImage(host scheduler.ExecutorTemplate) scheduler.ExecutorTemplate {
	t := host
	b := scheduler.Build{Argv: host.Argv, URIs: host.URIs}
	if host.Builds != nil {
		b = host.Builds[runtime.GOARCH]
		t.Builds = map[string]scheduler.Build{}
		for arch, build := range host.Builds {
			t.Builds[arch] = buildInImage(build)
		}
	}
	b = buildInImage(b)
	t.Argv, t.URIs = b.Argv, b.URIs
	// The container's limit holds for the executor, too, so it must not be cut from what the trial asked for.
	t.Overhead.Mem = max(t.Overhead.Mem, executorOverhead.Mem)
	return t
}

// buildInImage starts a build from the sandbox: in an image there is nothing but what was fetched.
func buildInImage(b scheduler.Build) scheduler.Build {
	name := path.Base(b.Argv[0])
	if path.IsAbs(b.Argv[0]) {
		b.URIs = append(slices.Clone(b.URIs), fetch(b.Argv[0], name))
	}
	b.Argv = append([]string{path.Join(sweep.SandboxPath, name)}, b.Argv[1:]...)
	return b
}
