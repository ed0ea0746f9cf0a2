package executor

import "github.com/kaon-sweep/kaon/scheduler/executor/parse"

// collector is the task's, which never changes.
func (t *attempt) collector() *parse.Collector {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mu.collect
}

// hintAt looks at a line of standard error, which is not read for metrics, for what would have been one on
// standard output.
func (t *attempt) hintAt(c *parse.Collector, line []byte) {
	line = parse.Unescaped(line)
	m, ok, missed := c.Read(line, t.hide)
	if missed == parse.ReasonNone && (!ok || !c.Watches(m.Metrics)) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.unread.Add(parse.ReasonStderr, line, t.hide)
}
