// Package shortage tells the errors of a machine that has run out of something from all others: descriptors, processes,
// memory, disk. They are no fault of the attempt that met them, and others may give back what they took, so Retry tries
// again for a while. What a disk has to do with the failure of an attempt that ran, package disk tells.
package shortage
