// Package plan says what a sweep would do before it does: its first points and commands, what they ask for, what it may
// take at most, how many trials early stopping spares, and, given what a server has, when it would start and end. It
// computes from specs alone, and starts and asks nobody.
//
// Nouns: a Plan is the whole answer, the JSON of `kaon plan`; a demand is what trials ask for; infeasible are those
// that fit no agent; a span is a time with its uncertainty.
package plan
