// Package byhand runs a trial of a sweep once more without a server, as on the machine that this is: with the
// parameters, code, inputs and environment that its attempt had, in a folder of its own. What it reports goes nowhere.
package byhand
