// Package listen is how every HTTP listener of kaon is opened: with a bound on connections, headers and slow
// peers, and with the names it may be asked by, so that a web page cannot reach it by DNS rebinding. It also
// tells which user is at the other end of a connection within this machine, and has a server prove that it knows
// a secret before that is sent (proof).
//
// Who may ask for what is decided by the handlers behind it. Its functions may be called from any goroutine.
package listen
