package listen

import (
	"bufio"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Headers by which a client asks a server, before it shows its secret, whether the server knows it already:
// who the client is and a nonce go there, and the proof comes back. The answer is otherwise that to a
// stranger.
const (
	ProofNonce = "Kaon-Nonce"
	ProofOf    = "Kaon-Proof-Of"
	ProofGiven = "Kaon-Proof"
)

// Proof shows that a server knows a secret, without telling it. The address keeps it from being got
// elsewhere.
func Proof(secret []byte, address, nonce string) string {
	h := hmac.New(sha256.New, secret)
	fmt.Fprintf(h, "kaon proof\n%s\n%s", address, nonce)
	return hex.EncodeToString(h.Sum(nil))
}

// ErrUnproven says that nothing secret was sent: somebody else may listen there.
var ErrUnproven = errors.New("whoever listens there has not shown that it is the server that was meant")

// maxRefusal bounds the text around a proof.
const maxRefusal = 1 << 16

// proofWait is how long a server may take for it.
const proofWait = 10 * time.Second

// Demand has the other end of a fresh connection prove that it knows the secret of who: a port that became
// free may be anybody's.
func Demand(conn net.Conn, address, who string, secret []byte) error {
	nonce := rand.Text()
	req, err := http.NewRequest(http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		return err
	}
	req.Header.Set(ProofNonce, nonce)
	req.Header.Set(ProofOf, who)
	if err := conn.SetDeadline(time.Now().Add(proofWait)); err != nil {
		return err
	}
	if err := req.Write(conn); err != nil {
		return fmt.Errorf("ask %s who it is: %w", address, err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req) // nothing follows that the reader could keep
	if err != nil {
		return fmt.Errorf("ask %s who it is: %w", address, err)
	}
	defer resp.Body.Close()
	if !Same(resp.Header.Get(ProofGiven), Proof(secret, address, nonce)) {
		return fmt.Errorf("%w: %s", ErrUnproven, address)
	}
	// Beyond that the connection begins anew.
	if _, err := io.CopyN(io.Discard, resp.Body, maxRefusal); !errors.Is(err, io.EOF) {
		return fmt.Errorf("ask %s who it is: %w", address, err)
	}
	return conn.SetDeadline(time.Time{})
}

// Same compares secrets, in a time that tells neither how much of one is right nor how long it is.
func Same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
