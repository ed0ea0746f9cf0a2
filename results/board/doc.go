// Package board reduces the records of a sweep to what people ask: counts, the best trial, the ranking, the
// Pareto front, curves, the detail of each trial, and the winner's manifest.
//
// Board.Fold takes records in any order, any number of times and however they were cut up, and gives the same
// board. The package does no I/O and has no clock; package store makes a board from a bucket.
package board
