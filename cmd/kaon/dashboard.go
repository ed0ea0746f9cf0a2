package main

import (
	"fmt"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/ui"
)

// showDashboard has the process of one sweep answer the browser that it opens, until end is called. A sweep runs as
// well where nothing can be shown.
func (r *runner) showDashboard(s *server.Server, id string) (end func()) {
	pages := &loopback{}
	a, err := api.New(api.Config{
		Server: s, Bucket: r.bucket, Folder: r.flags.state(id), Place: absolutePlace(r.flags.Results),
		Version: versionString(), Log: r.log,
		UI: ui.Handler(), Browser: pages.open,
	})
	if err != nil {
		fmt.Fprintf(r.out.stderr, "kaon: warning: the dashboard cannot be shown: %v\n", err)
		return func() {}
	}
	pages.handler = a.Handler()
	r.serving.Store(a)
	login, err := a.OwnLogin()
	if err == nil {
		link := loginLink(login.Address, login.Code, "/sweeps/"+id)
		fmt.Fprintf(r.out.stderr, "kaon: dashboard: %s\n", link)
		err = openBrowser(link)
	}
	if err != nil {
		fmt.Fprintf(r.out.stderr, "kaon: warning: the dashboard cannot be opened: %v\n", err)
	}
	return func() {
		r.serving.Store(nil)
		pages.close()
		_ = a.Close() // its log is written line by line
	}
}
