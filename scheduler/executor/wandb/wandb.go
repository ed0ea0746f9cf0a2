package wandb

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"

	packaged "github.com/kaon-sweep/kaon/python"
	"github.com/kaon-sweep/kaon/scheduler/executor/environ"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

//go:embed sitecustomize.py kaon_hook.py kaon_wandb.py kaon_mlflow.py kaon_nni.py kaon_optuna.py kaon_ray.py
var files embed.FS

// Folder is the name of the files' folder.
const Folder = ".kaon-wandb"

// wheel is the Python package kaon, for trials that import it without having it installed. sitecustomize.py knows the
// name.
const wheel = "kaon.whl"

// Install writes the files into Folder below dir. Attempts may run as somebody else, so all may read them, and the
// owner alone may write.
func Install(dir *safefile.Dir) error {
	if err := dir.Mkdir(Folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the folder of W&B's hook: %w", err)
	}
	entries, err := files.ReadDir(".")
	if err != nil {
		return fmt.Errorf("list the files of W&B's hook: %w", err)
	}
	for _, e := range entries {
		data, err := files.ReadFile(e.Name())
		if err == nil {
			err = dir.WriteFile(path.Join(Folder, e.Name()), data, 0o644)
		}
		if err != nil {
			return fmt.Errorf("write W&B's hook: %w", err)
		}
	}
	if err := dir.WriteFile(path.Join(Folder, wheel), packaged.Wheel(), 0o644); err != nil {
		return fmt.Errorf("write the Python package: %w", err)
	}
	return nil
}

// Attempt is what the variables are made from.
type Attempt struct {
	Sweep   string
	Trial   int
	Attempt int
	Folder  string   // of the attempt: W&B's own files go there
	Hook    string   // the folder that Install wrote; empty: there is none
	Spec    []string // names of variables that the spec sets
	Keeps   int64    // bytes that its artifacts may have; 0: none, or none below wandb/
}

// Environment adds W&B's variables to env, whose names are unique. What the user has set stays as it is, and so does
// all else when the user wants W&B's servers: by another WANDB_MODE, or by a key that the spec itself gives.
func Environment(env []string, a Attempt) []string {
	l := environ.New(env)
	spec := make(map[string]bool, len(a.Spec))
	for _, name := range a.Spec {
		spec[name] = true
	}
	if a.Hook != "" {
		pythonPath := a.Hook
		if had := l.Value("PYTHONPATH"); had != "" {
			pythonPath += ":" + had
		}
		l.Put("PYTHONPATH", pythonPath)
	}
	l.PutUnlessSet("WANDB_DIR", a.Folder)
	if !spec["WANDB_API_KEY"] {
		l.PutUnlessSet("WANDB_MODE", offline)
	}
	l.Remove(again)
	l.Remove(keeps)
	if l.Value("WANDB_MODE") != offline {
		return l.Pairs()
	}
	l.PutUnlessSet("WANDB_DATA_DIR", path.Join(a.Folder, "wandb")) // or copies of artifacts stay in the home folder
	l.PutUnlessSet("WANDB_SILENT", "true")
	l.PutUnlessSet("WANDB_CONSOLE", "off")           // else a thread of the program carries what it prints
	l.PutUnlessSet("WANDB_ERROR_REPORTING", "false") // to W&B's makers, over the network
	// Those of a run that kaon itself was started in are not the trial's.
	name := a.Sweep + "-" + strconv.Itoa(a.Trial) // online every run has one, and programs name folders by it
	run := name + "-" + strconv.Itoa(a.Attempt)
	for _, own := range [][2]string{
		{"WANDB_SWEEP_ID", a.Sweep}, {"WANDB_RUN_ID", run}, {"WANDB_NAME", name}, {"WANDB_SWEEP_PARAM_PATH", ""},
	} {
		if !spec[own[0]] {
			l.Put(own[0], own[1])
		}
	}
	if a.Hook != "" {
		kept := map[string]string{}
		for _, name := range []string{"WANDB_MODE", "WANDB_DIR", "WANDB_DATA_DIR", "WANDB_SILENT", "WANDB_CONSOLE",
			"WANDB_ERROR_REPORTING", "WANDB_SWEEP_ID"} {
			kept[name] = l.Value(name)
		}
		text, _ := json.Marshal(kept) // of texts alone
		l.Put(again, string(text))
		if a.Keeps > 0 {
			l.Put(keeps, strconv.FormatInt(a.Keeps, 10))
		}
	}
	return l.Pairs()
}

// again is the variable from which the hook sets W&B's again in processes that are started without them, by name. The
// id of the run is not among them: who removes it wants a run of its own.
const again = "KAON_WANDB"

// keeps is the variable that says how many bytes of artifacts are taken of an attempt, so that the copies of what
// a program gives to W&B leave room for its own; without it none are made.
const keeps = "KAON_WANDB_KEEPS"

// offline is W&B's mode without its servers.
const offline = "offline"
