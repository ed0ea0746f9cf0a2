// Package mlflow lets programs that log to MLflow run as trials as they are: with their metrics among kaon's, and what
// they log besides in the trial's artifacts.
//
// A Server is one listener on the loopback of an executor, and each attempt is a Tracking at an address of its own,
// whose path holds a token. It answers what MLflow's clients ask a tracking server: experiments, runs, logged models
// and a model registry, all in memory, bounded, and gone with the attempt. What is logged as a metric is handed on as a
// line as the metrics file has it, before the client gets its answer; so nothing that a client was told of is lost with
// a killed program.
//
// Why a server and not a folder: the REST interface is the one that MLflow documents and that its clients in other
// languages speak, and it has been the same through versions 1 to 3. A store of files is refused by version 3 unless
// one asks for it.
//
// A Tracking may be asked from any goroutine. In the flow it stands beside a trial's metrics file.
package mlflow
