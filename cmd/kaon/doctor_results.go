package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
)

// largestSkew is how far clocks may be apart before the doctor warns; S3 refuses requests from 15 minutes on.
const (
	largestSkew = 5 * time.Second
	brokenSkew  = 10 * time.Minute
)

// results checks that what sweeps write can be written and read.
func (c *doctorFlags) results(ctx context.Context, f *findings) {
	if folder := folderOf(c.Results); folder != "" {
		before := len(f.list)
		checkSpace(f, "folder", folder)
		if f.list[before].Verdict == verdictFail {
			return
		}
		if present(folder) != folder {
			f.add("write and read", verdictInfo, "", "%s is not there yet: the first sweep makes it", folder)
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	b, err := openBucket(ctx, c.Results, nil)
	if err != nil {
		f.add("open", verdictFail, "look at the address, the region and the credentials: docs/operate.md, "+
			"Results in S3", "%v", err)
		return
	}
	name := "doctor/" + strings.ToLower(rand.Text())
	text := []byte("kaon doctor was here\n")
	if err := b.Put(ctx, name, bytes.NewReader(text)); err != nil {
		f.add("write and read", verdictFail,
			"the place has to be writable: s3:PutObject on the prefix, or the folder's owner and mode", "%v", err)
		return
	}
	got, err := bucket.ReadObject(ctx, b, name, 1<<10)
	switch {
	case err != nil:
		f.add("write and read", verdictFail, "s3:GetObject on the prefix is needed, too", "%v", err)
	case !bytes.Equal(got, text):
		f.add("write and read", verdictFail, "find what stands between this machine and the store",
			"what was written is read as something else")
	default:
		f.add("write and read", verdictOK, "", "%s", absolutePlace(c.Results))
	}
	checkList(ctx, f, b, name)
	if s, ok := bucket.SignerOf(b); ok {
		checkConditional(ctx, f, s, name, text)
	}
	err = b.Delete(ctx, name)
	f.when(err != nil, verdictWarn, "delete", "s3:DeleteObject on the prefix is needed for kaon rm and gc", "%s",
		orError("what was written is gone again", err))
}

// checkList looks whether an object that was just written is listed.
func checkList(ctx context.Context, f *findings, b bucket.Bucket, name string) {
	found := false
	for o, err := range b.List(ctx, "doctor/") {
		if err != nil {
			f.add("list", verdictFail, "it has to be readable: s3:ListBucket on the prefix, or the folder's owner "+
				"and mode", "%v", err)
			return
		}
		found = found || o.Name == name
	}
	text := "what was written is listed at once"
	if !found {
		text = "what was written is not listed at once"
	}
	f.when(!found, verdictFail, "list", "use a store that lists what it has just taken", "%s", text)
}

// checkConditional tries whether the store keeps an object from being written twice, and what its clock says.
func checkConditional(ctx context.Context, f *findings, s bucket.Signer, name string, text []byte) {
	sum := md5.Sum(text)
	signed, err := s.SignPut(ctx, name, int64(len(text)), base64.StdEncoding.EncodeToString(sum[:]), time.Minute)
	if err != nil {
		f.add("conditional writes", verdictWarn, "", "not tried: %v", err)
		return
	}
	rq, err := http.NewRequestWithContext(ctx, http.MethodPut, signed.URL, bytes.NewReader(text))
	if err != nil {
		f.add("conditional writes", verdictWarn, "", "not tried: %v", err)
		return
	}
	for key, value := range signed.Headers {
		rq.Header.Set(key, value)
	}
	rq.Header.Set("If-None-Match", "*")
	rs, err := http.DefaultClient.Do(rq)
	if err != nil {
		f.add("conditional writes", verdictWarn, "", "not tried: %v", errors.Unwrap(err))
		return
	}
	defer rs.Body.Close()
	// The object is there.
	f.when(rs.StatusCode != http.StatusPreconditionFailed, verdictWarn, "conditional writes",
		"kaon needs none today; a store that has them keeps two servers apart",
		"a second write of one name is answered %s", rs.Status)
	checkClock(f, "store", rs.Header.Get("Date"), time.Now())
}

// checkClock compares this machine's clock with that of a server.
func checkClock(f *findings, whose, date string, now time.Time) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	skew := now.Sub(at).Truncate(time.Second) // a Date has no fraction of a second
	remedy := "let chronyd or systemd-timesyncd set the clock: timedatectl set-ntp true"
	switch {
	case skew.Abs() >= brokenSkew:
		f.add("clock", verdictFail, remedy, "%v from that of the %s: signatures are refused", skew, whose)
	default:
		f.when(skew.Abs() > largestSkew, verdictWarn, "clock", remedy, "%v from that of the %s", skew, whose)
	}
}
