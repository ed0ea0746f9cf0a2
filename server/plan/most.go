package plan

import (
	"github.com/kaon-sweep/kaon/sweep"
)

// Most is what a sweep may take at most, as far as its spec bounds it.
type Most struct {
	Parallel    int      `json:"parallel,omitempty"`     // trials at once; absent: as many as the cluster holds
	WallSeconds *float64 `json:"wall_seconds,omitempty"` // from its first launch; absent: not bounded
	CPUHours    *float64 `json:"cpu_hours,omitempty"`    // that its trials ask for; absent: not bounded
}

// mostOf is by limits.wall, and by what attempts of trials may take. What the cluster loses and what people run again
// comes on top.
func mostOf(spec *sweep.Spec) (m Most, err error) {
	need, err := Largest(spec)
	if err != nil {
		return m, err
	}
	cpus, trials := units(need.CPUs), float64(spec.Trials)
	m.Parallel = spec.Limits.Parallel
	bound := func(hours float64) {
		if m.CPUHours == nil || hours < *m.CPUHours {
			m.CPUHours = &hours
		}
	}
	attempt := spec.Task.Timeout
	if budget := spec.Limits.TrialTime; budget > 0 && (attempt == 0 || budget < attempt) {
		attempt = budget
	}
	if attempt > 0 {
		bound(trials * float64(1+spec.Task.Retries) * cpus * attempt.Hours())
	}
	if wall := spec.Limits.Wall; wall > 0 {
		seconds := wall.Seconds()
		m.WallSeconds = &seconds
		atOnce := trials
		if m.Parallel > 0 {
			atOnce = min(atOnce, float64(m.Parallel))
		}
		bound(atOnce * cpus * (wall + spec.Task.Grace).Hours())
	}
	return m, nil
}
