package staging

import (
	"os/exec"

	"github.com/kaon-sweep/kaon/sweep"
)

// Place is where the attempts of a sweep run, as far as what they are given depends on it.
type Place struct {
	Local         bool                     // in this process
	Pods          bool                     // of a Kubernetes
	PodRoot       bool                     // which may be root's
	Interpreter   string                   // what ${interpreter} stands for; empty: python
	Containerizer string                   // whatever specs say; empty: as they say
	WorkDir       func(*sweep.Spec) string // the folder of this machine that trials start in; empty: none
}

// Here is this machine, where trials work in their spec's folder.
func Here() Place {
	return Place{Local: true, Interpreter: LocalInterpreter(), WorkDir: (*sweep.Spec).Folder}
}

// LocalInterpreter is what ${interpreter} stands for on this machine: python3 where there is no python, as
// on Debian; empty: python.
func LocalInterpreter() string {
	if _, err := exec.LookPath("python"); err != nil {
		if _, err := exec.LookPath("python3"); err == nil {
			return "python3"
		}
	}
	return ""
}
