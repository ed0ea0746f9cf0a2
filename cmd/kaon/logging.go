package main

import (
	"io"
	"log/slog"
)

// newLog writes log lines for people who look for trouble; "none" discards them.
func newLog(w io.Writer, level string) *slog.Logger {
	if level == "none" {
		return slog.New(slog.DiscardHandler)
	}
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelError
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: l}))
}
