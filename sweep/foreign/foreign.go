package foreign

import "github.com/kaon-sweep/kaon/sweep"

// Options say how an experiment is read.
type Options struct {
	// Lenient has parts that cannot be carried left out and told, instead of the whole being refused.
	Lenient bool
	// Operation is the one to take of a project of Guild AI; empty: the one that stands out.
	Operation string
	// Typed says that parameters are added to what comes of it, as by --set: flags of Guild AI's that have no value
	// of their own.
	Typed bool
	// Read reads a file that the experiment names, by its path from the experiment's folder; nil: none is read.
	Read func(path string) ([]byte, error)
}

// Guild is the Tool of a project of Guild AI.
const Guild = "Guild AI"

// Translate writes another tool's experiment as a sweep file. The translation is nil when the file is not one of
// another tool. The error is a *Refused, or the sweep.Errors of a file that is no YAML.
func Translate(file string, src []byte, o Options) (*Translation, error) {
	if !mayBeKatib(src) && !mayBeNNI(src) && !mayBeDetermined(src) && !mayBeGuild(file, src) && !mayBeSpace(src) {
		return nil, nil
	}
	r := &reading{file: file, src: src, lenient: o.Lenient}
	text := src
	if mayBeKatib(src) {
		var err error
		if text, err = r.experiment(); err != nil {
			return nil, err
		}
	}
	root, err := sweep.ReadAnyTree(file, text)
	if err != nil {
		return nil, err
	}
	switch {
	case isKatib(root):
		katib(r, root)
		return r.finish("Katib")
	case isNNI(root):
		nni(r, root, o.Read)
		return r.finish("NNI")
	case isDetermined(root):
		determined(r, root)
		return r.finish("Determined")
	case isOptuna(root):
		optuna(r, root)
		return r.finish("Optuna")
	case isRay(root):
		ray(r, root)
		return r.finish("Ray Tune")
	case isGuild(file, root):
		guild(r, root, o)
		return r.finish(Guild)
	}
	return nil, nil
}
