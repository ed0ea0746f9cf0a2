// Package ui is the dashboard: pages that a browser gets from a server, and reports, which are one file that holds
// pages and results and needs no server, or the main of them as Markdown or as a picture.
//
// The pages are files below web, as a browser runs them: ES modules, one for each thing that is shown, and style
// sheets. Nothing is built before they are served. Their data comes from the API (server/api) and its event stream
// alone. web/lib holds what others have written, fetched by `make vendor-ui` and pinned by checksums.
//
// The package knows no sweeps and no callers: it hands out files, and puts data that it is given into a report. Its
// functions may be called from any goroutine.
package ui
