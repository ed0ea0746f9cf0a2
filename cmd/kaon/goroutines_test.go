package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A panic on a goroutine ends the process as Go does, unless the goroutine was started through package crash: every goroutine of ours is.
func TestGoroutinesAnswerForPanics(t *testing.T) {
	answered := []string{"results/store/load.go"} // hands its own to the caller
	kits := []string{"testdata", "simtest", "killtest", "buckettest", "clustertest", "s3test", "dockertest", "crash"}
	seen := 0
	for _, folder := range []string{"cmd", "scheduler", "results", "server", "sweep", "offers", "bench"} {
		root := filepath.Join("..", "..", folder)
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return nil // not every folder is there
			case d.IsDir() && slices.Contains(kits, d.Name()):
				return filepath.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.GoStmt:
					name, _ := filepath.Rel(filepath.Join("..", ".."), path)
					if seen++; !slices.Contains(answered, filepath.ToSlash(name)) {
						t.Errorf("%v: start it by crash.Go", fset.Position(n.Pos()))
					}
				case *ast.CallExpr:
					called, ok := n.Fun.(*ast.SelectorExpr)
					if !ok || called.Sel.Name != "Go" && called.Sel.Name != "AfterFunc" {
						return true
					}
					seen++
					if isCrash(called) {
						return true
					}
					last, ok := n.Args[len(n.Args)-1].(*ast.CallExpr)
					if ok {
						called, ok = last.Fun.(*ast.SelectorExpr)
					}
					if plain, named := n.Args[len(n.Args)-1].(*ast.Ident); named && plain.Name == "cancel" {
						return true // the runtime's own
					}
					if !ok || !isCrash(called) {
						t.Errorf("%v: give it crash.Func(…)", fset.Position(n.Pos()))
					}
				}
				return true
			})
			return nil
		})
	}
	if seen < 20 {
		t.Errorf("only %d starts of goroutines seen", seen)
	}
}

func isCrash(s *ast.SelectorExpr) bool {
	from, ok := s.X.(*ast.Ident)
	return ok && from.Name == "crash"
}
