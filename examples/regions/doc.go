// Command regions does the work of the steps of two workflows: workflow.yaml here, and that of examples/promote. It
// trains softmax regression on the handwritten digits of examples/digits, on whole images or on one region of them
// (north, south, west, east), and says how well that reads images it has not seen.
//
// Each subcommand is a step: split, train, validate, select, test. What a step is given comes as JSON in $KAON_PARAMS,
// what it puts out goes as JSON to $KAON_OUTPUT; a trial of a sweep reports its accuracy to $KAON_METRICS. Of the 1,797
// images three in five are there to train, one to validate and one to test, by their line; only test looks at the last.
package main
