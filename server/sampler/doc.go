// Package sampler is the search of a user's own program: `method: {command: [python3, sampler.py]}`.
//
// The program is started when its first point is needed, in the folder of the spec, as the user of this process and
// with little of its environment. It reads JSON lines on standard input and answers each with one on standard output;
// docs/search.md has all of them. What it was asked, answered and told is kept, so that a fresh process, after a
// restart of kaon, hears all of it again.
//
// A Sampler is a search.Method that blocks until the program answers, for as long as the spec lets it. It is used by
// one goroutine, the scheduler's loop; Close may be called by another. It decides nothing: what the program answers is
// checked against the space, and the first wrong answer ends the search with what was wrong.
package sampler
