package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

func (c *completionCmd) Help() string {
	return "bash: eval \"$(kaon completion bash)\" in ~/.bashrc. zsh: the same in ~/.zshrc, after compinit. " +
		"fish: kaon completion fish > ~/.config/fish/completions/kaon.fish."
}

// completionScripts ask `kaon complete` at every press of the key, so they fit any version of kaon. Where it knows
// nothing, the shell offers files.
var completionScripts = map[string]string{
	"bash": `_kaon() {
	local IFS=$'\n'
	COMPREPLY=($(kaon complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -o nosort -F _kaon kaon
`,
	"zsh": `_kaon() {
	local -a found
	found=("${(@f)$(kaon complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	if [[ -n "$found" ]]; then compadd -- $found; else _files; fi
}
compdef _kaon kaon
`,
	"fish": `function __kaon_complete
	set -l words (commandline -opc) (commandline -ct)
	set -l found (kaon complete -- $words[2..] 2>/dev/null)
	if test (count $found) -gt 0
		printf '%s\n' $found
	else
		__fish_complete_path (commandline -ct)
	end
end
complete -c kaon -f -a '(__kaon_complete)'
`,
}

func (c *completionCmd) Run(out *output) error {
	_, err := io.WriteString(out.stdout, completionScripts[c.Shell])
	return err
}

// completeCmd answers the scripts: what the last of the words may become, one a line.
type completeCmd struct {
	Words []string `arg:"" optional:"" passthrough:""`
}

func (c *completeCmd) Run(ctx *kong.Context, out *output) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	for _, word := range candidates(ctx.Model.Node, words, sweepFolders) {
		if _, err := fmt.Fprintln(out.stdout, word); err != nil {
			return err
		}
	}
	return nil
}

// candidates is what the last word may become: commands, flags, the values of an enum, or names of sweeps. Empty:
// nothing is known, it may be a file.
func candidates(node *kong.Node, words []string, sweeps func() []string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	arguments, waiting := 0, (*kong.Flag)(nil) // waiting: for its value
	for _, word := range words[:len(words)-1] {
		switch {
		case waiting != nil:
			waiting = nil
		case strings.HasPrefix(word, "-"):
			if f := flagNamed(node, word); f != nil && !f.IsBool() {
				waiting = f
			}
		case child(node, word) != nil:
			node = child(node, word)
		default:
			arguments++
		}
	}
	var all []string
	switch {
	case waiting != nil:
		all = values(waiting.Value, sweeps)
	case strings.HasPrefix(last, "-"):
		for _, group := range node.AllFlags(true) {
			for _, f := range group {
				all = append(all, "--"+f.Name)
			}
		}
	case arguments < len(node.Positional):
		all = values(node.Positional[arguments], sweeps)
	case len(node.Positional) > 0 && node.Positional[len(node.Positional)-1].IsCumulative():
		all = values(node.Positional[len(node.Positional)-1], sweeps)
	default:
		for _, c := range node.Children {
			if !c.Hidden {
				all = append(all, c.Name)
			}
		}
	}
	return slices.DeleteFunc(all, func(s string) bool { return !strings.HasPrefix(s, last) })
}

func child(node *kong.Node, name string) *kong.Node {
	for _, c := range node.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// flagNamed finds --name or -n; nil for --name=value, which has its value, and for what is not known.
func flagNamed(node *kong.Node, word string) *kong.Flag {
	for _, group := range node.AllFlags(false) {
		for _, f := range group {
			if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) {
				return f
			}
		}
	}
	return nil
}

// values is what a flag or an argument may be, as far as it is known.
func values(v *kong.Value, sweeps func() []string) []string {
	if v.Enum != "" {
		return v.EnumSlice()
	}
	switch strings.ToLower(v.Name) {
	case "sweep", "resume", "trial", "sweep[/trial]", "like":
		return sweeps()
	}
	return nil
}

// sweepFolders is the sweeps in the folder that commands read when nothing else is said.
func sweepFolders() []string {
	folder := os.Getenv("KAON_RESULTS")
	if folder == "" {
		folder = "kaon-results"
	}
	folders, _ := os.ReadDir(filepath.Join(folder, "sweeps")) // where there are none, it offers none
	var found []string
	for _, f := range folders {
		found = append(found, f.Name())
	}
	return found
}
