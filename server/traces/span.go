package traces

import (
	"encoding/binary"
	"slices"
	"strings"
	"time"

	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/sweep"
)

// stageNames name what a trial did in the state that it leaves.
var stageNames = map[sweep.State]string{sweep.Waiting: "queued", sweep.Launched: "launch", sweep.Running: "run"}

// stage is the span of the state that a trial leaves.
func (t *trial) stage(id trialID, n scheduler.TrialMoved) *tracev1.Span {
	t.spans++
	s := t.span(id, stageNames[n.From], t.since, n)
	s.SpanId = binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(t.root)+t.spans)
	s.ParentSpanId = t.root
	s.Attributes = append(s.Attributes, number("kaon.attempt", t.attempt))
	if n.From != sweep.Waiting && t.host != "" {
		s.Attributes = append(s.Attributes, text("host.name", t.host))
	}
	if n.From != sweep.Waiting && n.To == sweep.Waiting { // it was lost, or failed and is tried again
		s.Status = &tracev1.Status{Code: tracev1.Status_STATUS_CODE_ERROR, Message: plain(n.Reason)}
	}
	return s
}

// whole is the span of a trial that has ended.
func (t *trial) whole(id trialID, n scheduler.TrialMoved) *tracev1.Span {
	s := t.span(id, "trial", t.began, n)
	s.SpanId = t.root
	s.Attributes = append(s.Attributes, text("kaon.state", n.To.String()), number("kaon.attempts", n.Attempt))
	return s
}

func (t *trial) span(id trialID, name string, since time.Time, n scheduler.TrialMoved) *tracev1.Span {
	s := &tracev1.Span{
		TraceId: slices.Clone(t.trace), Name: name, Kind: tracev1.Span_SPAN_KIND_INTERNAL,
		StartTimeUnixNano: nanoseconds(since), EndTimeUnixNano: max(nanoseconds(n.At), nanoseconds(since)),
		Attributes: []*commonv1.KeyValue{text("kaon.sweep", id.sweep), number("kaon.trial", id.trial)},
	}
	if n.To == sweep.Failed {
		s.Status = &tracev1.Status{Code: tracev1.Status_STATUS_CODE_ERROR, Message: plain(n.Reason)}
	} else if n.Reason != "" {
		s.Attributes = append(s.Attributes, text("kaon.reason", n.Reason))
	}
	return s
}

func nanoseconds(t time.Time) uint64 { return uint64(max(t.UnixNano(), 0)) }

// plain is a text that protobuf takes.
func plain(value string) string { return strings.ToValidUTF8(value, "\uFFFD") }

func text(key, value string) *commonv1.KeyValue {
	return &commonv1.KeyValue{Key: key,
		Value: &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: plain(value)}}}
}

func number(key string, value int) *commonv1.KeyValue {
	return &commonv1.KeyValue{Key: key,
		Value: &commonv1.AnyValue{Value: &commonv1.AnyValue_IntValue{IntValue: int64(value)}}}
}
