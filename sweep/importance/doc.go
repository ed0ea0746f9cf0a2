// Package importance says which parameters a sweep's result depends on: functional analysis of variance over
// a random forest (fANOVA; Hutter, Hoos, Leyton-Brown 2014).
//
// A forest of regression trees is grown over the trials, in coordinates in which every parameter is spread
// evenly. A tree is constant within boxes, so the mean over all other parameters, at each value of one or of two,
// is a sum over its leaves, exactly; from these means, averaged over the trees, follows how much of the variance
// one parameter makes alone, and how much two make together beyond that. A report says besides how good
// the forest is, by trials that a tree did not see, where the best trials lie, and how the best was come by.
//
// The package is pure: no clock, goroutine or I/O, and the same trials give the same report. It knows the space
// and points; where trials come from is its caller's. In the flow it stands behind the results.
package importance
