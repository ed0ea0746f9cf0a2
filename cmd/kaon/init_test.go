package main

import (
	"testing"
)

// A first spec of a real argparse program runs as it stands.
func TestInit(t *testing.T) {
	t.Parallel()
	want(t, "python3")
	p := newPlace(t)
	p.write("train.py", `import argparse
p = argparse.ArgumentParser(description="trains", formatter_class=argparse.ArgumentDefaultsHelpFormatter)
p.add_argument("--lr", type=float, default=0.01, help="learning rate")
p.add_argument("--batch-size", type=int, default=64, help="how many at a time, in each of all the steps that there are until the end of it")
p.add_argument("--opt", choices=["sgd", "adam"], default="sgd", help="optimizer")
p.add_argument("--epochs", "-e", type=int, default=3, help="passes")
p.add_argument("--amp", action="store_true", help="mixed precision")
a = p.parse_args()
assert 0.001 <= a.lr <= 0.1 and 16 <= a.batch_size <= 256 and a.epochs == 3 and not a.amp, a
print("loss=%g" % (a.lr * a.batch_size))
`)
	r := p.kaon("init", "train.py").ends(exitDone).prints(
		"\n  lr: {distribution: log_uniform_values, min: 0.001, max: 0.1}", "\n  batch-size: {distribution: q_log_uniform_values, min: 16, max: 256, q: 1}",
		"\n  opt: {values: [sgd, adam]}", "\n  # epochs: ", "\n  # amp: ")
	p.write("sweep.yaml", r.stdout)
	if got := contract(t, p.kaon("run", "sweep.yaml", "--json", "--set", "run_cap=5", "--set", "metric={name: loss, goal: minimize}").ends(exitDone)); got.Trials.Succeeded != 5 || got.Best == nil {
		t.Errorf("it came to %+v", got)
	}
	p.kaon("init").ends(exitUsage).says("kaon init train.py")
	p.kaon("init", "--", "sh", "-c", "true").ends(exitUsage).says("it printed nothing")
	p.kaon("init", "./nothing").ends(exitUsage).says("no such file")
	p.write("plain.py", "import argparse\nargparse.ArgumentParser().parse_args()\n")
	p.kaon("init", "--", "python3", "-u", "plain.py").ends(exitUsage).says("ArgumentDefaultsHelpFormatter")
}
