// Package environ is the environment of a program that is about to start, as a list of NAME=VALUE that keeps its order.
//
// The kernel takes such a list, and a name that stands in it twice is read as the first by some programs and as the
// last by others: a List has every name once.
package environ
