package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// Token is a caller that is known by a secret, of which only the hash is kept.
type Token struct {
	ID      string `json:"id" doc:"By which it is revoked."`
	Name    string `json:"name" doc:"Who uses it; owner of what is submitted with it."`
	Role    Role   `json:"role" enum:"viewer,submitter,operator,admin"`
	Created string `json:"created" doc:"RFC 3339."`
	Expires string `json:"expires,omitempty" doc:"RFC 3339; absent: never."`
	// Queues bound where the token's caller may submit.
	Queues []string `json:"queues,omitempty" doc:"That it may submit into, and those below; absent: all."`
	Hash   string   `json:"hash,omitempty" hidden:"true"` // SHA-256 of the secret, in hex
}

// Tokens are the tokens of a server, kept in a file that only its owner may read. Methods may be called from any
// goroutine.
type Tokens struct {
	file string
	mu   sync.Mutex
	all  []Token
}

// TokensFile, in a server's folder, has its tokens.
const TokensFile = "tokens.json"

// secretPrefix lets scanners of code and logs find secrets that got where they do not belong.
const secretPrefix = "kaon_"

// OpenTokens reads the tokens of a folder.
func OpenTokens(folder string) (*Tokens, error) {
	t := &Tokens{file: filepath.Join(folder, TokensFile)}
	text, err := os.ReadFile(t.file)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &t.all)
	}
	if err != nil {
		return nil, fmt.Errorf("read the tokens in %s: %w; mend the file, or move it away: then no token that there "+
			"was is good any more, and kaon token create makes others", t.file, err)
	}
	return t, nil
}

// Create makes a token and its secret, which nobody can read again. A lifetime of 0 never ends. Without queues the
// caller may submit into all.
func (t *Tokens) Create(
	name string, role Role, lifetime time.Duration, queues ...string,
) (token Token, secret string, err error) {
	secret = secretPrefix + strings.ToLower(rand.Text())
	now := time.Now().UTC()
	token = Token{ID: strings.ToLower(rand.Text()[:8]), Name: name, Role: role, Created: now.Format(time.RFC3339),
		Queues: slices.Clone(queues), Hash: hashOf(secret)}
	if lifetime > 0 {
		token.Expires = now.Add(lifetime).Format(time.RFC3339)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.write(append(slices.Clone(t.all), token)); err != nil {
		return Token{}, "", err
	}
	return token.shown(), secret, nil
}

// Revoke ends a token; false: there is none of that id.
func (t *Tokens) Revoke(id string) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(t.all), func(one Token) bool { return one.ID == id })
	if len(left) == len(t.all) {
		return false, nil
	}
	return true, t.write(left)
}

// List is all tokens, without what would help to guess their secrets.
func (t *Tokens) List() []Token {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]Token, 0, len(t.all))
	for _, one := range t.all {
		list = append(list, one.shown())
	}
	return list
}

// Find is the caller with a secret.
func (t *Tokens) Find(secret string) (Caller, bool) {
	hash, now := hashOf(secret), time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, one := range t.all {
		if listen.Same(one.Hash, hash) && !one.expired(now) {
			return Caller{Name: one.Name, Role: one.Role, Queues: one.Queues, token: one.ID}, true
		}
	}
	return Caller{}, false
}

// has says whether there still is a token of an id.
func (t *Tokens) has(id string) bool {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(t.all, func(one Token) bool { return one.ID == id && !one.expired(now) })
}

// named says whether there is a token of a name, be it good or ended.
func (t *Tokens) named(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(t.all, func(one Token) bool { return one.Name == name })
}

func (t Token) expired(now time.Time) bool {
	if t.Expires == "" {
		return false
	}
	at, err := time.Parse(time.RFC3339, t.Expires)
	return err != nil || !now.Before(at)
}

func (t Token) shown() Token {
	t.Hash = ""
	return t
}

// write replaces the file; with mu held.
func (t *Tokens) write(all []Token) error {
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := durable.Replace(t.file, append(text, '\n')); err != nil {
		return fmt.Errorf("keep the tokens: %w", err)
	}
	t.all = all
	return nil
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
