package bucket

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// errChecksum: what was read is not what was stored.
var errChecksum = errors.New("content does not have the checksum of its record: it was damaged or replaced")

// VerifySHA256 is a reader that ends in an error instead of io.EOF when what it read has not the sum, SHA-256
// in hex.
func VerifySHA256(r io.Reader, sum string) io.Reader { return &sha256Verifier{r, sum, sha256.New()} }

type sha256Verifier struct {
	src  io.Reader
	want string
	sum  hash.Hash
}

func (c *sha256Verifier) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.sum.Write(p[:n])
	if err == io.EOF && hex.EncodeToString(c.sum.Sum(nil)) != c.want {
		return n, fmt.Errorf("%w (want %.12s…)", errChecksum, c.want)
	}
	return n, err
}
