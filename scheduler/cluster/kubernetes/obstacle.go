package kubernetes

import (
	"strings"
	"time"
)

// obstacle is what keeps a pod from running; the zero one is nothing.
type obstacle struct {
	kind     string // one of another kind has its patience from when it came
	why      string // for people
	patience time.Duration
}

// blockade is how long something has stood in a pod's way.
type blockade struct {
	kind  string
	since time.Time
}

// lasts is for how long what stands in the way now has. What did before it is not counted.
func (b *blockade) lasts(o obstacle, now time.Time) time.Duration {
	if b.kind != o.kind {
		*b = blockade{o.kind, now}
	}
	return now.Sub(b.since)
}

const (
	imageWait   = 60 * time.Second // for an image that is not to be had: registries have their moments
	configWait  = 10 * time.Second // for what else stands in a container's way
	wrongStates = "ErrImagePull ImagePullBackOff InvalidImageName ErrImageNeverPull CreateContainerConfigError " +
		"CreateContainerError RunContainerError RegistryUnavailable ImageInspectError CreatePodSandboxError"
)

// obstacle says what keeps a pod that has a node from running, by the status of its containers.
func (p *pod) obstacle() obstacle {
	for _, list := range [][]containerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for _, c := range list {
			w := c.State.Waiting
			if w == nil || !strings.Contains(wrongStates, w.Reason) || w.Reason == "" {
				continue
			}
			why, text := w.Reason+": "+w.Message, strings.ToLower(w.Message)
			switch {
			case w.Reason == "InvalidImageName", w.Reason == "ErrImageNeverPull", strings.Contains(text, "not found"),
				strings.Contains(text, "manifest unknown"):
				return obstacle{"image", why, 0}
			case strings.Contains(w.Reason, "Image"):
				return obstacle{"image", why, imageWait}
			}
			return obstacle{"container", why, configWait}
		}
	}
	return obstacle{}
}
