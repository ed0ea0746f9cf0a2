package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/kaon-sweep/kaon/server/traces"
)

type traceFlags struct {
	OTLP       string  `name:"otlp" env:"OTEL_EXPORTER_OTLP_ENDPOINT" placeholder:"URL" help:"Send a trace of every trial to this collector by OTLP over HTTP, as http://localhost:4318; OTEL_EXPORTER_OTLP_HEADERS may have headers."`
	OTLPSample float64 `name:"otlp-sample" default:"1" placeholder:"PART" help:"Part of the trials that are traced, at most 1 (${default})."`
}

// headersVariable has the headers of requests to a collector; they may be secret, and so are no flag.
const headersVariable = "OTEL_EXPORTER_OTLP_HEADERS"

// exporter starts what sends traces; nil: they go nowhere.
func (f *traceFlags) exporter(log *slog.Logger) (*traces.Exporter, error) {
	if f.OTLP == "" {
		return nil, nil
	}
	e, err := traces.New(traces.Config{
		Endpoint: f.OTLP, Headers: os.Getenv(headersVariable), Sample: f.OTLPSample, Version: versionString(), Log: log,
	})
	if err != nil {
		return nil, usage(fmt.Errorf("--otlp: %w", err))
	}
	return e, nil
}
