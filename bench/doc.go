// Package bench measures what kaon claims, as a library of Config and Run that `kaon bench` and the tests call.
//
// Pack runs the offer packer over the workloads of the field: roomy and tight clusters, equal and mixed trials, a full
// cluster, Fenzo's published mix, a million trials, a churn of fragments, a queue drained to its end, or anyone's CSV.
// Beside it, in the same process and on the same input, runs a best fit by full scan, so a result can be read as a
// ratio. Sizes measures cost against size, and Picture draws it.
//
// Random mixes for every kind of scarcity are drawn from a seed. Beside each result stands a lower bound on the
// machines, the largest of four: volumes, divisible machines, trials assigned to types of machines, and the linear
// program of configurations by column generation. peers/exact.py compares small instances with an exact solver.
//
// What is timed is one call of offers.Index.Pack: reading the index, shaping the demands, placing, the plan with all
// its grants, declines and refusals, and the write transaction. Not timed, because the scheduler does it once per offer
// or trial and not once per pass: taking offers into the index, and counting trials into demands. Runs use one
// processor, garbage collection included.
//
// Wire runs one sweep through the whole scheduler, journal with fsync and records in a folder, against simulated agents
// in another process, and fails unless every trial and point arrives. Mesos measures a cluster that is there by its own
// metrics; Kubernetes runs the same trials as kaon does and as others do, on one that is there. Local times kaon run
// beside xargs, GNU parallel, HyperQueue and Ray Tune, those that are there, in turns; Warm times shared executors
// beside one for each trial. Serve measures how fast a server answers. Search measures how far the search methods come
// on known functions, and with early stopping on a table of real trainings, which digitstable makes.
//
// The package judges nothing: it has no thresholds. It is called from one goroutine.
package bench
