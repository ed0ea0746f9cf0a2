// Package killtest runs a real sweep with real processes while scheduler, master, agents and executors die by SIGKILL at
// random moments, again and again, and compares what is left in the bucket with an undisturbed run of the same sweep.
//
// It has no code of its own to import: kaon is built and run as users run it. One seed draws who dies and when; the
// machine's own timing is not in its hand, so a seed tells a failing story again only roughly.
package killtest
