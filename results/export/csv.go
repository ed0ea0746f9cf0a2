package export

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results"
)

type csvTable struct {
	columns []column
	out     *csv.Writer
	fields  []string
}

func newCSV(w io.Writer, columns []column) (*csvTable, error) {
	t := &csvTable{columns, csv.NewWriter(w), make([]string, len(columns))}
	for i, c := range columns {
		t.fields[i] = harmless(c.name)
	}
	return t, t.out.Write(t.fields)
}

func (t *csvTable) row(cells []any) error {
	for i, cell := range cells {
		t.fields[i] = plain(t.columns[i].kind, cell)
	}
	return t.out.Write(t.fields)
}

func (t *csvTable) close() error {
	t.out.Flush()
	return t.out.Error()
}

// plain is a cell as text. Only texts need to be made harmless: -1 in a number's column is a number.
func plain(k kind, cell any) string {
	switch v := cell.(type) {
	case int64:
		if k == instant {
			return stamp(v)
		}
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case float64:
		return results.Number(v).String()
	case bool:
		return strconv.FormatBool(v)
	case string:
		return harmless(v)
	case json.RawMessage:
		return harmless(string(v))
	}
	return ""
}

// stamp is Unix milliseconds in RFC 3339.
func stamp(millis int64) string {
	return time.UnixMilli(millis).UTC().Format("2006-01-02T15:04:05.000Z")
}

// harmless puts a ' before text that a spreadsheet would run as a formula, as OWASP advises: a trial's stderr
// must not run on the desk of whoever opens the table. Numbers stay as they are.
func harmless(s string) string {
	for _, start := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(s, start) {
			if _, err := strconv.ParseFloat(s, 64); err == nil {
				return s
			}
			return "'" + s
		}
	}
	return s
}
