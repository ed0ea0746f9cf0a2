package foreign

import "github.com/kaon-sweep/kaon/sweep"

// Translate writes another tool's experiment as a sweep file. The translation is nil when the file is not one of another tool.
// Lenient: parts that cannot be carried are left out and told, instead of the whole being refused. The error is a *Refused, or
// the sweep.Errors of a file that is no YAML.
func Translate(file string, src []byte, lenient bool) (*Translation, error) {
	if !mayBeKatib(src) {
		return nil, nil
	}
	root, err := sweep.ReadTree(file, src)
	if err != nil {
		return nil, err
	}
	if !isKatib(root) {
		return nil, nil
	}
	r := &reading{file: file, src: src, lenient: lenient}
	katib(r, root)
	return r.finish("Katib")
}
