package server

import (
	"context"
	"errors"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// broken is a driver with a fault.
type broken struct{}

func (broken) Run(context.Context, func(...cluster.Event)) error { panic("run") }
func (broken) Send(context.Context, cluster.Call) error          { panic("send") }

// The scheduler calls its driver on goroutines of its own, where a panic would end the process as Go does.
func TestPanicOfDriverIsAnError(t *testing.T) {
	var c *crash.Panic
	d := guardedDriver{broken{}}
	if err := d.Run(t.Context(), nil); !errors.As(err, &c) || c.Value != "run" {
		t.Errorf("run: %v", err)
	}
	if err := d.Send(t.Context(), nil); !errors.As(err, &c) || c.Value != "send" {
		t.Errorf("send: %v", err)
	}
}
