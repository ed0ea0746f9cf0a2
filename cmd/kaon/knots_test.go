package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

// A knot is the largest set of files of one package that all reach each other, so that none can be read without the
// rest. knotsAllowed bounds its size by package: one algorithm in several files, or a world of simulated things. Two
// files may know each other anywhere but in the scheduler and the server, which have no knot at all.
var knotsAllowed = map[string]int{
	"bench": 4, "cmd/kaon": 3, "offers": 9, "results/export": 4,
	"scheduler": 1, "server": 1,
	"scheduler/cluster": 3, "scheduler/cluster/embedded": 4, "scheduler/cluster/embedded/containerizer": 5,
	"scheduler/cluster/embedded/master": 8, "scheduler/executor/parse": 8, "scheduler/safefile": 3,
	"scheduler/cluster/kubernetes": 8, "scheduler/cluster/kubernetes/kubernetestest": 15,
	"scheduler/simtest": 20, "sweep/search": 12,
	"workflow/engine": 10, "workflow/run": 8,
}

// fileGraph is which files of one package use a name that another of them declares.
type fileGraph struct {
	files []string
	uses  []map[int]bool // by file, the files whose names it uses
}

func TestKnotsOfFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("type-checks the whole module")
	}
	table := &bytes.Buffer{}
	fmt.Fprintln(table, "| package | files in its largest knot | uses between them |\n|---|---|---|")
	for _, p := range typed(t) {
		knot := p.graph.largestKnot()
		name := strings.TrimPrefix(p.path, module+"/")
		allowed, named := knotsAllowed[name]
		if !named {
			allowed = 2
		}
		if len(knot) > allowed {
			var names []string
			for _, i := range knot {
				names = append(names, p.graph.files[i])
			}
			t.Errorf("%s: %d files reach each other, at most %d may: %s", name, len(knot), allowed, strings.Join(names, " "))
		}
		if len(knot) > 2 {
			fmt.Fprintf(table, "| `%s` | %d | %d |\n", name, len(knot), p.graph.arrows(knot))
		}
	}
	inDocument(t, "../../docs/architecture.md", "knots", table.String())
}

type typedPackage struct {
	path  string
	graph fileGraph
}

// typed is the graph of every package of the module, tests left out.
func typed(t *testing.T) (all []typedPackage) {
	t.Helper()
	list := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,GoFiles,Export", "./...")
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	type listed struct {
		ImportPath, Dir, Export string
		GoFiles                 []string
	}
	exports := map[string]string{}
	var ours []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if strings.HasPrefix(p.ImportPath, module+"/") {
			ours = append(ours, p)
		}
	}
	fset := token.NewFileSet()
	known := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, p := range ours {
		all = append(all, typedPackage{p.ImportPath, graphOf(t, fset, known, p.ImportPath, p.Dir, p.GoFiles)})
	}
	slices.SortFunc(all, func(a, b typedPackage) int { return strings.Compare(a.path, b.path) })
	return all
}

func graphOf(t *testing.T, fset *token.FileSet, known types.Importer, path, dir string, names []string) fileGraph {
	t.Helper()
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := types.Info{Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: known}
	if _, err := conf.Check(path, fset, files, &info); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	g := fileGraph{files: names, uses: make([]map[int]bool, len(names))}
	fileOf := func(p token.Pos) int { return slices.Index(names, filepath.Base(fset.Position(p).Filename)) }
	for id, o := range info.Uses {
		if o.Pkg() == nil || o.Pkg().Path() != path {
			continue
		}
		from, to := fileOf(id.Pos()), fileOf(o.Pos())
		if from == to || to < 0 {
			continue
		}
		if g.uses[from] == nil {
			g.uses[from] = map[int]bool{}
		}
		g.uses[from][to] = true
	}
	return g
}

// largestKnot is the largest strongly connected component, by Tarjan's algorithm; of one file when there is no knot.
func (g *fileGraph) largestKnot() (largest []int) {
	index, low := make([]int, len(g.files)), make([]int, len(g.files))
	var stack []int
	on := make([]bool, len(g.files))
	next := 1
	var visit func(v int)
	visit = func(v int) {
		index[v], low[v] = next, next
		next++
		stack, on[v] = append(stack, v), true
		for w := range g.uses[v] {
			if index[w] == 0 {
				visit(w)
				low[v] = min(low[v], low[w])
			} else if on[w] {
				low[v] = min(low[v], index[w])
			}
		}
		if low[v] != index[v] {
			return
		}
		at := slices.Index(stack, v)
		if component := stack[at:]; len(component) > len(largest) {
			largest = slices.Clone(component)
		}
		for _, w := range stack[at:] {
			on[w] = false
		}
		stack = stack[:at]
	}
	for v := range g.files {
		if index[v] == 0 {
			visit(v)
		}
	}
	slices.Sort(largest)
	return largest
}

// arrows counts the uses between files of a knot.
func (g *fileGraph) arrows(knot []int) (n int) {
	for _, v := range knot {
		for w := range g.uses[v] {
			if slices.Contains(knot, w) {
				n++
			}
		}
	}
	return n
}

// inDocument compares text with what stands in a document between <!-- name --> and <!-- /name -->.
func inDocument(t *testing.T, file, name, text string) {
	t.Helper()
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	head, rest, ok := strings.Cut(string(doc), begin)
	have, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s: %s…%s is not there", file, strings.TrimSpace(begin), end)
	}
	if have == text {
		return
	}
	if testkit.Rewriting() {
		if err := os.WriteFile(file, []byte(head+begin+text+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s: what stands between %s and %s is out of date; go test ./cmd/kaon -run %s -rewrite makes it anew", file, strings.TrimSpace(begin), end, t.Name())
}
