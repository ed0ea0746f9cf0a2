package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
	"github.com/kaon-sweep/kaon/server/client"
)

// uploadFolder brings a folder to a server, and answers its id there.
func uploadFolder(ctx context.Context, out *output, to *client.Client, folder string) (id string, err error) {
	var packed bytes.Buffer
	if err := archive.Pack(&packed, folder, filepath.Join(folder, "kaon-results"),
		filepath.Join(folder, "kaon-state")); err != nil {
		return "", usage(fmt.Errorf("pack %s for the server: %w", folder, err))
	}
	if size := packed.Len(); size > 10<<20 {
		fmt.Fprintf(out.stderr, "kaon: uploading %s (%d MB)\n", folder, size>>20)
	}
	f, err := to.Upload(ctx, packed.Bytes())
	return f.ID, answered(err)
}
