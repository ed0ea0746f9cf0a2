package standby

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/testkit"
)

func acquire(t *testing.T, folder, holder string) *Lease {
	t.Helper()
	l, err := Acquire(t.Context(), Config{Folder: folder, Holder: holder})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestTurns(t *testing.T) {
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		first := acquire(t, folder, "a")
		var told []string
		began := time.Now()
		next := make(chan *Lease)
		go func() {
			l, err := Acquire(t.Context(), Config{Folder: folder, Holder: "b", Wait: func(c Claim) { told = append(told, c.Holder) }})
			if err != nil {
				t.Error(err)
			}
			next <- l
		}()
		time.Sleep(5 * DefaultTTL)
		if err := first.Check(); err != nil {
			t.Fatalf("it renews, and has lost: %v", err)
		}
		first.Release()
		second := <-next
		if took := time.Since(began) - 5*DefaultTTL; took > DefaultTTL/2 {
			t.Errorf("a claim that was given back was waited for %v", took)
		}
		if fmt.Sprint(told) != "[a]" || second.Epoch() != 2 {
			t.Errorf("told of %q, epoch %d", told, second.Epoch())
		}
		if err := first.Check(); !errors.Is(err, ErrLost) {
			t.Errorf("the first says %v", err)
		}
		second.Release()
	})
}

// A holder that is stopped, and goes on later, knows by its next write that it lost; so it does when those after it have come and gone.
func TestStoppedHolderHasLost(t *testing.T) {
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		stopped := Claim{Epoch: 1, Holder: "stopped", Beat: 7} // it renews nothing
		if taken, err := stopped.make(folder); taken || err != nil {
			t.Fatal(taken, err)
		}
		asleep := &Lease{cfg: Config{Folder: folder}, claim: stopped, lost: make(chan struct{})}
		began := time.Now()
		second := acquire(t, folder, "second")
		if took := time.Since(began); took < DefaultTTL || took > 2*DefaultTTL {
			t.Errorf("it waited %v", took)
		}
		second.Release()
		third := acquire(t, folder, "third")
		if _, err := third.State(); err != nil { // tidies up
			t.Fatal(err)
		}
		if err := stopped.renew(folder); err != nil {
			t.Fatal(err)
		}
		if err := asleep.Check(); !errors.Is(err, ErrLost) {
			t.Errorf("the first says %v", err)
		}
		if err := third.Check(); err != nil {
			t.Errorf("the third says %v", err)
		}
		third.Release()
	})
}

// However early another one takes over, whoever has written and is still the holder afterwards has its write in the next one's copy.
func TestEveryAcknowledgedWriteIsTakenOver(t *testing.T) {
	const turns = 9
	folder := t.TempDir()
	var mu sync.Mutex
	acknowledged, held := map[string]bool{}, 0
	serve := func(l *Lease, some chan<- struct{}) error {
		once := sync.OnceFunc(func() { close(some) })
		defer once()
		state, err := l.State()
		if err != nil {
			return err
		}
		mu.Lock()
		held++
		for name := range acknowledged {
			if _, err := os.Stat(filepath.Join(state, name)); err != nil {
				t.Errorf("epoch %d has no %s", l.Epoch(), name)
			}
		}
		mu.Unlock()
		for i := 0; ; i++ {
			name := fmt.Sprintf("journal.db-%d-%d", l.Epoch(), i)
			if err := os.WriteFile(filepath.Join(state, name), nil, 0o600); err != nil {
				return err
			}
			if err := l.Check(); err != nil {
				return err
			}
			mu.Lock()
			acknowledged[name] = true
			mu.Unlock()
			if i == 1 {
				once()
			}
			time.Sleep(2 * time.Millisecond)
		}
	}
	var all sync.WaitGroup
	for epoch := range uint64(turns) {
		mine := Claim{Epoch: epoch + 1}
		if taken, err := mine.make(folder); taken || err != nil {
			t.Fatal(taken, err)
		}
		some := make(chan struct{})
		all.Go(func() { _ = serve(begin(Config{Folder: folder, TTL: time.Minute}, mine), some) }) // until the next claim
		if epoch%3 != 0 {                                                                         // else that comes before it has done anything
			<-some
		}
	}
	if taken, err := (Claim{Epoch: turns + 1}).make(folder); taken || err != nil {
		t.Fatal(taken, err)
	}
	all.Wait()
	mu.Lock()
	defer mu.Unlock()
	if len(acknowledged) < turns {
		t.Errorf("%d writes in %d turns", len(acknowledged), held)
	}
}

// What an ordinary server had goes along from turn to turn, but for what belongs to a machine; uploads keep their paths.
func TestStateGoesAlong(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"journal.db", "journal.db.log", "sweeps/a/depot/code.tar.zst", "folders/f/spec.yaml", "agents/x", "workflows/r/log"} {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	for n := range uint64(3) {
		l := acquire(t, folder, "one")
		state, err := l.State()
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		_ = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && filepath.Base(filepath.Dir(path)) != claimsFolder {
				rest, in := strings.CutPrefix(path, state)
				found = append(found, map[bool]string{true: "now", false: "before"}[in]+strings.TrimPrefix(rest, folder))
			}
			return nil
		})
		want := []string{"before/folders/f/spec.yaml", "now/journal.db", "now/journal.db.log", "now/sweeps/a/depot/code.tar.zst", "now/workflows/r/log"}
		if found = slices.DeleteFunc(found, func(name string) bool { return strings.HasPrefix(name, "before/epochs") }); !slices.Equal(sorted(found), want) {
			t.Errorf("turn %d has %q", n+1, found)
		}
		if Current(folder) != state {
			t.Errorf("the current state is %s", Current(folder))
		}
		if states, _ := os.ReadDir(filepath.Join(folder, epochsFolder)); len(states) > 2 {
			t.Errorf("turn %d left %d states", n+1, len(states))
		}
		l.Release()
	}
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}

func TestAcquireEndsWithItsContext(t *testing.T) {
	folder := t.TempDir()
	first := acquire(t, folder, "a")
	defer first.Release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Acquire(ctx, Config{Folder: folder}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A claim that a dying machine left in part, or that somebody damaged, keeps nobody out for good, nor lets two in.
func TestAttackDamagedClaim(t *testing.T) {
	folder := t.TempDir()
	first := acquire(t, folder, "a")
	first.Release()
	synctest.Test(t, func(t *testing.T) {
		if err := os.WriteFile(Claim{Epoch: 1}.file(folder), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		second := acquire(t, folder, "b")
		if took := time.Since(began); took < DefaultTTL || second.Epoch() != 2 {
			t.Errorf("epoch %d after %v", second.Epoch(), took)
		}
		second.Release()
	})
}

// Who waits believes in a silence that it has listened to, and in no time that it was asleep itself.
func TestWatcher(t *testing.T) {
	at := time.Unix(0, 0)
	w := &watcher{ttl: 4 * time.Second}
	claim := Claim{Epoch: 3, Beat: 1}
	w.free(claim, at)
	at = at.Add(time.Hour) // it was stopped, or the folder did not answer
	for range renewals - 1 {
		if w.free(claim, at) {
			t.Fatal("an hour in which it did not look is a silence")
		}
		at = at.Add(time.Second / 2)
	}
	if !w.free(claim, at) {
		t.Error("nobody renewed, and it is not free")
	}
	w.blind()
	if w.free(claim, at.Add(time.Hour)) {
		t.Error("it is free when nothing could be seen")
	}
	claim.Beat++
	for range 20 {
		claim.Beat++
		if at = at.Add(time.Minute); w.free(claim, at) {
			t.Fatal("it is renewed, and free")
		}
	}
	if !(&watcher{}).free(Claim{}, at) || !w.free(Claim{Epoch: 4, Released: true}, at) {
		t.Error("nobody's, or one given back, is not free")
	}
}

// Whether there was a state is not guessed: from none another server would begin anew.
func TestStateThatCannotBeSeen(t *testing.T) {
	folder := t.TempDir()
	l := acquire(t, folder, "a")
	defer l.Release()
	if err := os.WriteFile(filepath.Join(folder, epochsFolder), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := latestState(folder); err == nil {
		t.Error("a folder that cannot be read has no state")
	}
	if state, err := l.State(); err == nil {
		t.Errorf("it begins with %s", state)
	}
}

// A folder that takes no claim for a while, as when its disk is full, ends nobody who stands by: that would be just when they are needed.
func TestFolderThatTakesNoClaim(t *testing.T) {
	folder := t.TempDir()
	died := Claim{Epoch: 1, Holder: "died", Beat: 7}
	if taken, err := died.make(folder); taken || err != nil {
		t.Fatal(taken, err)
	}
	claims := filepath.Join(folder, claimsFolder)
	if err := os.Chmod(claims, 0o500); err != nil {
		t.Fatal(err)
	}
	failed, next := make(chan error, 100), make(chan *Lease)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		header, data := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
		err := unix.Capget(&header, &data[0])
		data[0].Effective &^= 1 << unix.CAP_DAC_OVERRIDE // of root
		if err = errors.Join(err, unix.Capset(&header, &data[0])); err != nil {
			t.Error(err)
		}
		l, err := Acquire(t.Context(), Config{Folder: folder, Holder: "b", TTL: 80 * time.Millisecond, Failed: func(err error) { failed <- err }})
		if err != nil {
			t.Error(err)
		}
		next <- l
	}()
	testkit.Await(t, "a try to claim", func() bool { return len(failed) > 0 })
	if err := <-failed; !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v", err)
	}
	if err := os.Chmod(claims, 0o700); err != nil {
		t.Fatal(err)
	}
	l := <-next
	if l == nil {
		t.FailNow()
	}
	if l.Epoch() != 2 || len(failed) > 0 {
		t.Errorf("epoch %d, told of %d more errors", l.Epoch(), len(failed))
	}
	l.Release()
}
