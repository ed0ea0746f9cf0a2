package standby

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Claim is what a holder says of itself, kept in a file.
type Claim struct {
	Epoch    uint64 `json:"epoch"`
	Holder   string `json:"holder"`             // host and process, for people
	Beat     uint64 `json:"beat"`               // rises with each renewal
	Released bool   `json:"released,omitempty"` // the holder has ended, and nobody need wait
}

// claimsFolder, in the shared folder, has a file for each claim.
const claimsFolder = "claims"

// width has names in the order of numbers.
const width = 20

func (c Claim) file(folder string) string {
	return filepath.Join(folder, claimsFolder, fmt.Sprintf("%0*d", width, c.Epoch))
}

// newestEpoch is the highest number that was claimed; 0: none.
func newestEpoch(folder string) (epoch uint64, err error) {
	names, err := os.ReadDir(filepath.Join(folder, claimsFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	for _, one := range names {
		if n, err := strconv.ParseUint(one.Name(), 10, 64); err == nil && len(one.Name()) == width {
			epoch = max(epoch, n)
		}
	}
	return epoch, err
}

// newest is the claim with the highest number; none: its Epoch is 0.
func newest(folder string) (c Claim, err error) {
	for {
		epoch, err := newestEpoch(folder)
		if err != nil || epoch == 0 {
			return Claim{}, err
		}
		data, err := os.ReadFile(Claim{Epoch: epoch}.file(folder))
		if errors.Is(err, fs.ErrNotExist) { // there is a newer one, whose holder has tidied up
			continue
		}
		if err != nil {
			return Claim{}, err
		}
		// of a machine that died, its file system may have kept a part; its number stands
		if json.Unmarshal(data, &c) != nil {
			c = Claim{Holder: "a server whose claim is damaged"}
		}
		c.Epoch = epoch
		return c, nil
	}
}

// make claims an epoch, unless somebody has: the claim is there at once and whole.
func (c Claim) make(folder string) (taken bool, err error) {
	if err := os.MkdirAll(filepath.Join(folder, claimsFolder), 0o700); err != nil {
		return false, err
	}
	err = c.place(folder, os.Link, (*os.File).Sync)
	if errors.Is(err, fs.ErrExist) {
		return true, nil
	}
	return false, err
}

// renew writes the claim anew. It need not be durable: a machine that dies renews no more.
func (c Claim) renew(folder string) error {
	return c.place(folder, os.Rename, func(*os.File) error { return nil })
}

func (c Claim) place(folder string, by func(from, to string) error, settle func(*os.File) error) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Join(folder, claimsFolder), ".claim-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err = f.Write(append(data, '\n')); err == nil {
		err = settle(f)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = by(f.Name(), c.file(folder))
	}
	return err
}

// abandoned is how old what is half written of a claim must be to be somebody's who died.
const abandoned = time.Hour

// forget removes claims below an epoch, and what those left that died while they wrote one.
func forget(folder string, below uint64) {
	names, err := os.ReadDir(filepath.Join(folder, claimsFolder))
	if err != nil {
		return
	}
	for _, one := range names {
		n, err := strconv.ParseUint(one.Name(), 10, 64)
		old := err == nil && n < below
		if info, err := one.Info(); err == nil && strings.HasPrefix(one.Name(), ".claim-") {
			old = time.Since(info.ModTime()) > abandoned
		}
		if old {
			_ = os.Remove(filepath.Join(folder, claimsFolder, one.Name()))
		}
	}
}
