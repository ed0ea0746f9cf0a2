package server

import (
	"context"
	"log/slog"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/sweep"
)

// log writes what has become true into the log, for machines that read it: sweep, trial, attempt, agent, which is its
// host, and agent_id have the same names in all lines. What happens to each trial is for debugging, but for what went
// wrong.
func (s *Server) log(n scheduler.Notice) {
	level, text, attrs := logLine(n)
	if text == "" || !s.cfg.Log.Enabled(context.Background(), level) {
		return
	}
	s.cfg.Log.LogAttrs(context.Background(), level, text, attrs...)
}

// logLine is a notice as a line of the log; without a text it is none.
func logLine(n scheduler.Notice) (level slog.Level, text string, attrs []slog.Attr) {
	switch n := n.(type) {
	case scheduler.Connected:
		if n.Master == "" && n.Err == nil {
			return slog.LevelInfo, "master left", nil
		}
		if n.Master == "" {
			return slog.LevelWarn, "master lost", []slog.Attr{slog.Any("err", n.Err)}
		}
		return slog.LevelInfo, "master connected", []slog.Attr{slog.String("master", n.Master),
			slog.String("framework", string(n.Framework))}
	case scheduler.SweepStarted:
		return slog.LevelInfo, "sweep started", []slog.Attr{slog.String("sweep", n.Sweep),
			slog.Bool("resumed", n.Resumed)}
	case scheduler.SweepExtended:
		return slog.LevelInfo, "sweep extended", []slog.Attr{slog.String("sweep", n.Sweep)}
	case scheduler.SubmitRefused:
		return slog.LevelWarn, "sweep refused", []slog.Attr{slog.String("sweep", n.Sweep), slog.Any("err", n.Err)}
	case scheduler.SweepEnding:
		return slog.LevelInfo, "sweep ending", []slog.Attr{slog.String("sweep", n.Sweep),
			slog.String("reason", n.Reason)}
	case scheduler.SweepEnded:
		return slog.LevelInfo, "sweep ended", []slog.Attr{
			slog.String("sweep", n.Sweep), slog.String("state", string(n.Phase)), slog.String("reason", n.Reason),
			slog.Bool("resumed", n.Resumed),
		}
	case scheduler.SweepForgotten:
		return slog.LevelDebug, "sweep forgotten", []slog.Attr{slog.String("sweep", n.Sweep)}
	case scheduler.TrialMoved:
		level = slog.LevelDebug
		if n.To == sweep.Failed {
			level = slog.LevelWarn
		}
		return level, "trial " + n.To.String(), []slog.Attr{
			slog.String("sweep", n.Sweep), slog.Int("trial", n.Trial), slog.Int("attempt", n.Attempt),
			slog.String("agent", n.Host), slog.String("reason", n.Reason),
		}
	case scheduler.AttemptLost:
		return slog.LevelWarn, "attempt lost", []slog.Attr{
			slog.String("sweep", n.Sweep), slog.Int("trial", n.Trial), slog.Int("attempt", n.Attempt),
			slog.String("agent", n.Agent), slog.String("reason", n.Reason),
		}
	case scheduler.AgentAvoided:
		if n.Until.IsZero() {
			return slog.LevelInfo, "agent trusted again", []slog.Attr{slog.String("agent", n.Host)}
		}
		return slog.LevelWarn, "agent avoided", []slog.Attr{slog.String("agent", n.Host), slog.Time("until", n.Until),
			slog.String("reason", n.Reason)}
	case scheduler.AgentIncompatible:
		return slog.LevelWarn, "agent without an executor", []slog.Attr{slog.String("agent", n.Host),
			slog.String("architecture", n.Architecture)}
	case scheduler.Anomaly:
		return slog.LevelWarn, n.Message, []slog.Attr{slog.String("task", string(n.Task)),
			slog.String("agent_id", string(n.Agent)), slog.Any("err", n.Err)}
	case scheduler.FrameworkRejected:
		return slog.LevelWarn, "the master refuses this framework", []slog.Attr{slog.Any("err", n.Err)}
	}
	return level, "", nil
}
