// Package wandb lets programs that log to W&B run as trials as they are: without an account, a key or a network, with
// the trial's parameters in wandb.config, and with what they log among kaon's metrics.
//
// It is a few Python files, which Install puts into the sandbox once for all attempts of an executor, and the variables
// that make a program load them (Environment). sitecustomize.py is loaded whenever a Python starts, so it only waits
// for an import; kaon_wandb.py then writes what is logged to $KAON_METRICS. kaon_nni.py, kaon_optuna.py and kaon_ray.py
// do the same for programs of NNI, Optuna and Ray Tune; kaon_mlflow.py keeps programs from tracking servers of MLflow
// that are not there. kaon_hook.py is what they share. It is pure but for Install. In the flow it stands before a
// trial's process.
package wandb
