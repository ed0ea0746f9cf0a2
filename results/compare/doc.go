// Package compare puts trials of one sweep or of several beside each other: the parameters that differ, all metrics,
// and the settings in which the specs of their sweeps differ.
//
// A Comparison has a Column for each trial and a Row for each parameter, metric and setting. The package is pure; what
// is compared, its caller reads. In the flow it stands behind the results, as importance does.
package compare
