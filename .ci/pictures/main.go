// Command pictures draws every DOT file of a folder as SVG beside it, with Graphviz compiled to WebAssembly, and notes
// the text's checksum in the picture so that a test can tell an old one. It is a module of its own: kaon links none of
// it.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-graphviz"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: pictures FOLDER")
	}
	texts, err := filepath.Glob(filepath.Join(os.Args[1], "*.dot"))
	if err != nil || len(texts) == 0 {
		log.Fatalf("%s: no .dot files", os.Args[1])
	}
	ctx := context.Background()
	engine, err := graphviz.New(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, file := range texts {
		if err := draw(ctx, engine, file, strings.TrimSuffix(file, ".dot")+".svg"); err != nil {
			log.Fatalf("%s: %v", file, err)
		}
	}
}

func draw(ctx context.Context, engine *graphviz.Graphviz, from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	graph, err := graphviz.ParseBytes(text)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := engine.Render(ctx, graph, graphviz.SVG, &out); err != nil {
		return err
	}
	fmt.Fprintf(&out, "<!-- text %x -->\n", sha256.Sum256(text))
	return os.WriteFile(to, out.Bytes(), 0o644)
}
