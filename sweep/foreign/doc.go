// Package foreign reads experiments of other tools, and writes each as a sweep file of kaon: Katib's, NNI's,
// Determined's, operations of Guild AI's, spaces of Optuna's and Ray Tune's; and what configurations of Hydra's say of
// a sweep.
//
// Translate is pure: text in, text out. What it writes is read by the one parser, sweep.Parse, like any sweep file; so
// there is no second way to a Spec. Each line it writes knows the line of the other file that it came from, so that
// Relocate can have the parser's errors name the file that the user has. Every decision is a comment beside the key it
// led to. Nothing is left out in silence: what has no effect here is listed at the top, and what cannot be carried is a
// Part, which refuses the file unless it is to be read leniently.
//
// Draft is the text in the making, reading collects what was left out, and each file beside them reads one part of a
// format.
package foreign
