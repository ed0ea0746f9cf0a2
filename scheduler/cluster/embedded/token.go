package embedded

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/containerizer"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// tokenVariable is where an executor finds its token, as on Mesos with --authenticate_http_executors.
const tokenVariable = "MESOS_EXECUTOR_AUTHENTICATION_TOKEN"

// proofVariable tells kaon's executors that this agent, other than Mesos's, proves on demand that it made
// their tokens.
const proofVariable = "KAON_AGENT_PROVES"

// tokenKey makes the tokens of one agent's executors: JSON web tokens signed by HMAC-SHA-256, as Mesos's are.
type tokenKey []byte

const tokenKeyBytes = 32

// openTokenKey reads an agent's key of its former life, whose executors may still run, or makes one. Only its
// owner may read it.
func openTokenKey(folder *containerizer.Folder) (tokenKey, error) {
	const name = "key"
	b, err := folder.Read(name)
	if err == nil && len(b) == tokenKeyBytes {
		return b, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the key of executors' tokens: %w", err)
	}
	key := make(tokenKey, tokenKeyBytes)
	_, _ = rand.Read(key) // never fails
	if err := folder.Write(name, key); err != nil {
		return nil, fmt.Errorf("keep the key of executors' tokens: %w", err)
	}
	return key, nil
}

// tokenHeader is the only one that is made or believed: {"alg":"HS256","typ":"JWT"}.
const tokenHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

var tokenText = base64.RawURLEncoding

// identify returns the environment variables by which an executor shows its agent who it is.
func (k tokenKey) identify(c protocol.Claims) map[string]string {
	return map[string]string{tokenVariable: k.sign(c), proofVariable: "1"}
}

func (k tokenKey) sign(c protocol.Claims) string {
	body, err := json.Marshal(c)
	if err != nil {
		panic(fmt.Sprintf("encode claims: %v", err)) // three strings cannot fail
	}
	text := tokenHeader + "." + tokenText.EncodeToString(body)
	return text + "." + tokenText.EncodeToString(k.sum(text))
}

// secretOf is what only an executor knows besides this agent: the signature of its claims.
func (k tokenKey) secretOf(claims string) []byte {
	return []byte(tokenText.EncodeToString(k.sum(claims)))
}

func (k tokenKey) sum(text string) []byte {
	h := hmac.New(sha256.New, k)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// verify reads a token of this agent's. The time it takes does not tell how much of a wrong one is right.
func (k tokenKey) verify(token string) (protocol.Claims, bool) {
	at := strings.LastIndexByte(token, '.')
	if at < 0 {
		return protocol.Claims{}, false
	}
	sum, err := tokenText.DecodeString(token[at+1:])
	body, ours := strings.CutPrefix(token[:at], tokenHeader+".")
	if err != nil || !ours || !hmac.Equal(sum, k.sum(token[:at])) {
		return protocol.Claims{}, false
	}
	text, err := tokenText.DecodeString(body)
	var c protocol.Claims
	if err != nil || json.Unmarshal(text, &c) != nil {
		return protocol.Claims{}, false
	}
	return c, true
}
