package foreign

import (
	"fmt"
	"path"
	"regexp/syntax"

	"github.com/kaon-sweep/kaon/sweep"
)

// collector is where Katib reads metrics.
type collector struct {
	file    string // written by the program; "": its standard output
	at      *sweep.Tree
	filters []*sweep.Tree
	usual   bool        // the lines of Katib's own filter
	events  *sweep.Tree // the folder of TensorBoard's event files
}

// both redirects standard error to where Katib reads it together with standard output; empty where it reads neither.
func (c collector) both() string {
	if c.file != "" || c.events != nil {
		return ""
	}
	return " 2>&1"
}

// usualFilter reads what Katib's does: names with hyphens too, blanks around the equals sign.
const usualFilter = `([\w|-]+)\s*=\s*([+-]?\d*(?:\.\d+)?(?:[Ee][+-]?\d+)?)`

// katibCollector says where metrics come from.
func katibCollector(r *reading, o *object) (c collector) {
	c.usual = true
	if o.tree == nil {
		return c
	}
	source, kind := o.object("source"), o.object("collector")
	o.rest("it is not known what this is")
	file := source.object("fileSystemPath")
	filter := source.object("filter")
	c.filters = filter.list("metricsFormat")
	filter.rest("it is not known what this is")
	name := kind.text("kind")
	switch name {
	case "", "StdOut":
		file.idle("path", "kind", "format")
	case "File":
		c.at = file.get("path")
		c.file = "/var/log/katib/metrics.log" // Katib's default
		if c.at == nil {
			c.at = kind.get("kind")
		} else {
			c.file = c.at.Text
		}
		if kind := file.text("kind"); kind != "" && kind != "File" {
			r.leave(file.tree, file.at("kind"), "File reads one file, not a "+kind, "standard output is read")
			c.file = ""
		}
		if !path.IsAbs(c.file) && c.file != "" {
			r.refuse(c.at, file.at("path"), "the path of the file begins with /")
		}
		switch format := file.text("format"); format {
		case "JSON":
			c.usual = false
		case "", "TEXT":
		default:
			r.refuse(file.tree, file.at("format"), fmt.Sprintf("TEXT or JSON is needed, not `%s`", clipped(format)))
		}
	case "TensorFlowEvent":
		if c.events = file.get("path"); c.events == nil {
			r.refuse(kind.get("kind"), file.at("path"), "the folder of the event files is needed")
		} else if !path.IsAbs(c.events.Text) {
			r.refuse(c.events, file.at("path"), "the path of the folder begins with /")
		}
		file.idle("kind", "format")
	default:
		at := kind.get("kind")
		file.idle("path", "kind", "format")
		why := map[string]string{
			"PrometheusMetric": "Prometheus metrics of a trial are not read",
			"Custom":           "a collector of your own has no place to run",
			"None":             "with None the program reports to Katib's own service, which is not there",
			"Push":             "with Push the program reports to Katib's own service, which is not there",
		}[name]
		if why == "" {
			why = fmt.Sprintf("there is no collector `%s`", clipped(name))
		}
		r.leave(at, kind.at("kind"), why, "standard output is read")
		kind.idle("customCollector")
		source.idle("httpGet")
	}
	file.rest("it is not known what this is")
	source.rest("it is not read")
	kind.rest("it is not known what this is")
	return c
}

// write adds the filters to the task.
func (c collector) write(r *reading) {
	d := &r.task
	if c.events != nil {
		d.put(c.events, "  tensorboard: %s", quote(c.events.Text))
		return
	}
	switch {
	case len(c.filters) > 0:
		d.put(c.filters[0], "  filters:")
		for _, f := range c.filters {
			text, changed := twoGroups(f.Text)
			if changed {
				d.note("  ", "only the first two groups of the filter are kept as groups: the name and the value")
			}
			d.put(f, "  - %s", quote(text))
		}
	case c.usual:
		d.note("  ", "what Katib reads when no filter is given; lines of JSON are read besides")
		d.put(c.at, "  filters:")
		d.put(c.at, "  - %s", quote(usualFilter))
	}
}

// twoGroups makes groups behind the second ones that capture nothing, as Katib reads only two.
func twoGroups(text string) (out string, changed bool) {
	if p, err := syntax.Parse(text, syntax.Perl); err != nil || p.MaxCap() <= 2 {
		return text, false
	}
	groups, class := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			out += text[i : i+2]
			i++
			continue
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '(' && !class && (i+1 == len(text) || text[i+1] != '?'):
			if groups++; groups > 2 {
				out += "(?:"
				continue
			}
		}
		out += text[i : i+1]
	}
	return out, true
}

// tailing runs the words behind it, and prints what they write into a file to standard output meanwhile: all of it, and
// once. It needs sh, wc, tail, head and sleep.
const tailing = `f=%s; mkdir -p "$(dirname "$f")"; : > "$f"; n=0
show() {
  m=$(wc -c < "$f"); m=$((m + 0))
  if [ "$m" -lt "$n" ]; then n=0; fi
  if [ "$m" -gt "$n" ]; then tail -c "+$((n + 1))" "$f" | head -c "$((m - n))"; n=$m; fi
}
%s &
p=$!
trap 'kill -TERM $p 2>/dev/null' TERM INT
while kill -0 $p 2>/dev/null; do show; sleep 0.2; done
wait $p; code=$?
show
exit $code
`
