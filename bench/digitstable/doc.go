// Digitstable makes bench/digits.table.zst: it runs examples/digits for every configuration of bench.DigitsAxes and
// every seed, and keeps how many validation images each got wrong after each epoch.
//
//	make build && go run ./bench/digitstable
//
// Twenty minutes of two cores. A run that was interrupted goes on from its work file.
package main
