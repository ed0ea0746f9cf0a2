package main

import (
	"context"
	"debug/elf"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker/dockertest"
	"github.com/kaon-sweep/kaon/testkit"
)

// ship is kaon without C, as images need it, and an image of the probe.
type ship struct {
	kaon, image string
	engine      *docker.Engine
}

func newShip(t *testing.T) ship {
	t.Helper()
	s := ship{engine: dockertest.Engine(t)}
	s.kaon = filepath.Join(t.TempDir(), "kaon")
	dockertest.Program(t, ".", s.kaon)
	folder := filepath.Join(t.TempDir(), "probe")
	if err := os.CopyFS(folder, os.DirFS("testdata/probe")); err != nil {
		t.Fatal(err)
	}
	dockertest.Program(t, "./testdata/probe", filepath.Join(folder, "probe"))
	s.image = dockertest.Build(t, folder)
	return s
}

// start runs the ship's kaon, not the test's own, in a place.
func (s ship) start(p place, args ...string) *process {
	p.t.Helper()
	cmd := p.command(args...)
	cmd.Path, cmd.Args[0] = s.kaon, s.kaon
	return p.launch(cmd)
}

// run writes a spec of two trials and runs it with changes; the cluster is part of them.
func (s ship) run(p place, args ...string) ran {
	p.t.Helper()
	p.write("sweep.yaml", s.spec(2))
	return s.start(p, append([]string{"run", "sweep.yaml"}, args...)...).within(2 * patience)
}

func (s ship) spec(trials int) string {
	return fmt.Sprintf(`
method: grid
metric: {name: x}
parameters: {a: {min: 1, max: %d}}
task: {image: %q, resources: {cpus: 0.5, memory: 64MB}}
`, trials, s.image)
}

// none asserts that no container of this place is left, in whatever state.
func (s ship) none(p place) {
	p.t.Helper()
	for _, f := range s.containers(p) {
		p.t.Errorf("left behind: container %s, running %v", f.Name, f.Running)
		_ = s.engine.Remove(context.Background(), f.Name)
	}
}

func (s ship) containers(p place) (found []docker.Found) {
	p.t.Helper()
	all, err := s.engine.List(context.Background(), "kaon.cluster")
	if err != nil {
		p.t.Fatal(err)
	}
	for _, f := range all {
		if strings.HasPrefix(f.Labels["kaon.cluster"], p.dir+"/") {
			found = append(found, f)
		}
	}
	return found
}

// bareRegistry is a registry on this machine that has nothing.
func bareRegistry(t *testing.T) (address string) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}`)
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestImages(t *testing.T) {
	s := newShip(t)
	nothing := bareRegistry(t) + "/kaon/nothing:1"
	for _, tt := range []struct {
		name string
		args []string
		code int
		says []string // on either output
		logs []string // of trial 0
	}{
		{"what the image says", nil, exitDone, nil, []string{`args ["entry" "cmd"] uid 1234 gid 2345 dir /work home / `}},
		{"what the task says", []string{"--set", `command=["${entrypoint}", "${args}"]`, "--set", "task.user=0", "--set", `task.volumes=["DIR/data:/data:ro"]`,
			"--set", "task.ulimits={nofile: 777}", "--set", "task.shm=33MB"}, exitDone, nil,
			[]string{`args ["entry" "--a=1"] uid 0 gid 0`, "nofile 777 shm 33", "data hello, writing: open /data/other: read-only file system"}},
		{"no network", []string{"--set", "task.network=none"}, exitDone, nil, []string{`args ["entry" "cmd"]`}},
		{"the engine's network", []string{"--set", "task.network=bridge", "--container", "mesos"}, exitDone, nil, []string{`uid 1234 gid 2345`}},
		{"one warm container", []string{"--set", "task.isolation=shared", "--set", "parameters.a.max=8"}, exitDone, []string{"8 succeeded"}, []string{`uid 1234`}},
		{"too much memory", []string{"--set", `command=["/probe", "eat=200"]`}, exitFailed, []string{"out of memory at the limit of 96 MB", "task.resources.memory"}, nil},
		{"a child with too much memory", []string{"--set", `command=["/probe", "child-eats=200"]`}, exitFailed,
			[]string{"out of memory at the limit of 96 MB", "task.resources.memory"}, nil},
		{"a child with too much memory, started as Mesos does", []string{"--container", "mesos", "--set", `command=["/probe", "child-eats=200"]`}, exitFailed,
			[]string{"out of memory at the limit of 96 MB", "task.resources.memory"}, nil},
		{"a child with too much memory in a shared container", []string{"--set", "task.isolation=shared", "--set", "parameters.a.max=1",
			"--set", `command=["/probe", "child-eats=200"]`}, exitFailed, []string{"out of memory at the limit of ", "task.resources.memory"}, nil},
		{"no such program", []string{"--set", `command=["/nothing"]`}, exitFailed, []string{`start "/nothing": no such program`}, nil},
		{"no such user", []string{"--set", "task.user=bob"}, exitFailed, []string{`user "bob": the image does not know this user`}, nil},
		{"no such image", []string{"--set", `command=["/probe"]`, "--set", "task.image=" + nothing}, exitFailed,
			[]string{"no trial of it can be started", "pull " + nothing + ": ", "manifest unknown"}, nil},
		{"no such image, no command", []string{"--set", "task.image=" + nothing}, exitUsage,
			[]string{"its ENTRYPOINT and CMD are to run", "manifest unknown", "write `command:`"}, nil},
		{"a failure without a network", []string{"--set", "task.network=none", "--set", `command=["/nothing"]`}, exitFailed, []string{"no such program"}, nil},
		{"files without a network", []string{"--set", "task.network=none", "--set", "task.code=."}, exitUsage, []string{"task.code", "task.network: none"}, nil},
		{"a registry's password", []string{"--set", "task.registry={username: me, password: PATH}", "--set", `command=["/probe", "login"]`}, exitDone,
			nil, []string{"login left behind: no"}},
		{"code", []string{"--set", "task.code=.", "--set", `command=["/probe", "file=data/word"]`}, exitDone, nil, []string{"file hello"}},
		{"inputs", []string{"--set", "task.code=.", "--set", "task.fetch=[{url: data/word, to: in/word}]", "--set", `command=["/probe", "file=in/word"]`},
			exitDone, nil, []string{"file hello", "uid 1234"}},
		{"no such secret", []string{"--set", "task.registry={username: me, password: NOT_SET_HERE}"}, exitUsage, []string{"NOT_SET_HERE is not set"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlace(t)
			p.write("data/word", "hello")
			for i := range tt.args {
				tt.args[i] = strings.ReplaceAll(tt.args[i], "DIR", p.dir)
			}
			r := s.run(p, tt.args...).ends(tt.code)
			for _, text := range tt.says {
				if !strings.Contains(r.stdout+r.stderr, text) {
					t.Errorf("lacks %q:\n%s%s", text, r.stdout, r.stderr)
				}
			}
			if tt.logs != nil {
				p.kaon("logs", "0").ends(exitDone).prints(tt.logs...)
			}
			s.none(p)
		})
	}
}

func TestImagesNeedAnEngine(t *testing.T) {
	p := newPlace(t)
	p.write("sweep.yaml", ship{image: "digits:1"}.spec(1))
	cmd := p.command("run", "sweep.yaml")
	cmd.Env = append(cmd.Env, "DOCKER_HOST=unix:///nothing/here.sock")
	p.launch(cmd).wait().ends(exitUnreachable).says("task.image", "no Docker engine answers", "/nothing/here.sock", "DOCKER_HOST")
	if _, err := os.Stat(filepath.Join(p.dir, "kaon-results", "sweeps")); err == nil {
		t.Error("something of the sweep was stored")
	}
}

// It is not served to agents either, whose containers would end with "no such file or directory" and no word of whose.
func TestAgentsAreServedAStaticKaon(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("sweep.yaml", "method: grid\nparameters: {x: {values: [1]}}\ncommand: [\"/probe\"]\ntask: {image: \"probe:1\"}\n")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	closed := "mesos://" + closedPort(t)
	r := p.kaon("run", "sweep.yaml", "--cluster", closed, "--connect-timeout", "100ms")
	if !static(t, self) {
		r.ends(exitUsage).says("CGO_ENABLED=0")
	} else {
		r.ends(exitUnreachable)
	}
	p.kaon("run", "sweep.yaml", "--cluster", closed, "--connect-timeout", "100ms", "--executor", "/opt/kaon").ends(exitUnreachable)
}

// waiting is a sweep whose trials sleep, with the containers of two of them running.
func (s ship) waiting(p place) (*process, string) {
	p.t.Helper()
	p.write("sweep.yaml", s.spec(2))
	x := s.start(p, "run", "sweep.yaml", "--set", `command=["/probe", "sleep=${envvar:NAP}"]`)
	testkit.Await(p.t, "two containers that run", func() bool {
		running := 0
		for _, f := range s.containers(p) {
			if f.Running {
				running++
			}
		}
		return running >= 2
	})
	sweeps, err := filepath.Glob(filepath.Join(p.dir, "kaon-results", ".state", "*"))
	if err != nil || len(sweeps) != 1 {
		p.t.Fatalf("%v, %v", sweeps, err)
	}
	return x, filepath.Base(sweeps[0])
}

func TestContainersGoWithTheirSweep(t *testing.T) {
	s := newShip(t)
	t.Run("cancelled", func(t *testing.T) {
		t.Setenv("NAP", "600")
		p := newPlace(t)
		x, _ := s.waiting(p)
		x.signal(os.Interrupt)
		x.within(patience).ends(exitInterrupted)
		s.none(p)
	})
	t.Run("killed and resumed", func(t *testing.T) {
		t.Setenv("NAP", "15")
		p := newPlace(t)
		x, id := s.waiting(p)
		x.signal(syscall.SIGKILL)
		<-x.ended
		if len(s.containers(p)) == 0 {
			t.Error("containers ended with the process that held them")
		}
		s.start(p, "run", "--resume", id).within(2 * patience).ends(exitDone).prints("2 succeeded")
		s.none(p)
		var known board.Summary
		if p.object(id, results.BoardFile, &known); known.Attempts != 2 {
			t.Errorf("2 trials took %d attempts: containers were not taken over", known.Attempts)
		}
	})
	t.Run("killed and forgotten", func(t *testing.T) {
		t.Setenv("NAP", "600")
		p := newPlace(t)
		x, _ := s.waiting(p)
		x.signal(syscall.SIGKILL)
		<-x.ended
		if err := os.RemoveAll(filepath.Join(p.dir, "kaon-results")); err != nil {
			t.Fatal(err)
		}
		next := newPlace(t)
		s.run(next).ends(exitDone)
		s.none(p)
		s.none(next)
	})
}

func TestDockerExample(t *testing.T) {
	s := ship{engine: dockertest.Engine(t), kaon: filepath.Join(t.TempDir(), "kaon")}
	dockertest.Program(t, ".", s.kaon)
	p := newPlace(t)
	p.examples()
	folder := filepath.Join(p.dir, "examples", "digits-docker")
	dockertest.Program(t, "../../examples/digits", filepath.Join(folder, "digits"))
	s.image = dockertest.Build(t, folder)
	r := s.start(p, "run", "examples/digits-docker/sweep.yaml", "--json", "--set", "run_cap=4", "--set", "parameters.epochs.value=2",
		"--set", "task.image="+s.image).within(patience).ends(exitDone).says("then: succeeded")
	if got := contract(t, r); got.Trials.Succeeded != 4 {
		t.Errorf("result is %+v", got)
	}
	s.none(p)
}

// A thousand containers one after the other are what a sweep is made of. Their rate is printed, not judged: it is the
// machine's.
func TestThousandContainers(t *testing.T) {
	if os.Getenv("KAON_TEST_STRICT") != "1" && os.Getenv("KAON_TEST_CONTAINERS") == "" {
		t.Skip("takes minutes: set KAON_TEST_CONTAINERS=1")
	}
	const trials = 1000
	s := newShip(t)
	p := newPlace(t)
	p.write("sweep.yaml", s.spec(trials))
	r := s.start(p, "run", "sweep.yaml", "--json", "--quiet").within(10 * time.Minute).ends(exitDone)
	got := contract(t, r)
	if got.Trials.Succeeded != trials {
		t.Errorf("result is %+v", got)
	}
	s.none(p)
	fmt.Printf("measured: %d containers in %.1f s: %.1f a second\n", trials, got.Seconds, trials/got.Seconds)
}

// The same on a real Mesos, whose agents must have the engine of this machine: KAON_TEST_MESOS=mesos://host:port. For
// Mesos's own containerizer KAON_TEST_IMAGES is the folder of its image archives.
func TestImagesOnMesos(t *testing.T) {
	where := os.Getenv("KAON_TEST_MESOS")
	if where == "" {
		t.Skip("beyond a whole run: needs a Mesos cluster; set KAON_TEST_MESOS=mesos://host:port")
	}
	s := newShip(t)
	containerizers := []string{"docker"}
	if folder := os.Getenv("KAON_TEST_IMAGES"); folder != "" {
		containerizers = append(containerizers, "mesos")
		s.save(t, folder)
	}
	for _, containerizer := range containerizers {
		for _, tt := range []struct {
			name string
			args []string
			code int
			says string
		}{
			{"what the image says", nil, exitDone, "2 succeeded"},
			{"another user", []string{"--set", "task.user=4321:0"}, exitDone, "2 succeeded"},
			{"shared", []string{"--set", "task.isolation=shared", "--set", "parameters.a.max=8"}, exitDone, "8 succeeded"},
			{"too much memory", []string{"--set", `command=["/probe", "eat=200"]`}, exitFailed, "96"},
			{"no such image", []string{"--set", `command=["/probe"]`, "--set", "task.image=127.0.0.1:1/kaon/nothing:1"}, exitFailed, "Failed to launch container: "},
		} {
			t.Run(containerizer+"/"+tt.name, func(t *testing.T) {
				p := newPlace(t)
				r := s.run(p, append([]string{"--cluster", where, "--container", containerizer}, tt.args...)...).ends(tt.code)
				if !strings.Contains(r.stdout, tt.says) {
					t.Errorf("lacks %q:\n%s%s", tt.says, r.stdout, r.stderr)
				}
			})
		}
		t.Run(containerizer+"/gpus", func(t *testing.T) {
			p := newPlace(t)
			p.write("sweep.yaml", s.spec(1))
			x := s.start(p, "run", "sweep.yaml", "--cluster", where, "--container", containerizer, "--set", "task.resources.gpus=1")
			x.stdout.await(t, "gpus")
			x.signal(os.Interrupt)
			x.wait().ends(exitInterrupted)
		})
	}
}

// save leaves the image where Mesos's containerizer looks for it.
func (s ship) save(t *testing.T, folder string) {
	t.Helper()
	want(t, "docker")
	name := filepath.Join(folder, s.image+".tar")
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("docker", "save", "-o", name, s.image).CombinedOutput(); err != nil {
		t.Fatalf("save image: %v\n%s", err, out)
	}
	t.Cleanup(func() { _ = os.Remove(name) })
}

// A trial in an image runs by hand as it did in the sweep, and by the printed `docker run`.
func TestTryInImage(t *testing.T) {
	want(t, "docker")
	s := newShip(t)
	p := newPlace(t)
	p.write("sweep.yaml", s.spec(2)+"command: [/probe, \"it's ${param.a}\", \"${args_json_file}\"]\n")
	s.start(p, "run", "sweep.yaml", "--quiet").within(patience).ends(exitDone)
	script := s.start(p, "try", "1", "--print").wait().ends(exitDone).prints("exec docker run --rm ", "--env KAON_SEED=", s.image).stdout
	cmd := exec.Command("sh", "-c", script)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the script: %v\n%s\n%s", err, out, script)
	}
	hand := s.start(p, "try", "1").wait().ends(exitDone).says("in the image " + s.image)
	const ran, as = `args ["it's 2" "/`, "uid 1234 gid 2345 dir /work "
	if both := hand.stdout + string(out); strings.Count(both, ran) != 2 || strings.Count(both, as) != 2 {
		t.Errorf("by hand:\n%s\nby the script:\n%s", hand.stdout, out)
	}
}

// static tells whether a program needs no libraries of this machine.
func static(t *testing.T, file string) bool {
	t.Helper()
	f, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return !slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}
