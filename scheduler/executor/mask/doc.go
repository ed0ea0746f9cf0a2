// Package mask hides secrets in what a trial says: in whole texts, in JSON, and in streams that come in
// chunks, also when a chunk's end cuts a secret in two.
//
// Whole values are looked for, single lines of values that have several, however their characters are written
// into JSON, and with what terminals do not show in between; other encodings are not guessed. It is pure. A
// Secrets never changes, so streams may share it; a Stream belongs to one goroutine. nil Secrets hide nothing.
package mask
