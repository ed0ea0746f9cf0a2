package scheduler

import "github.com/kaon-sweep/kaon/results"

// ThenTrial stands for the `then` step where a trial's index is expected.
const ThenTrial = results.ThenTrial
