package ui

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"io/fs"
	"strings"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/export"
	"github.com/kaon-sweep/kaon/sweep/importance"
)

// Report is what a report shows of a sweep. Its fields are as the API answers them.
type Report struct {
	Version    string             `json:"version"` // of kaon
	Made       string             `json:"made"`    // RFC 3339
	Sweep      any                `json:"sweep"`
	Board      board.Summary      `json:"board"`
	Columns    *export.Columns    `json:"columns"`
	Curves     []export.Curve     `json:"curves"`
	Series     *export.Series     `json:"series"` // nil: it is not known
	Failures   export.Failures    `json:"failures"`
	Importance *importance.Report `json:"importance"` // nil: it is not known
	Spec       string             `json:"spec"`
}

// Write writes a report as one page that needs nothing else: no server, no network, no other file. What it shows is
// data to its script and never markup, and nothing but its own script and style may run in it.
func (r Report) Write(w io.Writer, title string) error {
	files := Files()
	script, err := bundle(files, "report.js")
	if err != nil {
		return err
	}
	var style strings.Builder
	for _, name := range []string{"tokens.css", "app.css"} {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("ui: %w", err)
		}
		style.Write(text)
	}
	data, err := json.Marshal(r) // has < > & and U+2028 as escapes, so no name ends the element it stands in
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	policy := fmt.Sprintf("default-src 'none'; img-src data:; script-src '%s'; style-src '%s'; base-uri 'none'; "+
		"form-action 'none'",
		digest(script), digest(style.String()))
	_, err = fmt.Fprintf(w, `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="%s">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>%s</title>
<style>%s</style>
</head>
<body>
<div id="app"><noscript>This report is drawn by a script.</noscript></div>
<script type="application/json" id="data">%s</script>
<script>%s</script>
</body>
</html>
`, policy, html.EscapeString(title), style.String(), data, script)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// digest names a text in a Content-Security-Policy.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
