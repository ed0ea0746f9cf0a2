package bucket

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Memory is a bucket in this process's memory. Its zero value is empty and ready.
type Memory struct {
	mu struct {
		sync.Mutex
		objects map[string]memoryObject
	}
}

type memoryObject struct {
	data     []byte
	modified time.Time
}

var _ Bucket = (*Memory)(nil)

// Put implements Bucket.
func (m *Memory) Put(ctx context.Context, name string, src io.Reader) error {
	if err := CheckName(name); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	data, err := io.ReadAll(src)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mu.objects == nil {
		m.mu.objects = map[string]memoryObject{}
	}
	m.mu.objects[name] = memoryObject{data, time.Now()}
	return nil
}

func (m *Memory) object(ctx context.Context, name string) (memoryObject, error) {
	if err := CheckName(name); err != nil {
		return memoryObject{}, err
	}
	if err := ctx.Err(); err != nil {
		return memoryObject{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.mu.objects[name]
	if !ok {
		return o, ErrNotExist
	}
	return o, nil
}

// Get implements Bucket.
func (m *Memory) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	o, err := m.object(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", name, err)
	}
	return io.NopCloser(bytes.NewReader(o.data)), nil
}

// Stat implements Bucket.
func (m *Memory) Stat(ctx context.Context, name string) (Object, error) {
	o, err := m.object(ctx, name)
	if err != nil {
		return Object{}, fmt.Errorf("stat %s: %w", name, err)
	}
	return Object{Name: name, Size: int64(len(o.data)), Modified: o.modified}, nil
}

// List implements Bucket.
func (m *Memory) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return m.ListAfter(ctx, prefix, "")
}

// ListAfter implements Bucket.
func (m *Memory) ListAfter(ctx context.Context, prefix, after string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		m.mu.Lock()
		names := slices.Sorted(maps.Keys(m.mu.objects))
		m.mu.Unlock()
		for _, name := range names {
			if !strings.HasPrefix(name, prefix) || name <= after {
				continue
			}
			o, err := m.object(ctx, name)
			if err != nil {
				if ctx.Err() == nil {
					continue // deleted meanwhile
				}
				yield(Object{}, fmt.Errorf("list %s: %w", prefix, err))
				return
			}
			if !yield(Object{Name: name, Size: int64(len(o.data)), Modified: o.modified}, nil) {
				return
			}
		}
	}
}

// Folders implements Bucket.
func (m *Memory) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		last := ""
		for o, err := range m.List(ctx, prefix) {
			folder, deeper := FolderOf(o.Name, prefix)
			if err == nil && (!deeper || folder == last) {
				continue
			}
			if last = folder; !yield(folder, err) {
				return
			}
		}
	}
}

// Delete implements Bucket.
func (m *Memory) Delete(ctx context.Context, names ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range names {
		if err := CheckName(name); err != nil {
			return fmt.Errorf("delete: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("delete %s: %w", name, err)
		}
		delete(m.mu.objects, name)
	}
	return nil
}
