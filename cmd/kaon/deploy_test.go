package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker/dockertest"
)

func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// parsed reads a command line of deploy/ as kaon does, and checks what `kaon serve` checks before it begins.
func parsed(t *testing.T, args []string) *commands {
	t.Helper()
	tree := new(commands)
	parser, err := kong.New(tree, kong.Name("kaon"), kong.Vars{"trial": trialHelp}, kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	command, err := parser.Parse(args)
	if err != nil {
		t.Fatalf("kaon %s: %v", strings.Join(args, " "), err)
	}
	if command.Command() != "serve" {
		t.Errorf("kaon %s: is %s", strings.Join(args, " "), command.Command())
	}
	if err := tree.Serve.check(); err != nil {
		t.Errorf("kaon %s: %v", strings.Join(args, " "), err)
	}
	if _, err := tree.Serve.cluster(); err != nil {
		t.Errorf("kaon %s: %v", strings.Join(args, " "), err)
	}
	return tree
}

func TestDeployUnit(t *testing.T) {
	section, set := "", map[string][]string{}
	for line := range strings.Lines(deployed(t, "systemd/kaon.service")) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
			if !slices.Contains([]string{"Unit", "Service", "Install"}, section) {
				t.Errorf("section %s", section)
			}
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok || section == "" || !regexp.MustCompile(`^[A-Z][A-Za-z]+$`).MatchString(key) {
				t.Errorf("line %q", line)
			}
			set[section+"."+key] = append(set[section+"."+key], value)
		}
	}
	for key, want := range map[string]string{
		"Service.NoNewPrivileges": "yes", "Service.ProtectSystem": "strict", "Service.ProtectHome": "yes", "Service.PrivateTmp": "yes",
		"Service.CapabilityBoundingSet": "", "Service.User": "kaon", "Service.UMask": "0027", "Install.WantedBy": "multi-user.target",
	} {
		if got := set[key]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if len(set["Service.ExecStart"]) != 1 {
		t.Fatalf("ExecStart: %v", set["Service.ExecStart"])
	}
	words := strings.Fields(set["Service.ExecStart"][0])
	c := parsed(t, words[1:]).Serve
	for _, place := range []string{c.Results, c.State} { // all else is read-only
		if !strings.HasPrefix(place, "/var/lib/"+set["Service.StateDirectory"][0]+"/") {
			t.Errorf("%s is not below the unit's StateDirectory", place)
		}
	}
	if limit, err := strconv.Atoi(set["Service.LimitNOFILE"][0]); err != nil || limit < 65536 {
		t.Errorf("LimitNOFILE is %v", set["Service.LimitNOFILE"])
	}
	code, err := strconv.Atoi(set["Service.SuccessExitStatus"][0])
	if err != nil || code != exitInterrupted {
		t.Errorf("SuccessExitStatus is %v", set["Service.SuccessExitStatus"])
	}
	if stop := strings.TrimSuffix(set["Service.TimeoutStopSec"][0], "s"); stop <= strconv.Itoa(int(closePatience.Seconds())) {
		t.Errorf("systemd kills it after %s s, and it may take %v", stop, closePatience)
	}
}

// instruction is the words of an instruction of the Dockerfile, which has it once.
func instruction(t *testing.T, name string) string {
	t.Helper()
	found := regexp.MustCompile("(?m)^"+name+" (.*)$").FindAllStringSubmatch(deployed(t, "docker/Dockerfile"), -1)
	if len(found) != 1 {
		t.Fatalf("%d × %s in the Dockerfile", len(found), name)
	}
	return found[0][1]
}

func TestDeployDockerfile(t *testing.T) {
	if from := instruction(t, "FROM"); from != "scratch" {
		t.Errorf("FROM %s", from)
	}
	if user := instruction(t, "USER"); !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(user) {
		t.Errorf("USER %s: want numbers other than 0, as an orchestrator can check those", user)
	}
	var args []string
	if err := json.Unmarshal([]byte(instruction(t, "CMD")), &args); err != nil {
		t.Fatal(err)
	}
	c := parsed(t, args).Serve
	if len(c.Listen) != 1 || !strings.HasSuffix(c.Listen[0], ":"+instruction(t, "EXPOSE")) {
		t.Errorf("listens at %v, exposes %s", c.Listen, instruction(t, "EXPOSE"))
	}
}

// The image of nothing but kaon starts, as nobody in particular.
func TestDeployImage(t *testing.T) {
	t.Parallel()
	engine := dockertest.Engine(t)
	folder := filepath.Join(t.TempDir(), "kaon")
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(top, "deploy", "docker"))); err != nil {
		t.Fatal(err)
	}
	dockertest.Program(t, ".", filepath.Join(folder, "kaon"))
	if err := os.WriteFile(filepath.Join(folder, "ca-certificates.crt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	image := dockertest.Build(t, folder)
	about, err := engine.Image(t.Context(), image)
	if err != nil || about.User != "65532:65532" {
		t.Errorf("%+v, %v", about, err)
	}
	name := fmt.Sprintf("kaon-deploy-%d", os.Getpid())
	if _, err := engine.Start(t.Context(), docker.Spec{Name: name, Image: image, Args: []string{"version"}, Network: "none"}); err != nil {
		t.Fatal(err)
	}
	defer engine.Remove(context.Background(), name)
	exit, _, err := engine.Wait(t.Context(), name)
	var out, wrong strings.Builder
	if err == nil {
		err = engine.Logs(t.Context(), name, &out, &wrong)
	}
	if err != nil || exit.Code != 0 || !strings.HasPrefix(out.String(), "kaon ") {
		t.Errorf("kaon version ends with %+v, %v, prints %q and says %q", exit, err, out.String(), wrong.String())
	}
}

func TestDeployCompose(t *testing.T) {
	var file struct {
		Name     string
		Services map[string]struct {
			Image       string
			Command     []string
			Environment map[string]string
			Ports       []string
			Volumes     []string
			ReadOnly    bool                                  `yaml:"read_only"`
			CapDrop     []string                              `yaml:"cap_drop"`
			StopSignal  string                                `yaml:"stop_signal"`
			DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
		}
		Volumes map[string]any
	}
	if err := yaml.Unmarshal([]byte(deployed(t, "compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	s := file.Services["kaon"]
	c := parsed(t, s.Command).Serve
	if !strings.HasPrefix(c.Results, "s3://") || !strings.Contains(c.Results, "endpoint=http://s3:") || file.Services["s3"].Image == "" {
		t.Errorf("results in %s", c.Results)
	}
	if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || s.StopSignal != "SIGINT" {
		t.Errorf("kaon is not shut in: %+v", s)
	}
	for _, at := range s.Ports {
		if !strings.HasPrefix(at, "127.0.0.1:") {
			t.Errorf("port %s is open to the network without TLS", at)
		}
	}
	for name, one := range file.Services {
		for other := range one.DependsOn {
			if _, there := file.Services[other]; !there {
				t.Errorf("%s depends on %s, which is not there", name, other)
			}
		}
		for _, v := range one.Volumes {
			if volume, _, _ := strings.Cut(v, ":"); !strings.HasPrefix(volume, "/") {
				if _, there := file.Volumes[volume]; !there {
					t.Errorf("%s has no volume %s", name, volume)
				}
			}
		}
	}
	if _, set := s.Environment["KAON_CLUSTER"]; !set || s.Environment["AWS_SECRET_ACCESS_KEY"] == "" {
		t.Errorf("environment: %v", s.Environment)
	}
}

func TestDeployMarathon(t *testing.T) {
	var app struct {
		ID              string
		Instances       int
		Args            []string
		Env             map[string]struct{ Secret string }
		Secrets         map[string]struct{ Source string }
		PortDefinitions []struct{ Port int }
		HealthChecks    []struct {
			Protocol  string
			Path      string
			PortIndex int
		}
		UpgradeStrategy struct {
			MinimumHealthCapacity, MaximumOverCapacity *float64
		}
	}
	if err := json.Unmarshal([]byte(deployed(t, "marathon/kaon.json")), &app); err != nil {
		t.Fatal(err)
	}
	c := parsed(t, app.Args).Serve
	if u := app.UpgradeStrategy; app.Instances != 1 || u.MinimumHealthCapacity == nil || *u.MinimumHealthCapacity != 0 || u.MaximumOverCapacity == nil || *u.MaximumOverCapacity != 0 {
		t.Error("Marathon may start a second server on one state folder")
	}
	for i, at := range []string{c.Listen[0], c.Metrics} {
		if i >= len(app.PortDefinitions) || !strings.HasSuffix(at, ":"+strconv.Itoa(app.PortDefinitions[i].Port)) {
			t.Errorf("%s is no port of the app: %v", at, app.PortDefinitions)
		}
	}
	for name, one := range app.Env {
		if _, there := app.Secrets[one.Secret]; !there {
			t.Errorf("%s is of the secret %q, which is not there", name, one.Secret)
		}
	}
	if _, asked := app.Env["KAON_METRICS_AUTH"]; c.Plain || c.TLSCert == "" || c.MetricsAuth != "" || !asked {
		t.Error("every machine of the network may read tokens on their way, or the metrics")
	}
	if len(app.HealthChecks) != 1 || app.HealthChecks[0].Path != "/readyz" || app.HealthChecks[0].Protocol != "MESOS_HTTPS" {
		t.Errorf("health checks: %+v", app.HealthChecks)
	}
}
