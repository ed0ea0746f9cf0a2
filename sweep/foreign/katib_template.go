package foreign

import (
	"fmt"
	"slices"
	"strings"
)

// replicaSpecs is where the training operator's jobs have the pods of each role.
var replicaSpecs = map[string]string{
	"PyTorchJob": "pytorchReplicaSpecs", "TFJob": "tfReplicaSpecs", "XGBoostJob": "xgbReplicaSpecs",
	"MXJob": "mxReplicaSpecs", "MPIJob": "mpiReplicaSpecs", "PaddleJob": "paddleReplicaSpecs",
}

// roles that speak for a job, the first that there is.
var roles = []string{"Master", "Chief", "Launcher", "Worker"}

const usualRetries = 6 // a Job's backoffLimit

// katibTemplate writes `command` and `task` from the trial's template.
func katibTemplate(r *reading, o, meta *object, names []string, c collector) {
	if o.tree == nil {
		r.refuse(meta.nearest(), "spec.trialTemplate", "the experiment has no template of its trials")
		return
	}
	o.idle("retain")
	primary, labels := o.text("primaryContainerName"), o.object("primaryPodLabels")
	if m := o.get("configMap"); m != nil {
		r.refuse(m, "spec.trialTemplate.configMap",
			"the template is in a ConfigMap of the cluster: put its text below `trialSpec`")
		o.list("trialParameters")
		o.get("successCondition")
		o.get("failureCondition")
		o.rest("it is not known what this is")
		return
	}
	job := o.object("trialSpec")
	if job.tree == nil {
		r.refuse(o.tree, "spec.trialTemplate.trialSpec", "the template has no trialSpec")
		return
	}
	t := katibParams(r, o, job.tree, meta, names)
	usualConditions(r, o)
	o.rest("it is not known what this is")
	job.get("apiVersion")
	job.idle("metadata")
	kind := job.get("kind")
	spec := job.object("spec")
	switch {
	case kind == nil:
		r.refuse(job.tree, job.at("kind"), "the template has no kind")
		return
	case kind.Text == "Job":
		pod := spec.object("template")
		katibJob(r, spec, "Never")
		katibPod(t, pod, primary, c)
	case replicaSpecs[kind.Text] != "":
		pod, restart := replica(r, spec, replicaSpecs[kind.Text], labels)
		katibJob(r, spec.object("runPolicy"), restart)
		spec.idle("cleanPodPolicy")
		spec.rest("it is not carried")
		if pod != nil {
			katibPod(t, pod, primary, c)
		}
	case kind.Text == "TrainJob":
		katibJob(r, r.object(nil, ""), "Never")
		trainJob(t, spec, c)
	default:
		r.refuse(kind, job.at("kind"),
			fmt.Sprintf("trials of the kind `%s` are not carried, only a Job, the training operator's "+
				"jobs, and a TrainJob", clipped(kind.Text)))
		return
	}
	job.rest("it is not known what this is")
}

// usualConditions passes the conditions that say that a job succeeded or failed, as kaon sees it by its exit code.
func usualConditions(r *reading, o *object) {
	for key, types := range map[string][]string{"successCondition": {"Complete", "Succeeded"},
		"failureCondition": {"Failed"}} {
		v := o.get(key)
		if v == nil {
			continue
		}
		usual := slices.ContainsFunc(types, func(kind string) bool {
			return strings.TrimSpace(v.Text) == fmt.Sprintf(`status.conditions.#(type=="%s")#|#(status=="True")#`, kind)
		})
		if !usual {
			r.leave(v, o.at(key), "a condition on a Kubernetes object: here a trial succeeds with exit code 0",
				"exit code 0 is success")
		}
	}
}

// katibJob takes the policy of a Job, or of the training operator's jobs.
func katibJob(r *reading, o *object, restart string) {
	retries, at := o.whole("backoffLimit")
	d := &r.task
	d.put(o.nearest(), "task:")
	switch {
	case at != nil:
		d.put(at, "  retries: %d", min(retries, 1000))
	case o.tree != nil && strings.HasSuffix(o.path, "trialSpec.spec"):
		d.note("  ", "a Job that names no backoffLimit is tried %d times more", usualRetries)
		d.put(o.nearest(), "  retries: %d", usualRetries)
	case restart != "Never" && restart != "":
		d.note("  ", "restartPolicy %s without a backoffLimit would try for ever", restart)
		d.put(o.nearest(), "  retries: %d", usualRetries)
	}
	if seconds, at := o.whole("activeDeadlineSeconds"); at != nil {
		d.note("  ", "of each attempt; in Kubernetes it was of all attempts together")
		d.put(at, "  timeout: %d", max(seconds, 1))
	}
	o.idle("ttlSecondsAfterFinished", "cleanPodPolicy", "manualSelector", "podReplacementPolicy")
	for _, key := range []string{"completions", "parallelism"} {
		if n, at := o.whole(key); at != nil && n != 1 {
			r.leave(at, o.at(key), fmt.Sprintf("a trial of %d pods is not carried: kaon runs one process for "+
				"each trial", n), "one is run")
		}
	}
	if strings.HasSuffix(o.path, "trialSpec.spec") {
		o.get("template")
		if restart == "Never" && o.tree.Get("template") != nil {
			o.rest("it is not carried")
		}
		return
	}
	o.rest("it is not carried")
}

// replica is the pod that speaks for a job of several roles, and its restartPolicy.
func replica(r *reading, spec *object, where string, labels *object) (pod *object, restart string) {
	all := spec.object(where)
	if all.tree == nil || len(all.tree.Pairs) == 0 {
		r.refuse(spec.nearest(), spec.at(where), "the job has no replicas")
		return nil, ""
	}
	chosen := all.tree.Pairs[0].Key.Text
	for _, role := range slices.Backward(roles) {
		if all.tree.Get(role) != nil {
			chosen = role
		}
	}
	if want := labels.text("training.kubeflow.org/replica-type"); want != "" {
		for _, p := range all.tree.Pairs {
			if strings.EqualFold(p.Key.Text, want) {
				chosen = p.Key.Text
			}
		}
	}
	if want := labels.text("training.kubeflow.org/job-role"); strings.EqualFold(want, "master") &&
		all.tree.Get("Master") != nil {
		chosen = "Master"
	}
	labels.rest("kaon cannot tell which pod this is")
	total, said := 0, []string{}
	for _, p := range all.tree.Pairs {
		role := all.object(p.Key.Text)
		n, at := role.whole("replicas")
		if at == nil {
			n = 1
		}
		total += n
		said = append(said, fmt.Sprintf("%s %d", p.Key.Text, n))
		if p.Key.Text == chosen {
			pod, restart = role.object("template"), role.text("restartPolicy")
			role.rest("it is not carried")
		}
	}
	if total > 1 {
		r.leave(all.tree, all.path, fmt.Sprintf("a trial of %d processes that find each other (%s) is not carried: "+
			"kaon runs one for each trial",
			total, strings.Join(said, ", ")), "the "+chosen+" runs alone")
	}
	return pod, restart
}

// trainJob reads the trainer of Kubeflow's TrainJob, whose image and command are those of a container.
func trainJob(t *template, spec *object, c collector) {
	r := t.r
	trainer := spec.object("trainer")
	spec.idle("managedBy", "labels", "annotations")
	if trainer.tree.Get("image") == nil {
		r.refuse(spec.nearest(), spec.at("trainer.image"), "the image comes from a runtime of the cluster: name it")
	}
	spec.idle("runtimeRef")
	if n, at := trainer.whole("numNodes"); at != nil && n > 1 {
		r.leave(at, trainer.at("numNodes"),
			fmt.Sprintf("a trial of %d nodes is not carried: kaon runs one process for each trial", n), "one is run")
	}
	if v := trainer.get("numProcPerNode"); v != nil && v.Text != "1" {
		r.leave(v, trainer.at("numProcPerNode"), "kaon starts one process for each trial", "one is started")
	}
	katibEnv(t, trainer)
	katibImage(r, trainer)
	katibResources(r, trainer.object("resourcesPerNode"))
	c.write(r)
	katibCommand(t, trainer, c)
	trainer.rest("it is not carried")
	spec.rest("it is not carried")
}
