package bench

import (
	"bytes"
	"strings"
	"testing"
)

func TestWarmReportIsWritten(t *testing.T) {
	r := WarmReport{Trials: 10, Command: "true", Ratio: 4,
		Shared: WarmRow{Seconds: 1, PerSecond: 10, Executors: 1}, Isolated: WarmRow{Seconds: 4, PerSecond: 2.5, Executors: 10}}
	var text, data bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteJSON(&data); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "warm executors: 4.0 × the trials per second") || !strings.Contains(data.String(), `"ratio": 4`) {
		t.Errorf("report\n%s\n%s", &text, &data)
	}
}
