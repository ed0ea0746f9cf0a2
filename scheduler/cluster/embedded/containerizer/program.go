package containerizer

import "syscall"

// program is what runs the command: a process, or a container of the task's image.
type program interface {
	ends() <-chan syscall.WaitStatus // the end, once
	signal(syscall.Signal)
	destroy() // with all that belongs to it
}

func (p *process) ends() <-chan syscall.WaitStatus { return p.done }

func (p *process) signal(sig syscall.Signal) { signalTree(p.pid, sig) }

func (p *process) destroy() { killTree(p.pid) }

func (b *dockerContainer) ends() <-chan syscall.WaitStatus { return b.done }

func (b *dockerContainer) destroy() { b.remove() }
