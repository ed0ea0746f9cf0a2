package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"strconv"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/kaon-sweep/kaon/bench"
	"github.com/kaon-sweep/kaon/scheduler/crash"
)

func main() {
	digits := flag.String("digits", "bin/digits", "the program of examples/digits")
	work := flag.String("work", "digits-table.jsonl",
		"file of the trainings that are done; a second run goes on from it")
	out := flag.String("out", "bench/digits.table.zst", "the table")
	workers := flag.Int("workers", 2, "trainings at a time")
	flag.Parse()
	done, err := read(*work)
	if err == nil {
		err = trainAll(*digits, *work, *workers, done)
	}
	if err == nil {
		err = pack(*out, done)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "digitstable:", err)
		os.Exit(1)
	}
}

// training is one line of the work file: a training, and how many validation images it got wrong after each epoch.
type training struct {
	Entry int      `json:"entry"`
	Seed  int      `json:"seed"`
	Wrong []uint16 `json:"wrong"`
}

type key struct{ entry, seed int }

// read is the trainings that are done; a line that was cut short is left out, and its training done again.
func read(work string) (map[key][]uint16, error) {
	done := map[key][]uint16{}
	text, err := os.ReadFile(work)
	if errors.Is(err, os.ErrNotExist) {
		return done, nil
	}
	for _, line := range bytes.Split(text, []byte("\n")) {
		var t training
		if json.Unmarshal(line, &t) == nil && len(t.Wrong) == bench.DigitsEpochs {
			done[key{t.Entry, t.Seed}] = t.Wrong
		}
	}
	return done, err
}

// trainAll runs what is not done, some at a time.
func trainAll(digits, work string, workers int, done map[key][]uint16) error {
	f, err := os.OpenFile(work, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	todo := make(chan key)
	var mu sync.Mutex // of done, f and failed
	var failed error
	var all sync.WaitGroup
	for range workers {
		all.Go(crash.Func(func() {
			for k := range todo {
				wrong, err := train(digits, k)
				mu.Lock()
				if err == nil {
					done[k] = wrong
					err = json.NewEncoder(f).Encode(training{k.entry, k.seed, wrong})
				}
				failed = errors.Join(failed, err)
				mu.Unlock()
			}
		}))
	}
	for seed := 1; seed <= bench.DigitsSeeds; seed++ {
		for entry := range bench.DigitsConfigurations() {
			k := key{entry, seed}
			mu.Lock()
			skip := done[k] != nil || failed != nil
			mu.Unlock()
			if !skip {
				todo <- k
			}
		}
	}
	close(todo)
	all.Wait()
	return failed
}

// train runs one training.
func train(digits string, k key) ([]uint16, error) {
	args := append(bench.DigitsFlags(k.entry), "-epochs", strconv.Itoa(bench.DigitsEpochs), "-seed",
		strconv.Itoa(k.seed))
	cmd := exec.Command(digits, args...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", digits, args, err)
	}
	var wrong []uint16
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		// a diverged network has a loss of NaN, which is no JSON: read the accuracy, which is behind it
		_, tail, found := bytes.Cut(lines.Bytes(), []byte(`"accuracy": `))
		accuracy, err := strconv.ParseFloat(string(bytes.TrimSuffix(tail, []byte("}"))), 64)
		if !found || err != nil {
			return nil, fmt.Errorf("%s %q: line %q has no accuracy", digits, args, lines.Text())
		}
		wrong = append(wrong, uint16(math.Round((1-accuracy)*bench.DigitsValidation)))
	}
	if len(wrong) != bench.DigitsEpochs {
		return nil, fmt.Errorf("%s %q: %d epochs, want %d", digits, args, len(wrong), bench.DigitsEpochs)
	}
	return wrong, nil
}

// pack writes the table: for each entry and epoch the sum over the seeds, two bytes, the epochs of an entry together.
func pack(out string, done map[key][]uint16) error {
	var raw []byte
	for entry := range bench.DigitsConfigurations() {
		for epoch := range bench.DigitsEpochs {
			sum := uint16(0)
			for seed := 1; seed <= bench.DigitsSeeds; seed++ {
				sum += done[key{entry, seed}][epoch]
			}
			raw = binary.LittleEndian.AppendUint16(raw, sum)
		}
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	z, err := zstd.NewWriter(f, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err == nil {
		_, err = io.Copy(z, bytes.NewReader(raw))
		err = errors.Join(err, z.Close())
	}
	return errors.Join(err, f.Close())
}
