package foreign

import "github.com/kaon-sweep/kaon/sweep"

// Translate writes another tool's experiment as a sweep file. The translation is nil when the file is not one of another tool.
// Lenient: parts that cannot be carried are left out and told, instead of the whole being refused. The error is a *Refused, or
// the sweep.Errors of a file that is no YAML. Read reads a file that the experiment names, by its path from the experiment's folder;
// nil: none is read.
func Translate(file string, src []byte, lenient bool, read func(path string) ([]byte, error)) (*Translation, error) {
	if !mayBeKatib(src) && !mayBeNNI(src) {
		return nil, nil
	}
	root, err := sweep.ReadTree(file, src)
	if err != nil {
		return nil, err
	}
	r := &reading{file: file, src: src, lenient: lenient}
	switch {
	case isKatib(root):
		katib(r, root)
		return r.finish("Katib")
	case isNNI(root):
		nni(r, root, read)
		return r.finish("NNI")
	}
	return nil, nil
}
