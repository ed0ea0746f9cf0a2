package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/sweep"
)

// QueuesFile, in a server's folder, has its queues: JSON that people may write, too, while the server is down.
const QueuesFile = "queues.json"

// queues are those that an operator has set, kept in a file.
type queues struct {
	file string // empty: it is the folder of one sweep, which may name any queue
	mu   sync.Mutex
	all  []fairness.Queue // in order of their names
}

func openQueues(cfg *Config) (*queues, error) {
	if cfg.Only != "" {
		return &queues{}, nil
	}
	q := &queues{file: filepath.Join(cfg.Folder, QueuesFile)}
	var err error
	q.all, err = readQueues(q.file)
	return q, err
}

func (q *queues) list() []fairness.Queue {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.all)
}

func byName(q fairness.Queue, name string) int { return strings.Compare(q.Name, name) }

// readQueues reads the queues of a server; without a file there are none. Its errors name the line.
func readQueues(file string) ([]fairness.Queue, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the queues: %w", err)
	}
	r := queueReader{file: file, text: text, dec: json.NewDecoder(bytes.NewReader(text))}
	r.dec.DisallowUnknownFields()
	return r.read()
}

type queueReader struct {
	file string
	text []byte
	dec  *json.Decoder
}

// wrong says what is wrong at an offset, and what helps.
func (r *queueReader) wrong(at int64, format string, args ...any) error {
	line := 1 + bytes.Count(r.text[:min(max(at, 0), int64(len(r.text)))], []byte("\n"))
	return fmt.Errorf("%s:%d: %s; correct the line, or move the file away: then the server has the queue %s alone",
		r.file, line,
		fmt.Sprintf(format, args...), sweep.DefaultQueue)
}

func (r *queueReader) read() (all []fairness.Queue, err error) {
	for _, want := range []json.Token{json.Delim('{'), "queues", json.Delim('[')} {
		if got, err := r.dec.Token(); err != nil || got != want {
			return nil, r.wrong(r.dec.InputOffset(), `want {"queues": [ … ]}`)
		}
	}
	for r.dec.More() {
		at := r.start()
		var q fairness.Queue
		if err := r.dec.Decode(&q); err != nil {
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) {
				at = syntax.Offset
			}
			return nil, r.wrong(at, "%v", err)
		}
		if err := sweep.CheckQueue(q.Name); err != nil {
			return nil, r.wrong(at, "%v", err)
		}
		if err := q.Check(); err != nil {
			return nil, r.wrong(at, "queue %s: %v", q.Name, err)
		}
		i, known := slices.BinarySearchFunc(all, q.Name, byName)
		if known {
			return nil, r.wrong(at, "queue %s is there twice", q.Name)
		}
		all = slices.Insert(all, i, q)
	}
	for _, want := range []json.Token{json.Delim(']'), json.Delim('}')} {
		if got, err := r.dec.Token(); err != nil || got != want {
			return nil, r.wrong(r.dec.InputOffset(), "want %v", want)
		}
	}
	return all, nil
}

// start is where the next value begins.
func (r *queueReader) start() int64 {
	at := r.dec.InputOffset()
	for at < int64(len(r.text)) && bytes.IndexByte([]byte(", \t\r\n"), r.text[at]) >= 0 {
		at++
	}
	return at
}

// writeQueues replaces the file: after a crash it is the old one or the new one.
func writeQueues(file string, all []fairness.Queue) error {
	var text bytes.Buffer
	text.WriteString("{\"queues\": [")
	for i, q := range all {
		line, err := json.Marshal(q)
		if err != nil {
			return fmt.Errorf("keep the queues: %w", err)
		}
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteString("\n  ")
		text.Write(line)
	}
	text.WriteString("\n]}\n")
	if err := durable.Replace(file, text.Bytes()); err != nil {
		return fmt.Errorf("keep the queues: %w", err)
	}
	return nil
}
