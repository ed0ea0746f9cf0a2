package containerizer

import "syscall"

// program is what runs a command task: a process, or a container of the task's image.
type program interface {
	ends() <-chan syscall.WaitStatus // the end, once
	signal(syscall.Signal)
	destroy() // with all that belongs to it
}
