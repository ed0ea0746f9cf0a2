package main

import (
	"errors"
	"io"
	"os"
)

// writeFile creates a file and fills it.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return usage(err)
	}
	return errors.Join(write(f), f.Close())
}
