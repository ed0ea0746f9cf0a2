package transfer

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/durable"
)

// key makes the codes of one sweep's URLs.
type key []byte

const keyBytes = 32

// openKey reads the key of the last time, or makes one. It is whole or not there: a crash leaves no half.
func openKey(path string) (key, error) {
	data, err := os.ReadFile(path)
	if err == nil && len(data) == keyBytes {
		return data, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the file server's key: %w", err)
	}
	k := make(key, keyBytes)
	_, _ = rand.Read(k) // never fails
	if err := durable.Replace(path, k); err != nil {
		return nil, fmt.Errorf("keep the file server's key: %w", err)
	}
	return k, nil
}

// code is what makes a URL one that cannot be guessed: 128 bits that only who has the key can make.
func (k key) code(parts ...string) string {
	h := hmac.New(sha256.New, k)
	h.Write([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// allows compares without telling by its time how much is right.
func (k key) allows(code string, parts ...string) bool {
	return hmac.Equal([]byte(code), []byte(k.code(parts...)))
}
