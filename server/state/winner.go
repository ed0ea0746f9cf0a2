package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/server/fault"
)

// winnerFile, in a sweep's state folder, is the winner that it started from, of one that follows another.
const winnerFile = "winner.json"

// KeepWinner writes down what a `then` sweep starts from, for a later resume.
func KeepWinner(folder string, winner *board.Winner) error {
	data, err := json.Marshal(winner)
	if err != nil {
		return err
	}
	return durable.Replace(filepath.Join(folder, winnerFile), data)
}

// ReadWinner is the winner that a `then` sweep started from; nil when it is none.
func ReadWinner(folder string) (*board.Winner, error) {
	data, err := os.ReadFile(filepath.Join(folder, winnerFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Unreachable(fmt.Errorf("read the winner that the sweep started from: %w; put winner.json of that sweep's results in its place", err))
	}
	winner := new(board.Winner)
	if err := json.Unmarshal(data, winner); err != nil {
		return nil, fault.Unreachable(fmt.Errorf("read %s, the winner that the sweep started from: %w",
			filepath.Join(folder, winnerFile), err))
	}
	return winner, nil
}
