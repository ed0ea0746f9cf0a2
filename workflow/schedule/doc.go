// Package schedule knows when a cron expression is due in a time zone. It is pure: times go in and come out.
//
// A time of day that a zone leaves out, as when clocks are set forward, is due once, at the first instant behind the
// gap, with all others that fall into it. One that comes twice is due the first time only. An expression whose hour is
// * names no time of day but a pace: it is due whenever clocks show its minute, also in an hour that comes twice, and
// not in one that is left out.
package schedule
