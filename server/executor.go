package server

import (
	"context"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// executorOverhead is what the executor itself asks for on a real cluster: Mesos's own least amounts, below
// which the master warns.
var executorOverhead = resource.Resources{CPUs: resource.Unit / 100, Mem: 32 * resource.Unit}

// diskOf is what the programs take that agents fetch into a sandbox for an executor. Agents that keep
// containers to their disk count them with what the trials write.
func (c Cluster) diskOf() resource.Milli {
	list, err := c.binaries()
	if c.Executor != "" || err != nil {
		self, _ := os.Executable()
		list = []binary{{path: self}} // the operator's own is of about the same size
	}
	const mb = 1 << 20
	total := resource.Unit // for the folder itself, and what the executor logs
	for _, b := range list {
		if info, err := os.Stat(b.path); err == nil {
			total += resource.Milli((info.Size()+mb-1)/mb) * resource.Unit
		}
	}
	return total
}

// weigh says what disk an executor's programs take that agents fetch.
func (c Cluster) weigh(t scheduler.ExecutorTemplate) scheduler.ExecutorTemplate {
	if len(t.URIs) > 0 {
		t.Disk = c.diskOf()
	}
	return t
}

// once says how an executor that serves one attempt is told so.
func once(t scheduler.ExecutorTemplate) scheduler.ExecutorTemplate {
	t.Once = []string{"--once"}
	return t
}

// remoteExecutor says how agents start the executor: from a path they have, from a URL, or from this
// process. The operator's own place is taken as it is; what is served from here is chosen by the agent's
// architecture.
func (c Cluster) remoteExecutor(d *transfer.Server) (scheduler.ExecutorTemplate, error) {
	t := scheduler.ExecutorTemplate{Overhead: executorOverhead, Argv: []string{"./" + executorName, "executor"}}
	switch {
	case strings.HasPrefix(c.Executor, "/"):
		t.Argv[0] = c.Executor
		return t, nil
	case c.Executor != "":
		t.URIs = []cluster.URI{fetch(c.Executor, executorName)}
		return t, nil
	}
	binaries, err := c.binaries()
	if err != nil {
		return t, err
	}
	t.Builds = map[string]scheduler.Build{}
	var sums []string
	for _, b := range binaries {
		address, sum, err := d.Serve(b.path, executorName+"-"+b.arch)
		if err != nil {
			return t, err
		}
		t.Builds[b.arch] = scheduler.Build{Argv: append(slices.Clone(t.Argv), "--sha256="+sum),
			URIs: []cluster.URI{fetch(address, executorName)}}
		t.URIs = append(t.URIs, fetch(address, executorName+"-"+b.arch))
		sums = append(sums, sum)
	}
	// what follows are arguments of the script
	t.Argv = []string{"/bin/sh", "-c", chooseExecutor(binaries, sums), executorName}
	return t, nil
}

// executorName is the executor's file in a sandbox.
const executorName = "kaon"

// fetch is a binary that agents fetch and keep.
func fetch(address, name string) cluster.URI {
	return cluster.URI{Value: address, Executable: true, Cache: true, OutputFile: name}
}

// binary is kaon for one architecture.
type binary struct{ arch, path string }

// architectures are those that executors are built for, and what uname and ELF files call them.
var architectures = map[string]struct {
	uname   string
	machine elf.Machine
}{
	"amd64": {"x86_64", elf.EM_X86_64},
	"arm64": {"aarch64", elf.EM_AARCH64},
}

// otherArchitecture is the one that this program is not built for.
func otherArchitecture() string {
	if runtime.GOARCH == "arm64" {
		return "amd64"
	}
	return "arm64"
}

// binaries are this program, and that for the other architecture if there is one: the one named, or one
// that lies beside it as kaon-linux-<arch>.
func (c Cluster) binaries() ([]binary, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program's file: %w", err)
	}
	list := []binary{{runtime.GOARCH, self}}
	other := binary{otherArchitecture(), c.ExecutorForeign}
	if other.path != "" {
		if err := checkMachine(other); err != nil {
			return nil, setting("ExecutorForeign", "", err)
		}
		return append(list, other), nil
	}
	other.path = filepath.Join(filepath.Dir(self), foreignName())
	if _, err := os.Stat(other.path); err != nil {
		return list, nil
	}
	if err := checkMachine(other); err != nil {
		return nil, usage(fmt.Errorf("%s, beside this program: %w", other.path, err))
	}
	return append(list, other), nil
}

// foreignName is what the binary for the other architecture is called beside this program.
func foreignName() string { return "kaon-linux-" + otherArchitecture() }

// checkMachine refuses a program that was built for another machine than it is to serve. What is no ELF
// file, such as a script, may know what it does.
func checkMachine(b binary) error {
	if _, err := os.Stat(b.path); err != nil {
		return err
	}
	f, err := elf.Open(b.path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if want := architectures[b.arch].machine; f.Machine != want {
		return fmt.Errorf("%s is built for %v, want %v (%s): GOARCH=%s make build", b.path, f.Machine, want, b.arch,
			b.arch)
	}
	return nil
}

// servesStatic makes sure that what agents are served would start in images.
func (c Cluster) servesStatic() error {
	if k := c.Kubernetes; c.Executor != "" || k != nil && (k.Executor != "" || k.KaonImage != "") {
		return nil // the operator's own, of which nothing is known here
	}
	binaries, err := c.binaries()
	for i := 0; i < len(binaries) && err == nil; i++ {
		err = needStatic(binaries[i].path)
	}
	return err
}

// needEngine makes sure, before anything starts, that this machine can run images.
func needEngine(ctx context.Context) error {
	engine, err := docker.Open(ctx)
	if err != nil {
		return unreachable(fmt.Errorf("the spec names an image (task.image): %w; or remove task.image to run on "+
			"the host", err))
	}
	_ = engine.Close()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's file: %w", err)
	}
	return needStatic(self)
}

// needStatic refuses a kaon that was linked with the libraries of this machine: an image need not have them.
func needStatic(file string) error {
	f, err := elf.Open(file)
	if err != nil {
		return nil // what is no ELF file, such as a script, may know what it does
	}
	defer f.Close()
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return usage(fmt.Errorf("%s is linked with this machine's libraries, which images need not have: build "+
			"it with `make build`, or CGO_ENABLED=0 go build", file))
	}
	return nil
}

// chooseExecutor is what agents run that do not say which of the binaries is theirs. Its exit code tells
// the scheduler that none is.
func chooseExecutor(binaries []binary, sums []string) string {
	var script strings.Builder
	script.WriteString("m=$(uname -m); case $m in ")
	for i, b := range binaries {
		machine := architectures[b.arch].uname
		if machine == "" {
			machine = b.arch // ppc64le, riscv64 and s390x are the same to both
		}
		fmt.Fprintf(&script, `%s) exec ./%s-%s executor --sha256=%s "$@";; `, machine, executorName, b.arch,
			sums[i])
	}
	fmt.Fprintf(&script, `esac; echo "no executor of kaon's was served for $m: %s" >&2; exit %d`, foreignRemedy,
		cluster.ExitWrongArch)
	return script.String()
}

// foreignRemedy is what to do about agents of the other architecture.
var foreignRemedy = "--executor-foreign PATH, or " + foreignName() + " beside kaon"
