// Package gp is Gaussian process regression for search: a kernel whose length scales, noise and mean are
// learnt from the data (Hyper, Fit), the distribution of the function where it was not measured (Posterior,
// and whole functions drawn from it: Sample), and the expected improvement that a measurement there would
// bring (LogEI).
//
// It knows vectors and numbers, and nothing of parameters, trials or sweeps; package search translates. It
// has no clock, goroutine or I/O, and the same input gives the same output.
package gp
