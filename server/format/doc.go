// Package format writes numbers, sizes and names of trials for people: "2,000 trials", "1.5 MB", "trials 0-23 and the
// `then` step". What is for programs is written elsewhere, as JSON has it.
//
// Nouns: a value is a number of a metric; Sentences say the same of many trials once.
package format
