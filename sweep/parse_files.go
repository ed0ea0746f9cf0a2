package sweep

import (
	"fmt"
	"math"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var artifactsExample = "artifacts: [model.bin], or artifacts: {files: [model.bin], keep: winners, size: 2GB}"

// artifacts reads a list of files, or a mapping of what is kept.
func (d *decoder) artifacts(n *node) {
	if n == nil || n.null {
		return
	}
	a := &d.spec.Artifacts
	files := n
	if n.kind == mapping {
		if !d.mapping(n, "artifacts", "artifacts") {
			return
		}
		files = n.get("files")
		a.Bytes = d.bytes(n.get("size"), "artifacts.size")
		d.keep(n.get("keep"))
	}
	if files == nil || files.null {
		return
	}
	items := d.list(files, "artifacts", artifactsExample)
	a.None = files.kind == list && len(items) == 0
	for i, item := range items {
		field := fmt.Sprintf("artifacts.%d", i)
		name := d.text(item, field)
		_, err := path.Match(name, "")
		switch {
		case err != nil:
			d.fail(item, field, "not a pattern: a [ is not closed",
				"write a name, or a pattern with * ? and [a-z]")
		case item.kind == scalar && (name == "" || path.IsAbs(name) || escapes(name)):
			d.fail(item, field, "artifacts lie below $KAON_ARTIFACTS",
				"write the name relative to it, as in model.bin or checkpoints/*")
		}
		a.Files = append(a.Files, name)
	}
}

func escapes(name string) bool {
	clean := path.Clean(name)
	return clean == ".." || strings.HasPrefix(clean, "../")
}

var topN = regexp.MustCompile(`^top +([0-9]{1,7})$`)

// keep reads which trials' artifacts stay when the sweep has ended.
func (d *decoder) keep(n *node) {
	if n == nil || n.null {
		return
	}
	text := d.text(n, "artifacts.keep")
	a := &d.spec.Artifacts
	switch match := topN.FindStringSubmatch(text); {
	case text == "all":
		return
	case text == "winners":
		a.Top = KeepWinners
	case match != nil && strings.Trim(match[1], "0") != "":
		a.Top, _ = strconv.Atoi(match[1]) // seven digits
	default:
		d.fail(n, "artifacts.keep", "want winners, top N or all, not "+n.what(),
			"write keep: winners, or keep: top 10")
		return
	}
	if d.spec.Objective.Name == "" {
		d.fail(n, "artifacts.keep", "without an objective no trial is better than another",
			"add `metric: {name: loss, goal: minimize}`, or keep: all")
	}
}

// bytes reads an amount that is no expression; 0 when there is none.
func (d *decoder) bytes(n *node, field string) int64 {
	if n == nil || n.null {
		return 0
	}
	q := d.quantity(n, field, true)
	if q.formula != nil {
		d.fail(n, field, "an amount is needed, not an expression", "write an amount such as 64MB or 2GB")
	}
	return int64(math.Ceil(q.fixed * (1 << 20)))
}

// files reads the keys of `task` about what comes to a trial and what stays of its output.
func (d *decoder) files(n *node) {
	t := &d.spec.Task
	if c := n.get("code"); c != nil && !c.null {
		t.Code = d.text(c, "task.code")
		t.placed("code", d.problem(c, "task.code", "", ""))
		if c.kind == scalar && (t.Code == "" || path.IsAbs(t.Code)) {
			d.fail(c, "task.code", "want a folder relative to this file",
				"write code: . for this file's own folder")
		}
	}
	if c := n.get("dir"); c != nil && !c.null {
		t.Dir = d.text(c, "task.dir")
		if escapes(t.Dir) {
			d.fail(c, "task.dir", "a relative working directory lies below the trial's own",
				"write it without .., or as an absolute path")
		}
	}
	for i, item := range d.list(n.get("fetch"), "task.fetch", "fetch: [https://example.com/data.tar.gz]") {
		d.fetch(item, fmt.Sprintf("task.fetch.%d", i))
	}
	for i, item := range d.list(n.get("secrets"), "task.secrets", "secrets: [AWS_SECRET_ACCESS_KEY]") {
		d.secret(item, fmt.Sprintf("task.secrets.%d", i))
	}
	if l := d.word(n.get("logs"), "task.logs", []string{LogsFailed, LogsAll, LogsNone}); l != "" {
		t.Logs = l
	}
}

// secret reads the name of a variable. What does not look like one may be the secret itself, so it is not
// shown.
func (d *decoder) secret(n *node, field string) {
	t := &d.spec.Task
	name := d.text(n, field)
	hidden := &node{line: n.line, column: n.column, origin: n.origin}
	_, twice := t.Env[name]
	switch {
	case !variable.MatchString(name):
		d.fail(hidden, field, "this is the name of a variable of the submitter's environment, not a secret",
			"write secrets: [API_TOKEN] and set API_TOKEN before kaon run")
	case strings.HasPrefix(name, "KAON_"):
		d.fail(n, field, "variables that begin with KAON_ are set by kaon", "choose another name")
	case twice:
		d.fail(n, field, "`env` sets this variable too", "remove one of them")
	case slices.Contains(d.spec.Command.Environment(), name):
		d.fail(n, field, "${envvar:"+name+"} would write the secret into the command, which "+
			"everybody may read", "let the trial read its environment: in a shell, $"+name)
	default:
		t.Secrets = append(t.Secrets, name)
		t.placed("secrets."+name, d.problem(n, field, "", ""))
	}
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// archives are the endings of what is unpacked unless the spec says otherwise.
var archives = []string{".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar", ".zip"}

// fetch reads one input: its address, or a mapping with it.
func (d *decoder) fetch(n *node, field string) {
	f, at := Fetch{}, n
	if n.kind == mapping {
		if !d.mapping(n, field, "fetch") {
			return
		}
		if at = n.get("url"); at == nil {
			d.fail(n, field, "there is no address to fetch", "add url: https://example.com/data.tar.gz")
			return
		}
		if s := n.get("sha256"); s != nil {
			if f.SHA256 = strings.ToLower(d.text(s, field+".sha256")); !sha256Hex.MatchString(f.SHA256) {
				d.fail(s, field+".sha256", "a SHA-256 has 64 hexadecimal digits",
					"copy what `sha256sum FILE` prints")
			}
		}
	}
	f.URL = d.text(at, field)
	if !d.address(f, at, field) {
		return
	}
	stem, packed := f.Name(), false
	for _, ending := range archives {
		if s, ok := strings.CutSuffix(f.Name(), ending); ok && !packed {
			stem, packed = s, true
		}
	}
	f.Unpack = packed
	if u := n.get("unpack"); n.kind == mapping && u != nil {
		if f.Unpack = u.text == "true"; u.kind != scalar || u.text != "true" && u.text != "false" {
			d.fail(u, field+".unpack", "want true or false, not "+u.what(),
				"archives are unpacked by themselves, by their ending")
		}
		if f.Unpack && !packed {
			d.fail(u, field+".unpack", "its name does not say what kind of archive it is",
				"known endings: "+strings.Join(archives, " "))
		}
	}
	if f.To = f.Name(); f.Unpack {
		f.To = stem
	}
	if to := n.get("to"); n.kind == mapping && to != nil {
		f.To = path.Clean(d.text(to, field+".to"))
		if path.IsAbs(f.To) || escapes(f.To) || f.To == "." && !f.Unpack {
			d.fail(to, field+".to", "inputs lie below the trial's working directory",
				"write a name relative to it")
		}
	}
	f.place = d.problem(at, field, "", "")
	d.spec.Task.Fetch = append(d.spec.Task.Fetch, f)
}

// address refuses what nothing can be fetched from.
func (d *decoder) address(f Fetch, n *node, field string) bool {
	text := f.URL
	if n.kind != scalar || text == "" {
		return false
	}
	u, err := f.Address()
	const remedy = "write https://host/file, s3://bucket/object, file:///path for a file of the agents, or " +
		"a path relative to this file"
	switch {
	case err != nil:
		d.fail(n, field, "this address cannot be read", remedy)
	case u.User != nil:
		d.fail(&node{line: n.line, column: n.column, origin: n.origin}, field,
			"credentials do not belong in a spec",
			"use s3:// and the submitter's environment, or let the trial fetch with a secret")
	case u.Scheme == "" && path.IsAbs(text):
		d.fail(n, field, "an absolute path is on this machine or on the agents",
			"write "+(&url.URL{Scheme: "file", Path: text}).String()+
				" for a file that the agents have, or a path relative to this file")
	case u.Scheme == "":
		return true
	case !slices.Contains([]string{"http", "https", "s3", "file"}, u.Scheme):
		d.fail(n, field, "there is no way to fetch from "+u.Scheme+"://", remedy)
	case u.Scheme == "file" && (u.Host != "" || u.Path == "" || u.Path == "/"), u.Scheme != "file" &&
		u.Host == "", u.Scheme == "s3" && strings.Trim(u.Path, "/") == "":
		d.fail(n, field, "this address names no file", remedy)
	case u.Scheme == "file" && (u.Fragment != "" || u.RawQuery != ""):
		d.fail(n, field, "a path of the agents ends at a # or a ?", "write them as %23 and %3F, and a % as %25")
	default:
		return true
	}
	return false
}
