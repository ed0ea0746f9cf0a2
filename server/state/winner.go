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
	path := filepath.Join(folder, winnerFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	winner := new(board.Winner)
	if err == nil {
		err = json.Unmarshal(data, winner)
	}
	if err != nil {
		return nil, fault.Unreachable(fmt.Errorf("read %s, the winner that the sweep started from: %w; %s", path, err,
			otherWinner))
	}
	return winner, nil
}

const otherWinner = "put winner.json of that sweep's results in its place"

// NoWinner is why a `then` sweep cannot be read back whose state folder has no winner.
func NoWinner(folder string) error {
	return fault.Unreachable(fmt.Errorf("%s, the winner that the sweep started from, is not there: %s",
		filepath.Join(folder, winnerFile), otherWinner))
}
