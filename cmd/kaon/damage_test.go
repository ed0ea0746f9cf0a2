package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/server/repair"
	"github.com/kaon-sweep/kaon/server/state"
)

// How often TestRandomDamage damages something, and the seed of the first time; each further one has the next seed.
const (
	damageTimes = "KAON_DAMAGE"
	damageSeed  = "KAON_DAMAGE_SEED"

	parallelDamage = 16 // mostly they wait: for locks, for disks and for trials
)

// fragile is a sweep of which a trial fails, and whose trials leave files; the last that succeeds wins.
const fragile = `name: fragile
method: grid
metric: {name: y, goal: maximize}
parameters: {x: {values: [0, 1, 2, 3, 4, 5]}}
command: sh trial.sh ${param.x}
artifacts: ["*.txt"]
limits: {parallel: 1}
task: {resources: {cpus: 0.1, memory: 16MB}}
then: {command: "echo done=${winner.param.x}"}
`

const fragileTrial = `echo y=$1; echo y=$(($1 * 2)); echo "model $1" > $KAON_ARTIFACTS/model.txt
[ $1 -ne 2 ] || exit 3
if [ $1 = 3 ] && [ ! -e open ]; then echo began > began; sleep 60; fi
`

// specimen is a sweep that damage is done to, and what it says of itself while it is whole.
type specimen struct {
	id, dir string
	stale   string // the same sweep, earlier
	says    map[string]told
	resumed map[string]told // after a resume
}

// told is what a command printed and ended with.
type told struct {
	code           int
	stdout, stderr string
}

// madeIn is the folder of results in which a specimen was made.
var madeIn = regexp.MustCompile(`/[^ "]*/whole[0-9]`)

// kaonAt runs kaon in this process on results in a folder, whose name is left out of what it says.
func kaonAt(dir string, args ...string) told {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	code := execute(ctx, append(args, "--results", dir), &output{&stdout, &stderr})
	bare := func(b bytes.Buffer) string {
		return madeIn.ReplaceAllString(strings.ReplaceAll(b.String(), dir, "DIR"), "DIR")
	}
	s := told{code, bare(stdout), bare(stderr)}
	if ctx.Err() != nil {
		s.code = -1
	}
	return s
}

// looks are the commands that only read.
func looks(id string) [][]string {
	return [][]string{
		{"status", id, "--json"}, {"trials", id, "--json"}, {"trial", id + "/4", "--json"}, {"trial", id + "/then", "--json"}, {"best", id, "--json"},
		{"export", id, "--format", "jsonl"}, {"export", id, "--points"}, {"artifacts", id + "/1", "--get", "model.txt"},
	}
}

func lookAt(dir, id string) map[string]told {
	all := map[string]told{}
	for _, args := range looks(id) {
		all[strings.Join(args, " ")] = kaonAt(dir, args...)
	}
	return all
}

// specimens are a finished sweep, one that was interrupted, one that was killed, and another that has nothing to do with them.
func specimens(t *testing.T) (all []specimen, foreign string) {
	p := newPlace(t)
	p.write("trial.sh", fragileTrial)
	p.write("fragile.yaml", fragile)
	began := p.pipe("began")
	for i, s := range []os.Signal{os.Interrupt, os.Interrupt, syscall.SIGKILL} {
		x := p.start("run", "fragile.yaml", "--results", fmt.Sprint("whole", i))
		id := sweepOf(x)
		line(t, began)
		x.signal(s)
		x.wait()
		for _, pid := range p.processes() { // what the copies must not find alive
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		all = append(all, specimen{id: id, dir: filepath.Join(p.dir, fmt.Sprint("whole", i))})
	}
	p.write("open", "")
	for i := range all {
		s := &all[i]
		if err := os.RemoveAll(filepath.Join(s.dir, ".state", s.id, state.ControlFile)); err != nil { // of who was killed
			t.Fatal(err)
		}
		s.stale = filepath.Join(p.dir, fmt.Sprint("stale", i))
		copyFolder(t, s.dir, s.stale)
		if i == 0 {
			p.kaon("run", "--resume", s.id, "--results", s.dir).ends(exitDone)
		}
		s.says = lookAt(s.dir, s.id)
		done := filepath.Join(p.dir, fmt.Sprint("done", i))
		copyFolder(t, s.dir, done)
		if got := kaonAt(done, "run", "--resume", s.id, "--json"); got.code != exitDone {
			t.Fatalf("resume of what is whole: %+v", got)
		}
		s.resumed = lookAt(done, s.id)
	}
	foreign = filepath.Join(p.dir, "foreign")
	p.kaon("run", "fragile.yaml", "--results", foreign).ends(exitDone)
	return all, foreign
}

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(from, path)
		switch {
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// stored are the files of journal and results, without what trials left in their sandboxes.
func stored(dir string) (files []string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, path)
		parts := strings.Split(rel, "/")
		if err == nil && d.Type().IsRegular() && (parts[0] == "sweeps" || parts[0] == ".state" && len(parts) == 3) {
			files = append(files, path)
		}
		return nil
	})
	slices.Sort(files)
	return files
}

// hashes are the contents of a folder's stored files.
func hashes(dir string) map[string][32]byte {
	all := map[string][32]byte{}
	for _, path := range stored(dir) {
		data, _ := os.ReadFile(path)
		all[path] = sha256.Sum256(data)
	}
	return all
}

// damageOf does something to one file of a sweep, and says what.
func damageOf(t *testing.T, r *rand.Rand, dir string, s specimen, foreign string) (what string) {
	files := stored(dir)
	file := files[r.IntN(len(files))]
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	put := func(file string, data []byte) {
		t.Helper()
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	remove := func() {
		t.Helper()
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	other := func(root string) []byte { // the file of the same name elsewhere
		found := stored(root)
		found = slices.DeleteFunc(found, func(f string) bool { return filepath.Base(f) != filepath.Base(file) })
		if len(found) == 0 {
			found = stored(root)
		}
		other, _ := os.ReadFile(found[r.IntN(len(found))])
		return other
	}
	at := r.IntN(len(data) + 1)
	if filepath.Base(file) == state.JournalFile+".log" && r.IntN(8) > 0 { // the rest of it is room
		at = r.IntN(min(len(data), 8<<10))
	}
	end := min(at+1+r.IntN(4096), len(data))
	switch kind := r.IntN(14); {
	case kind <= 2 && len(data) > 0:
		for range 1 + r.IntN(4)*r.IntN(2) {
			at := min(at+r.IntN(64), len(data)-1)
			data[at] ^= 1 << r.IntN(8)
		}
		what = fmt.Sprintf("flip bits from byte %d", at)
		put(file, data)
	case kind == 3:
		what = fmt.Sprintf("cut at %d", at)
		put(file, data[:at])
	case kind == 4:
		what = fmt.Sprintf("zero from %d to %d", at, end)
		clear(data[at:end])
		put(file, data)
	case kind == 5:
		what = "swap two blocks"
		n := min(512, len(data)/2)
		a, b := r.IntN(len(data)-2*n+1), 0
		b = a + n + r.IntN(len(data)-a-2*n+1)
		one := slices.Clone(data[a : a+n])
		copy(data[a:], data[b:b+n])
		copy(data[b:], one)
		put(file, data)
	case kind == 6:
		what = "remove"
		remove()
	case kind == 7:
		what = "duplicate"
		put(filepath.Join(filepath.Dir(file), []string{"x" + filepath.Base(file), filepath.Base(file) + ".bak",
			"00000007-copy.msgpack.zst", "notes.txt"}[r.IntN(4)]), data)
	case kind == 8:
		what = "another sweep's"
		put(file, other(foreign))
	case kind == 9:
		what = "an older one"
		put(file, other(s.stale))
	case kind == 10:
		what = "chmod 0"
		_ = os.Chmod(file, 0)
	case kind == 11:
		what = "a folder in its place"
		remove()
		_ = os.Mkdir(file, 0o755)
	case kind == 12:
		what = "empty"
		put(file, nil)
	default:
		what = "a pipe in its place"
		remove()
		_ = syscall.Mkfifo(file, 0o600)
	}
	return what + ": " + strings.TrimPrefix(file, dir+"/")
}

// round damages a copy of a sweep and looks at what the commands make of it. It answers which way it ended.
type round struct {
	t        *testing.T
	s        specimen
	dir      string
	what     string
	log      []string
	repaired bool // and told that something is lost
	lost     bool
	blind    bool // what is there is whole, and was so earlier: nothing that only reads can know better
}

func (x *round) failf(format string, args ...any) {
	x.t.Helper()
	x.t.Errorf("%s: %s\n%s", x.what, fmt.Sprintf(format, args...), strings.Join(x.log, "\n"))
}

func (x *round) kaon(args ...string) told {
	got := kaonAt(x.dir, args...)
	x.log = append(x.log, fmt.Sprintf("  %s -> %d %.300s | %.600s", strings.Join(args, " "), got.code, got.stdout, got.stderr))
	if !slices.Contains([]int{exitDone, exitFailed, exitUsage, exitUnreachable}, got.code) {
		x.failf("exit code %d", got.code)
	}
	if got.code > exitFailed && strings.TrimSpace(got.stderr) == "" {
		x.failf("refused in silence")
	}
	return got
}

// changing is what differs between two runs that computed the same.
var changing = []string{"attempts", "attempt", "tries", "start", "end", "seconds", "created", "finished", "updated", "checksum", "agent", "sandbox", "points",
	"submitted", "sentence", "provenance", "created", "start_ms", "end_ms", "waiting", "progress", "missing", "host", "known", "duration", "reported"}

// same compares output, after a resume without what that may change.
func same(a, b string, resumed bool) bool {
	if !resumed || a == b {
		return a == b
	}
	return plain(a) == plain(b)
}

// artifactsOf is the folder of a trial's artifacts, with the number of the attempt.
var artifactsOf = regexp.MustCompile(`(artifacts/[0-9]+/)[0-9]+`)

func plain(text string) string {
	text = artifactsOf.ReplaceAllString(text, "${1}N")
	var out strings.Builder
	dec := json.NewDecoder(strings.NewReader(text))
	for dec.More() {
		var v any
		if dec.Decode(&v) != nil {
			lines := strings.Split(text, "\n")
			for i, l := range lines { // points in CSV: the attempt is the second column
				if cells := strings.Split(l, ","); len(cells) > 4 {
					lines[i] = cells[0] + "," + cells[len(cells)-1]
				}
			}
			slices.Sort(lines)
			return strings.Join(slices.Compact(lines), "\n")
		}
		data, _ := json.Marshal(without(v))
		out.Write(append(data, '\n'))
	}
	return out.String()
}

func without(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range changing {
			delete(v, key)
		}
		for key := range v {
			v[key] = without(v[key])
		}
	case []any:
		for i := range v {
			v[i] = without(v[i])
		}
	}
	return v
}

// look compares what the reading commands say with what they told of the sweep as it was. They must change nothing.
func (x *round) look(want map[string]told, resumed bool) (warned bool) {
	x.t.Helper()
	before := hashes(x.dir)
	for _, args := range looks(x.s.id) {
		was := want[strings.Join(args, " ")]
		got := x.kaon(args...)
		switch {
		case got.stderr != "" && got.stderr != was.stderr:
			warned = true
		case got.code == was.code && same(got.stdout, was.stdout, resumed):
		case strings.Contains(got.stdout, "its journal is not here"):
			warned = true
		case !resumed && x.blind: // as it was earlier
		case x.lost && x.repaired:
		default:
			x.failf("%s says in silence\n%d %s\nwant\n%d %s", strings.Join(args, " "), got.code, got.stdout, was.code, was.stdout)
		}
	}
	x.keeps(before, true)
	return warned
}

// keeps asserts that all contents of before are there still, in their places or elsewhere. The journal is written over, and a
// sweep that ends writes its manifests anew.
func (x *round) keeps(before map[string][32]byte, all bool) {
	x.t.Helper()
	now := hashes(x.dir)
	contents := map[[32]byte]bool{}
	for _, sum := range now {
		contents[sum] = true
	}
	for path, sum := range before {
		_, there := now[path]
		name := filepath.Base(path)
		rewritten := !all && (strings.HasPrefix(name, state.JournalFile) || name == "sweep.json" || name == "board.json" || name == "winner.json")
		if rewritten && there || contents[sum] {
			continue
		}
		x.failf("%s is gone or changed", strings.TrimPrefix(path, x.dir))
	}
}

// work is a command that goes on with the sweep.
func (x *round) work(command string) (ended bool) {
	x.t.Helper()
	before := hashes(x.dir)
	args := []string{command, x.s.id, "--json"}
	if command == "resume" {
		args = []string{"run", "--resume", x.s.id, "--json"}
	}
	got := x.kaon(args...)
	x.keeps(before, false)
	if command != "repair" {
		return got.code <= exitFailed && got.stdout != ""
	}
	var r repair.Report
	if got.code == exitDone {
		if err := json.Unmarshal([]byte(got.stdout), &r); err != nil {
			x.failf("repair says %s", got.stdout)
		}
		r.Lost = slices.DeleteFunc(r.Lost, func(line string) bool { return line == "which commands, by which kaon, worked on the sweep" })
		x.repaired, x.lost = true, x.lost || len(r.Lost) > 0
	}
	return false
}

// TestRandomDamage does something to a random file of a sweep's journal or results, again and again. Every command then
// gives right results or says what is wrong, none deletes anything, and a repair brings back all that it does not call lost.
func TestRandomDamage(t *testing.T) {
	times, seed := 25, uint64(time.Now().UnixNano())
	if n, err := strconv.Atoi(os.Getenv(damageTimes)); err == nil {
		times = n
	}
	if n, err := strconv.ParseUint(os.Getenv(damageSeed), 10, 64); err == nil {
		seed = n
	}
	t.Logf("%s=%d", damageSeed, seed)
	all, foreign := specimens(t)
	numbers, outcomes := make(chan uint64), make(chan string)
	var work sync.WaitGroup
	for range min(times, parallelDamage) {
		work.Go(func() {
			for n := range numbers {
				outcomes <- play(t, all, foreign, seed+n)
			}
		})
	}
	go func() {
		for n := range times {
			numbers <- uint64(n)
		}
		close(numbers)
		work.Wait()
		close(outcomes)
	}()
	counts, done := map[string]int{}, 0
	for outcome := range outcomes {
		counts[outcome]++
		if done++; done%100 == 0 || done == times {
			t.Logf("%d damages: %v", done, counts)
		}
	}
}

// play is one damage, by its own seed.
func play(t *testing.T, all []specimen, foreign string, seed uint64) (outcome string) {
	r := rand.New(rand.NewPCG(seed, 0))
	which := r.IntN(len(all))
	x := &round{t: t, s: all[which], dir: filepath.Join(t.TempDir(), "kaon-results")}
	copyFolder(t, x.s.dir, x.dir)
	what := damageOf(t, r, x.dir, x.s, foreign)
	x.what = fmt.Sprintf("%s=%d: %s of the %s", damageSeed, seed, what, []string{"finished", "interrupted", "killed"}[which])
	x.blind = strings.HasPrefix(what, "an older one: sweeps/") && strings.HasSuffix(what, "/sweep.json") || which > 0 && strings.Contains(what, "records/") && (strings.Contains(what, "remove") || strings.Contains(what, "in its place"))
	if which == 2 && strings.HasSuffix(what, state.JournalFile+".log") { // its last record looks torn: see docs/reliability.md
		_, err := disk.Read(filepath.Join(x.dir, ".state", x.s.id, state.JournalFile))
		x.blind = x.blind || err == nil
	}
	outcome = x.play(r)
	_ = os.RemoveAll(filepath.Dir(x.dir))
	return outcome
}

func (x *round) play(r *rand.Rand) (outcome string) {
	warned := x.look(x.s.says, false)
	if first := []string{"resume", "retry"}[r.IntN(2)]; r.IntN(3) > 0 && x.work(first) {
		if x.look(x.s.resumed, true) {
			return "went on, with a warning"
		}
		return "right"
	}
	x.work("repair")
	if !x.repaired {
		return "refused by all"
	}
	if !x.work("resume") {
		return "refused after a repair"
	}
	x.work("repair")
	switch again := x.look(x.s.resumed, true); {
	case again:
		return "repaired, with a warning"
	case x.lost:
		return "repaired, but for what it called lost"
	case warned:
		return "repaired"
	}
	return "right"
}
