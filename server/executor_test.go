package server

import (
	"strings"
	"testing"
)

// A kaon that is linked with the machine's libraries would not start in an image that has none.
func TestImagesNeedAStaticKaon(t *testing.T) {
	if err := needStatic("/bin/sh"); err == nil || !strings.Contains(err.Error(), "CGO_ENABLED=0") {
		t.Errorf("/bin/sh passes for static: %v", err)
	}
}
