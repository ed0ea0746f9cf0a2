// Command soak plays simulated runs full of faults for as long as it is told, and ends with 1 when a law was broken
// in one. `make soak SECONDS=30` runs it. With -seed it plays one story, shortens it when it fails, and tells it.
package main
