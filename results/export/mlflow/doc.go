// Package mlflow writes a sweep to an MLflow tracking server by its REST API: an experiment by the sweep's name, in it
// a run for the sweep, and nested in that a run for each trial that has begun, with parameters, every point of the
// attempt that counts, and how it ended.
//
// What it has written it finds again by the runs' tags, kaon.sweep and kaon.trial, so that the next export goes on from
// there: after an error, or when a sweep has run on.
package mlflow
