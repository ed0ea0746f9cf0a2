package ui_test

import "testing"

// A zone that the server knows and a browser does not takes no page away.
const zoneTest = `
import { inZone } from "./format.mjs";
const at = Date.UTC(2026, 0, 31, 5, 7), utc = new Date(at).toLocaleString(undefined, { timeZone: "UTC", dateStyle: "medium", timeStyle: "short" });
if (inZone(at, "UTC") !== utc) throw new Error(inZone(at, "UTC"));
if (!/10.37/.test(inZone(at, "Asia/Kolkata"))) throw new Error(inZone(at, "Asia/Kolkata"));
for (const zone of ["localtime", "posixrules", "posix/Europe/Berlin", "Factory", "Mars/Base", ""]) if (inZone(at, zone) !== utc + " UTC") throw new Error(zone + ": " + inZone(at, zone));
`

func TestUnknownZones(t *testing.T) { runNode(t, zoneTest, "format") }
