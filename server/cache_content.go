package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
	"github.com/kaon-sweep/kaon/sweep"
)

// contents are the contents of files and folders by their paths: each is read once, however often it is named.
type contents map[string]string

// named are the files that a command names by absolute paths, which lie in no folder that is looked at. Those are left
// out, with a doubt, that are too large together to be read for each plan.
func (c contents) named(ctx context.Context, command sweep.Command) (all [][2]string, doubts []string, err error) {
	words := append([]string{command.Program}, command.Argv...)
	words = append(words, strings.FieldsFunc(command.Shell, func(r rune) bool {
		return strings.ContainsRune(" \t\n\"'`;|&<>(){}=,", r)
	})...)
	left, seen := int64(archive.MaxBytes), map[string]bool{}
	for _, word := range words {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if !filepath.IsAbs(word) || seen[word] && c[word] == "" {
			continue
		}
		if !seen[word] {
			seen[word] = true
			info, err := os.Stat(word)
			switch {
			case err != nil || !info.Mode().IsRegular():
				continue
			case info.Size() > left:
				doubts = append(doubts, fmt.Sprintf("%s is known by its name alone: of the files that the command "+
					"names %d MB together are read",
					word, archive.MaxBytes>>20))
				continue
			}
			if _, err := c.of(ctx, word); err != nil {
				continue // it is not ours to read
			}
			left -= info.Size()
		}
		all = append(all, [2]string{word, c[word]})
	}
	return all, doubts, ctx.Err()
}

// of is the SHA-256 of a file, or names the content of a folder.
func (c contents) of(ctx context.Context, path string) (string, error) {
	if sum, ok := c[path]; ok {
		return sum, nil
	}
	info, err := os.Stat(path)
	var sum string
	switch {
	case err != nil:
		return "", err
	case info.IsDir():
		sum, err = archive.Digest(path)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is neither a file nor a folder", path)
	default:
		sum, err = sumOf(ctx, path, info.Size())
	}
	if err == nil {
		c[path] = sum
	}
	return sum, err
}

// sumOf is the SHA-256 of a file's first bytes: of all that it had when it was looked at, also if it grows meanwhile.
func sumOf(ctx context.Context, path string, size int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h, in := sha256.New(), io.LimitReader(f, size)
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		const atOnce = 8 << 20
		if _, err := io.CopyN(h, in, atOnce); err == io.EOF {
			return hex.EncodeToString(h.Sum(nil)), nil
		} else if err != nil {
			return "", err
		}
	}
}
