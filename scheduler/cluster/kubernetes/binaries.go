package kubernetes

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"sync"
)

// binaries are this program for the architectures of nodes, compressed for the way through a pod's standard input.
type binaries struct {
	find func(arch string) (string, error)

	mu   sync.Mutex
	have map[string]*program
}

type program struct {
	once sync.Once
	data []byte
	err  error
}

// of is the compressed program for an architecture.
func (b *binaries) of(arch string) ([]byte, error) {
	b.mu.Lock()
	if b.have == nil {
		b.have = map[string]*program{}
	}
	x := b.have[arch]
	if x == nil {
		x = &program{}
		b.have[arch] = x
	}
	b.mu.Unlock()
	x.once.Do(func() { x.data, x.err = b.compress(arch) })
	return x.data, x.err
}

func (b *binaries) compress(arch string) ([]byte, error) {
	file, err := b.find(arch)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read kaon's own program: %w", err)
	}
	defer f.Close()
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err == nil {
		_, err = io.Copy(z, f)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("compress kaon's own program: %w", err)
	}
	return out.Bytes(), nil
}
