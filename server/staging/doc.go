// Package staging makes ready what attempts of a sweep are given before any starts: packed code, inputs, secrets, the
// image, and how executors start in it. It refuses what could not start, and what a caller from elsewhere may not have
// of this machine.
//
// Nouns: a Stage is that of one sweep; its Place is where attempts run, as far as it matters for that; foreign is who
// is not this process's own user.
package staging
