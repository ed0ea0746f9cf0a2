// Package standby has one of several servers over a shared folder work at a time, and another take over when that one
// dies.
//
// Who may work is settled by claims: files that are made once and for all under rising numbers, called epochs. The
// newest claim holds. Its holder renews it; those who wait take the next number when it was not renewed for a while by
// their own clocks, which need not agree. Each epoch has a folder of state of its own, begun as a copy of the former
// one, so that what a former holder still writes, who was only slow, stopped or cut off, goes where nobody looks. A
// holder asks behind each durable write whether it still is one, before it tells anybody of what it wrote: what was
// told before another's claim is in the copy.
package standby
