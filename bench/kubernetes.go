package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// KubernetesConfig says what Kubernetes measures.
type KubernetesConfig struct {
	Trials int
	Few    int           // trials of the rows that have a pod for each; 0: as many
	Time   time.Duration // that a trial takes; 0: nearly none
	CPUs   float64       // of every trial
	Mem    int           // in MB
	Only   []string      // of KubernetesRows; none: all
	Hollow bool          // the nodes run nothing, and their kubelet goes by annotations
	// whose Cluster.Kubernetes says which cluster; each of kaon's rows has a folder of its own below Folder
	Server server.Config
	Wait   time.Duration // how long a row may take
	// how long the idle API server is watched first; 0: its idle CPU is not known, and taken for none
	Quiet time.Duration
}

// KubernetesRows are the names of what is measured.
var KubernetesRows = []string{"pilot", "pods", "items", "job"}

var kubernetesTitles = map[string]string{
	"pilot": "kaon, pilot pods", "pods": "kaon, a pod per trial", "items": "a pod per item, as Argo submits",
	"job": "Job, Indexed completion",
}

// KubernetesReport is kaon and its peers on one cluster. The JSON names are a contract for scripts: fields may be
// added, not renamed.
type KubernetesReport struct {
	Cluster string          `json:"cluster"`
	Version string          `json:"version"` // of Kubernetes
	Nodes   int             `json:"nodes"`
	Hollow  bool            `json:"hollow"` // the nodes run nothing
	Slots   int             `json:"slots"`  // trials that the nodes hold at a time
	Seconds float64         `json:"trial_seconds"`
	Rate    float64         `json:"pods_created_per_second_at_most"` // by kaon, and by whoever submits items
	Idle    *float64        `json:"apiserver_idle_cpu_ms_per_second"`
	Rows    []KubernetesRow `json:"rows"`
	Notes   []string        `json:"notes,omitempty"` // what could not be measured, and why
}

// KubernetesRow is one way to run trials. What is nil could not be measured.
type KubernetesRow struct {
	Row        string   `json:"row"`
	Name       string   `json:"name"`
	Skipped    string   `json:"skipped,omitempty"` // why it was not measured, or did not come to its end
	Trials     int      `json:"trials"`
	Seconds    float64  `json:"seconds"` // from the first submission to the end of the last trial
	PerSecond  float64  `json:"trials_per_second"`
	Cleared    float64  `json:"seconds_with_removal"` // until nothing of it was left in the cluster
	Pods       *float64 `json:"pods"`                 // created
	PodsPerSec *float64 `json:"pods_per_second"`
	Requests   *float64 `json:"api_requests_per_trial"` // removal included
	APIServer  *float64 `json:"apiserver_cpu_ms_per_trial"`
	// of this process, which is kaon, or submits the items; nil: controllers in the cluster do the work
	Client *float64 `json:"client_cpu_ms_per_trial"`
	// were every slot busy from the beginning, and trials evenly spread
	Ideal     float64  `json:"ideal_seconds,omitempty"`
	OverIdeal float64  `json:"over_ideal,omitempty"` // Seconds / Ideal
	OfJobs    *float64 `json:"trials_per_second_of_job"`
	OfItems   *float64 `json:"trials_per_second_of_items"`
	CPUOfPods *float64 `json:"apiserver_cpu_of_pods"` // APIServer over that of kaon's row with a pod per trial
}

// Kubernetes runs the same trials on a cluster that is there, as kaon does and as others do, one way after the other.
func Kubernetes(ctx context.Context, cfg KubernetesConfig) (*KubernetesReport, error) {
	conf := *cfg.Server.Cluster.Kubernetes
	conf.Folder = cfg.Server.Folder
	account, err := kubernetes.FindAccount(conf.Kubeconfig, conf.Context)
	if err != nil {
		return nil, err
	}
	api, err := kubernetes.NewAPI(account)
	if err != nil {
		return nil, err
	}
	defer api.Close()
	b := &kubernetesBench{cfg: cfg, conf: conf, api: api, namespace: cmp.Or(conf.Namespace, account.Namespace),
		label: fmt.Sprintf("%x", time.Now().UnixNano())}
	b.spec, err = conf.Plain(cfg.command(), cfg.CPUs, cfg.Mem)
	if err != nil {
		return nil, err
	}
	found, err := kubernetes.Survey(ctx, conf)
	if err != nil {
		return nil, err
	}
	r := &KubernetesReport{Cluster: account.Server, Hollow: cfg.Hollow, Nodes: len(found), Seconds: cfg.Time.Seconds(),
		Rate: cmp.Or(conf.Rate, 20)}
	for _, o := range found {
		r.Slots += slotsOf(o, cfg.CPUs, cfg.Mem)
	}
	if r.Slots == 0 {
		return nil, fmt.Errorf("no node holds a trial of %g CPUs and %d MB: give --cpus and --memory that fit, "+
			"or other nodes", cfg.CPUs, cfg.Mem)
	}
	var version struct{ GitVersion string }
	if err := api.Call(ctx, http.MethodGet, "/version", nil, nil, &version); err == nil {
		r.Version = version.GitVersion
	}
	b.slots, b.rate = r.Slots, r.Rate
	r.Idle = b.idle(ctx)
	for _, name := range KubernetesRows {
		if len(cfg.Only) > 0 && !slices.Contains(cfg.Only, name) {
			continue
		}
		row, err := b.row(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kubernetesTitles[name], err)
		}
		r.Rows = append(r.Rows, row)
	}
	r.compare()
	r.Notes = b.notes
	return r, nil
}

// slotsOf is how many trials a node holds at a time.
func slotsOf(o offers.Offer, cpus float64, mem int) int {
	n := math.MaxInt
	for _, a := range o.Amounts {
		switch a.Name {
		case "cpus":
			n = min(n, int(float64(a.Scalar)/float64(resource.Unit)/cpus))
		case "mem":
			n = min(n, int(float64(a.Scalar)/float64(resource.Unit))/mem)
		}
	}
	if n == math.MaxInt {
		return 0
	}
	return n
}

// command is what every trial runs.
func (cfg *KubernetesConfig) command() string {
	if cfg.Time > 0 {
		return fmt.Sprintf("sleep %g", cfg.Time.Seconds())
	}
	return "true"
}

// kubernetesBench is one measurement.
type kubernetesBench struct {
	cfg       KubernetesConfig
	conf      kubernetes.Config
	api       *kubernetes.API
	namespace string
	label     string // of all that is made here and is not kaon's
	spec      []byte // of others' pods
	slots     int
	rate      float64
	idleCPU   float64 // seconds a second
	notes     []string
}

func (b *kubernetesBench) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(b.notes, text) {
		b.notes = append(b.notes, text)
	}
}

// errSkip is of a row that others' clusters cannot have: the others are measured.
type errSkip struct{ error }

// row measures one way.
func (b *kubernetesBench) row(ctx context.Context, name string) (row KubernetesRow, err error) {
	row = KubernetesRow{Row: name, Name: kubernetesTitles[name], Trials: b.cfg.Trials}
	if name != "pilot" && b.cfg.Few > 0 {
		row.Trials = min(b.cfg.Few, b.cfg.Trials)
	}
	limited, cancel := context.WithTimeout(ctx, b.cfg.Wait)
	defer cancel()
	before, cpu, began := b.read(ctx), ownCPU(), time.Now()
	switch name {
	case "pilot":
		row.Seconds, err = b.kaon(limited, name, row.Trials, sweep.Shared)
	case "pods":
		row.Seconds, err = b.kaon(limited, name, row.Trials, sweep.Contained)
	case "items":
		row.Seconds, err = b.items(limited, row.Trials)
	case "job":
		row.Seconds, err = b.job(limited, row.Trials)
	}
	if skip := (errSkip{}); errors.As(err, &skip) || err != nil && ctx.Err() == nil && limited.Err() != nil {
		if row.Skipped = err.Error(); limited.Err() != nil {
			row.Skipped = fmt.Sprintf("it did not end within %v", b.cfg.Wait)
		}
		return row, nil
	}
	if err != nil {
		return row, err
	}
	row.Cleared = time.Since(began).Seconds()
	row.PerSecond = float64(row.Trials) / row.Seconds
	if name != "job" {
		row.Client = perTrial((ownCPU()-cpu).Seconds()*1000, row.Trials)
	}
	if b.cfg.Time > 0 {
		row.Ideal = math.Ceil(float64(row.Trials)/float64(b.slots)) * b.cfg.Time.Seconds()
		row.OverIdeal = row.Seconds / row.Ideal
	}
	b.fill(&row, before, b.read(ctx))
	return row, nil
}

// compare sets each row beside others.
func (r *KubernetesReport) compare() {
	of := func(name string) *KubernetesRow {
		for i := range r.Rows {
			if r.Rows[i].Row == name && r.Rows[i].Skipped == "" {
				return &r.Rows[i]
			}
		}
		return nil
	}
	ratio := func(a, b float64) *float64 {
		v := a / b
		return &v
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Skipped != "" {
			continue
		}
		if job := of("job"); job != nil {
			row.OfJobs = ratio(row.PerSecond, job.PerSecond)
		}
		if items := of("items"); items != nil {
			row.OfItems = ratio(row.PerSecond, items.PerSecond)
		}
		if pods := of("pods"); pods != nil && row.APIServer != nil && pods.APIServer != nil && *pods.APIServer > 0 {
			row.CPUOfPods = ratio(*row.APIServer, *pods.APIServer)
		}
	}
}

// kaon runs a sweep to its end and removes the framework. The seconds are from its submission to its end.
func (b *kubernetesBench) kaon(
	ctx context.Context, name string, trials int, isolation sweep.Isolation,
) (seconds float64, err error) {
	image := ""
	if isolation == sweep.Contained {
		image = fmt.Sprintf("image: %q, ", b.conf.Image)
	}
	source := fmt.Sprintf("method: grid\nparameters: {n: {distribution: int_uniform, min: 1, max: %d}}\ncommand: %q\n"+
		"task: {%sisolation: %s, resources: {cpus: %g, memory: %dMB}}\n", trials, b.cfg.command(), image, isolation,
		b.cfg.CPUs, b.cfg.Mem)
	conf := b.cfg.Server
	conf.Folder = filepath.Join(conf.Folder, name)
	spec, err := sweep.Parse(filepath.Join(conf.Folder, "bench.yaml"), []byte(source))
	if err != nil {
		return 0, fmt.Errorf("read the sweep: %w", err)
	}
	s, err := server.Open(ctx, conf)
	if err != nil {
		return 0, err
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		_ = s.Teardown(ctx) // a second one does nothing
		err = errors.Join(err, s.Close(ctx))
	}()
	sw, err := s.Submit(ctx, server.Submission{ID: "bench-" + name, Spec: spec})
	if err != nil {
		return 0, err
	}
	ended, err := sw.Wait(ctx)
	switch {
	case err != nil:
		return 0, fmt.Errorf("run the sweep: %w", err)
	case ended.Counts.Succeeded != trials:
		return 0, fmt.Errorf("run the sweep: %d of %d trials succeeded: %s", ended.Counts.Succeeded, trials,
			ended.Reason)
	}
	return ended.Seconds, s.Teardown(ctx)
}

func (b *kubernetesBench) path(group, resource, name string) string {
	at := "/api/v1"
	if group != "" {
		at = "/apis/" + group + "/v1"
	}
	at += "/namespaces/" + url.PathEscape(b.namespace) + "/" + resource
	if name != "" {
		at += "/" + url.PathEscape(name)
	}
	return at
}
