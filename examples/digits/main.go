package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "digits:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	s, final, err := parse(args)
	if err != nil {
		return err
	}
	data, err := load()
	if err != nil {
		return err
	}
	if final {
		net := train(slices.Concat(data.train, data.validate), s, func(int, *network) {})
		got := evaluate(net, data.test)
		fmt.Fprintf(stdout, "test accuracy %.4f, loss %.4f, on %d images that no trial has seen\n",
			got.accuracy, got.loss, len(data.test))
		_, err := fmt.Fprintf(stdout, "{\"test_accuracy\": %g, \"test_loss\": %g}\n", got.accuracy, got.loss)
		return err
	}
	out, closeOut, err := metricsFile(stdout)
	if err != nil {
		return err
	}
	train(data.train, s, func(epoch int, n *network) {
		if err == nil {
			got := evaluate(n, data.validate)
			// %g writes NaN for a network that diverged, as Python's json does; kaon records it and it never wins
			_, err = fmt.Fprintf(out, "{\"step\": %d, \"loss\": %g, \"accuracy\": %g}\n", epoch, got.loss, got.accuracy)
		}
	})
	return errors.Join(err, closeOut())
}

func parse(args []string) (s settings, final bool, err error) {
	flags := flag.NewFlagSet("digits", flag.ContinueOnError)
	flags.StringVar(&s.optimizer, "optimizer", "sgd", "sgd, momentum or adam")
	flags.Float64Var(&s.lr, "lr", 0.1, "step size")
	flags.Float64Var(&s.l2, "l2", 0, "weight decay")
	flags.IntVar(&s.hidden, "hidden", 0, "hidden units; 0 is softmax regression")
	flags.IntVar(&s.batch, "batch", 32, "images per step")
	flags.IntVar(&s.epochs, "epochs", 20, "passes over the training images")
	flags.Uint64Var(&s.seed, "seed", seedFromKaon(), "seed of weights and order (default: $KAON_SEED)")
	flags.BoolVar(&final, "final", false, "train on all but the test images and score on those")
	if err := flags.Parse(args); err != nil {
		return s, final, err
	}
	switch {
	case s.optimizer != "sgd" && s.optimizer != "momentum" && s.optimizer != "adam":
		return s, final, fmt.Errorf("-optimizer %q: want sgd, momentum or adam", s.optimizer)
	case s.batch < 1 || s.epochs < 1 || s.hidden < 0:
		return s, final, fmt.Errorf("-batch %d -epochs %d -hidden %d: want at least 1, 1 and 0", s.batch,
			s.epochs, s.hidden)
	}
	return s, final, nil
}

func seedFromKaon() uint64 {
	seed, err := strconv.ParseUint(os.Getenv("KAON_SEED"), 10, 64)
	if err != nil {
		return 1 // run by hand
	}
	return seed
}

// metricsFile is where a trial's numbers go: the file kaon reads, or standard output when run by hand.
func metricsFile(stdout io.Writer) (io.Writer, func() error, error) {
	name := os.Getenv("KAON_METRICS")
	if name == "" {
		return stdout, func() error { return nil }, nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, nil, fmt.Errorf("open metrics file: %w", err)
	}
	return f, f.Close, nil
}
