package results

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// errSum: what was read is not what was stored.
var errSum = errors.New("content does not have the checksum of its record: it was damaged or replaced")

// Checked is a reader that ends in an error instead of io.EOF when what it read has not the sum, SHA-256 in hex.
func Checked(r io.Reader, sum string) io.Reader { return &checked{r, sum, sha256.New()} }

type checked struct {
	src  io.Reader
	want string
	sum  hash.Hash
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.sum.Write(p[:n])
	if err == io.EOF && hex.EncodeToString(c.sum.Sum(nil)) != c.want {
		return n, fmt.Errorf("%w (want %.12s…)", errSum, c.want)
	}
	return n, err
}
