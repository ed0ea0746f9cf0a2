// Package draw draws the graph of a workflow: as text with a lane for each edge that is under way, as Mermaid and DOT
// for other programs, as SVG with a layered layout of its own, and as JSON for scripts. It is pure: a workflow in, text
// out.
package draw
