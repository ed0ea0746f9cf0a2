// Package state knows what lies in the state folder of a sweep, or of a server of many: the names of the files, the
// journal that says what a sweep runs, and what the sweep started from. It opens no server, and most of what it reads
// may be read while one runs.
//
// Nouns: the winner of the sweep before, of a `then`; the prior is what a search started from; what is left is what the
// journal has and the results may lack; foreign is an owner who is not this process's own user.
package state
