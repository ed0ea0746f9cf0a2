package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/kaon-sweep/kaon"

// leafPackages are small packages below scheduler that know no stage, and import each other alone. Every folder may import
// them but those that are pure.
var leafPackages = []string{
	"scheduler/crash", "scheduler/durable", "scheduler/listen", "scheduler/proc", "scheduler/safefile", "scheduler/timer",
}

// pureFolders are the folders that have no clock, goroutine or I/O.
var pureFolders = []string{"sweep", "offers"}

// mayImport is the one direction of the flow: a folder of the left may import the folders of the right, the leaves, and
// nothing else of ours but folders below itself. cmd may import all.
var mayImport = map[string][]string{
	"sweep":     {},
	"offers":    {"sweep"},
	"results":   {"sweep"},
	"python":    {},
	"scheduler": {"sweep", "offers", "python", "results"},
	"workflow":  {"sweep", "scheduler", "results"},
	"server":    {"sweep", "offers", "results", "scheduler", "workflow"},
	"bench":     {"sweep", "offers", "results", "scheduler", "workflow", "server"},
	"examples":  {},
	"testkit":   {},
}

// narrow are the packages that may import fewer of ours than their folder may: exactly these, and nothing of ours besides.
var narrow = map[string][]string{
	"sweep/shell":    {},
	"results":        {"sweep"},
	"results/board":  {"sweep", "sweep/shell", "results"},
	"results/bucket": {"scheduler/timer"},
	"results/store":  {"sweep", "results", "results/board", "results/bucket", "scheduler/timer"},
	// What an event file is knows nothing of who reads and who writes one.
	"results/tfevents": {},

	// Trials side by side are made of what others read.
	"results/compare": {"sweep", "results", "results/board", "results/store"},

	// The language of workflows knows specs, and neither engine nor server.
	"workflow": {"sweep", "workflow/schedule"}, "workflow/schedule": {},
	"workflow/draw": {"workflow"}, "workflow/export": {"sweep", "workflow"},
	"workflow/maestro": {"workflow", "workflow/schedule"},

	// What happens next is decided without clock and I/O; who does it knows a cluster by an interface alone.
	"workflow/expression": {"workflow"},
	"workflow/engine":     {"workflow", "workflow/expression"},
	"workflow/steps": {
		"results/board", "results/bucket", "results/bucket/open", "scheduler/crash", "scheduler/proc", "scheduler/timer",
		"sweep", "workflow", "workflow/engine",
	},
	"workflow/run": {
		"results/bucket", "results/bucket/open", "scheduler/crash", "scheduler/durable", "sweep", "sweep/shell", "workflow",
		"workflow/engine", "workflow/expression", "workflow/maestro", "workflow/steps",
	},

	// What reads trials' files knows nothing of sweeps; who asks a server knows its API, and not how it is made.
	"server/sandbox": {"scheduler/safefile"},
	"server/format":  {"results", "sweep/resource"},
	"server/fault":   {},
	// What a sweep would do is computed, and nobody is asked.
	"server/plan": {
		"offers", "results", "scheduler", "scheduler/fairness", "scheduler/ledger", "server/fault", "server/format",
		"sweep", "sweep/resource", "sweep/search", "sweep/shell", "sweep/stop",
	},
	"server/manifest": {
		"results", "results/board", "results/store", "scheduler/cluster/mesos", "scheduler/journal", "server/fault", "server/state", "sweep",
	},
	"server/state": {
		"results", "results/board", "scheduler/durable", "scheduler/journal", "scheduler/journal/disk", "server/fault", "sweep",
	},
	"server/mcp":  {"results", "scheduler/cluster/inprocess", "scheduler/crash", "server/access", "server/api", "server/client"},
	"server/oidc": {"scheduler/listen"},
	// Who asks is known without what they ask for.
	"server/access": {"scheduler/durable", "scheduler/fairness", "scheduler/listen", "server/oidc", "server/state"},
	"server/client": {
		"results", "results/bucket", "results/store", "scheduler/listen", "scheduler/timer", "server/access",
		"server/accounting", "server/api", "server/control",
	},

	// A user's sampler knows the search that it serves, and no scheduler.
	"server/sampler": {"scheduler/crash", "scheduler/proc", "sweep", "sweep/search"},

	// Beside its service the socket knows what it carries, and not who answers.
	"server/control": {"sweep", "results", "results/store", "scheduler", "scheduler/crash", "scheduler/listen"},

	// From a trial's bytes to points to updates: none of these knows processes, attempts or the agent.
	"scheduler/executor/mask":        {},
	"scheduler/executor/shortage":    {"scheduler/timer"},
	"scheduler/executor/tensorboard": {"results", "results/tfevents", "scheduler/safefile"},
	"scheduler/executor/environ":     {},
	"scheduler/executor/wandb":       {"python", "scheduler/executor/environ", "scheduler/safefile"},
	"scheduler/executor/parse": {
		"results", "scheduler/executor/mask", "scheduler/executor/shortage", "scheduler/safefile", "scheduler/task",
	},
	"scheduler/executor/outbox": {"results", "scheduler/safefile", "scheduler/task"},

	// The packages around the core never know the core: their methods answer with what is to be done.
	"scheduler/fairness": {"sweep/resource"},
	"scheduler/health":   {"offers", "scheduler/timer"},
	"scheduler/journal":  {"sweep", "offers", "results", "scheduler/cluster"},
	"scheduler/queue":    {"offers", "sweep/resource"},
	"scheduler/task":     {"sweep", "sweep/resource", "results", "results/board"},

	// The two ends of the wire never know each other; master and agent know what they say to each other, and no more
	// but a leaf.
	"scheduler/timer": {}, "scheduler/durable": {},
	"scheduler/cluster":          {"offers", "sweep", "sweep/resource"},
	"scheduler/cluster/recordio": {}, "scheduler/cluster/inprocess": {"scheduler/crash"},
	"scheduler/cluster/mesos": {
		"offers", "sweep", "sweep/resource", "scheduler/cluster", "scheduler/cluster/recordio", "scheduler/crash", "scheduler/timer",
	},
	"scheduler/cluster/embedded": {
		"scheduler/cluster/embedded/agent", "scheduler/cluster/embedded/api", "scheduler/cluster/embedded/containerizer",
		"scheduler/cluster/embedded/master", "scheduler/cluster/embedded/protocol", "scheduler/cluster/inprocess",
		"scheduler/crash", "scheduler/durable", "scheduler/listen", "scheduler/timer",
	},
	"scheduler/cluster/embedded/protocol": {"sweep/resource"},
	"scheduler/cluster/embedded/master":   {"scheduler/cluster/embedded/protocol", "scheduler/timer"},
	"scheduler/cluster/embedded/agent":    {"scheduler/cluster/embedded/protocol"},
	"scheduler/cluster/embedded/api":      {"scheduler/cluster/embedded/protocol", "scheduler/cluster/recordio"},
	"scheduler/cluster/embedded/docker":   {},
	"scheduler/cluster/embedded/containerizer": {
		"scheduler/cluster/embedded/docker", "scheduler/cluster/embedded/protocol", "scheduler/cluster/recordio",
		"scheduler/crash", "scheduler/durable", "scheduler/executor/cgroup", "scheduler/proc", "scheduler/safefile",
		"scheduler/timer", "scheduler/transfer/archive",
	},
}

// A package of a folder imports what its line says: the packages below it, and those beside it only as they are named.
func TestPackagesImportWhatTheyMay(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		allowed, isNarrow := narrow[name]
		if !isNarrow {
			continue
		}
		for _, imported := range p.Imports {
			if to, ours := strings.CutPrefix(imported, module+"/"); ours && !slices.Contains(allowed, to) {
				t.Errorf("%s imports %s: it may import only %v", name, to, allowed)
			}
		}
	}
}

func TestLeavesKnowNoStage(t *testing.T) {
	for _, p := range packages(t) {
		if !slices.Contains(leafPackages, strings.TrimPrefix(p.ImportPath, module+"/")) {
			continue
		}
		for _, imported := range p.Imports {
			if to, ours := strings.CutPrefix(imported, module+"/"); ours && !slices.Contains(leafPackages, to) {
				t.Errorf("%s imports %s: leaves import each other alone", p.ImportPath, to)
			}
		}
	}
}

type goPackage struct {
	ImportPath, Dir string
	Doc             string
	Imports         []string
	GoFiles         []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	args := []string{"list", "-json=ImportPath,Dir,Doc,Imports,GoFiles"}
	for folder := range mayImport {
		if _, err := os.Stat(filepath.Join("..", "..", folder)); err == nil {
			args = append(args, module+"/"+folder+"/...")
		}
	}
	out, err := exec.Command("go", append(args, module+"/cmd/...")...).Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsRunOneWay(t *testing.T) {
	for _, p := range packages(t) {
		from, ok := stage(p.ImportPath)
		if !ok || from == "cmd" {
			continue
		}
		allowed, known := mayImport[from]
		if !known {
			t.Errorf("%s: folder %q is not on the map", p.ImportPath, from)
		}
		for _, imported := range p.Imports {
			if to, ours := stage(imported); ours && to == "testkit" && strings.HasSuffix(p.ImportPath, "test") {
				continue // a kit of tests, which has laws or stand-ins
			}
			if slices.Contains(leafPackages, strings.TrimPrefix(imported, module+"/")) && !slices.Contains(pureFolders, from) {
				continue
			}
			if to, ours := stage(imported); ours && to != from && !slices.Contains(allowed, to) {
				t.Errorf("%s imports %s: %s may import only %v", p.ImportPath, imported, from, allowed)
			}
		}
	}
}

// topLevel is what the repository has at its top: what git tracks there, or, of a copy without git, the packages.
func topLevel(t *testing.T) []string {
	t.Helper()
	top := map[string]bool{}
	list := exec.Command("git", "ls-files", "-z")
	list.Dir = filepath.Join("..", "..")
	if out, err := list.Output(); err == nil {
		for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
			first, _, _ := strings.Cut(name, "/")
			top[first] = true
		}
	} else {
		for _, p := range packages(t) {
			first, _ := stage(p.ImportPath)
			top[first] = true
		}
	}
	return slices.Sorted(maps.Keys(top))
}

func stage(importPath string) (folder string, ours bool) {
	rest, ours := strings.CutPrefix(importPath, module+"/")
	folder, _, _ = strings.Cut(rest, "/")
	return folder, ours
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) == 0 {
			continue
		}
		if p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
		if !slices.Contains(p.GoFiles, "doc.go") {
			t.Errorf("%s has no doc.go", p.ImportPath)
		}
	}
}

// The top level is fixed, so that a reader finds the stages of the flow and nothing else. What kaon leaves there when the
// README's tour is followed is nobody's business.
func TestTopLevel(t *testing.T) {
	allowed := strings.Fields(`cmd sweep scheduler offers python results bench examples testkit workflow server deploy docs .ci .gitignore
		go.mod go.sum Makefile README.md LICENSE CHANGELOG.md CONTRIBUTING.md`)
	for _, name := range topLevel(t) {
		if !slices.Contains(allowed, name) {
			t.Errorf("%s does not belong at the top", name)
		}
	}
	banned := []string{"internal", "pkg", "util", "utils", "common", "types", "manager"}
	for _, p := range packages(t) {
		if slices.Contains(banned, path.Base(p.ImportPath)) {
			t.Errorf("%s: a folder is named for its stage or its technology", p.ImportPath)
		}
	}
}

// A service is nobody's command line: it reads no flags, prints nothing, and leaves the process to whoever opened it.
func TestServerIsNoCommand(t *testing.T) {
	banned := map[string][]string{
		"os":  {"Exit", "Args", "Stdin", "Stdout", "Stderr"},
		"fmt": {"Print", "Printf", "Println"},
		"log": {"Fatal", "Fatalf", "Print", "Printf", "Println"},
	}
	for _, p := range packages(t) {
		if from, _ := stage(p.ImportPath); from != "server" {
			continue
		}
		for _, imported := range p.Imports {
			if imported == "flag" || strings.HasPrefix(imported, "github.com/alecthomas/kong") {
				t.Errorf("%s imports %s: flags are cmd's", p.ImportPath, imported)
			}
		}
		for _, file := range p.GoFiles {
			fset := token.NewFileSet()
			parsed, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if from, ok := s.X.(*ast.Ident); ok && slices.Contains(banned[from.Name], s.Sel.Name) {
						t.Errorf("%v: a service does not use %s.%s", fset.Position(s.Pos()), from.Name, s.Sel.Name)
					}
				}
				return true
			})
		}
	}
}
