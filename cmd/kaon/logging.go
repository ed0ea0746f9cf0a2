package main

import (
	"io"
	"log/slog"
)

// newLog writes log lines for people who look for trouble, or as JSON for machines; "none" discards them.
func newLog(w io.Writer, level, format string) *slog.Logger {
	if level == "none" {
		return slog.New(slog.DiscardHandler)
	}
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelError
	}
	options := &slog.HandlerOptions{Level: l}
	if format == logJSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// The formats of the log.
const (
	logText = "text"
	logJSON = "json"
)
