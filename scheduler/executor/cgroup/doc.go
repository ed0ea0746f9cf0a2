// Package cgroup holds the programs that a process starts to limits of memory and cpus, each program with all
// that it starts in turn, by control groups of Linux, version 1 and 2.
//
// It makes groups only below or beside the one that its own process is in, so limits set from outside hold
// besides its own, and it never mounts anything or asks a service manager. Where it may not make groups, Open
// says why, and whoever asked has to do without.
//
// Its nouns: a hierarchy is a tree of groups that one or more controllers work on, as this process sees it; a
// Tree is the folder in which a process keeps the groups of its programs; a Group is one program's; Memory is
// what is known of a group's memory, also of the one that this process was put into by others.
//
// The executor opens one Tree and makes a Group for each attempt with limits of its own. Any goroutine may
// call. In the flow of a sweep the package stands beside the trial's process.
package cgroup
