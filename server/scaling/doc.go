// Package scaling advises whoever makes and ends agents: how many more of a group would take what waits, and which of
// those that do nothing may go.
//
// Nouns: a Group is a rule about the agents that have an attribute; a Shape is what some waiting trials each ask for; a
// Report is how a group stands, with Advice or without. Advise is pure; a Scaler looks again and again, tells a webhook
// or runs a command, and keeps the last reports for people.
//
// The package makes and ends no agent: that is what is told's matter, which may do otherwise. It never advises to end
// an agent that has work of kaon's, or that an operator has cordoned; what other frameworks run there it does not know.
package scaling
