"""Runs `true` so many times by HyperQueue's own server and one worker: local_hyperqueue.py TRIALS CPUS FOLDER."""
import os
import sys

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig

trials, cpus, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
os.makedirs(folder)
os.chdir(folder)
with LocalCluster(os.path.join(folder, "server"), WorkerConfig(cores=cpus)) as cluster:
    client = cluster.client()
    job = Job()
    for i in range(trials):
        job.program(["true", str(i)], stdout=None, stderr=None)
    client.wait_for_jobs([client.submit(job)])
