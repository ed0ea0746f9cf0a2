// Package repair mends a sweep that no process works on: it makes its journal anew from its results, or writes anew
// what the results lack and the journal knows. What was damaged is kept under another name.
//
// It is no part of the service, which refuses what is damaged and names `kaon repair`. What it cannot bring back it
// says.
package repair
