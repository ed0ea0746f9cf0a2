package main

import "sync/atomic"

// taken gives back the terminal of a screen that is open; nil: none is.
var taken atomic.Pointer[func()]

// leaveScreen gives back the terminal, for whoever ends the process.
func leaveScreen() {
	if leave := taken.Load(); leave != nil {
		(*leave)()
	}
}
