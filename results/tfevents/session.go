package tfevents

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// Param is a parameter of a run: its value is a float64, a bool or a string.
type Param struct {
	Name  string
	Value any
}

// Status is how a session ended, by the numbers of hparams_plugin's api.proto.
type Status uint64

// Ends of sessions.
const (
	Unknown Status = 0
	Success Status = 1
	Failure Status = 2
)

// Numbers of fields, by message of summary.proto, of hparams_plugin's plugin_data.proto, and of google.protobuf.Value.
const (
	metadataPlugin = 1
	pluginName     = 1
	pluginContent  = 2

	hparamsStart = 3
	hparamsEnd   = 4

	startParams = 1
	startGroup  = 4
	startSecs   = 5

	endStatus = 1
	endSecs   = 2

	entryKey   = 1
	entryValue = 2

	anyNumber = 2
	anyText   = 3
	anyBool   = 4
)

// SessionStart is the event that names a run's parameters on the HPARAMS page: a session of its own group.
func SessionStart(wall float64, group string, params []Param) []byte {
	var start []byte
	for _, p := range params {
		var value []byte
		switch v := p.Value.(type) {
		case float64:
			value = appendDouble(nil, anyNumber, v)
		case bool:
			value = protowire.AppendVarint(protowire.AppendTag(nil, anyBool, protowire.VarintType),
				protowire.EncodeBool(v))
		case string:
			value = appendText(nil, anyText, v)
		}
		start = appendBytes(start, startParams, appendBytes(appendText(nil, entryKey, p.Name), entryValue, value))
	}
	start = appendDouble(appendText(start, startGroup, group), startSecs, wall)
	return hparams(wall, "_hparams_/session_start_info", appendBytes(nil, hparamsStart, start))
}

// SessionEnd is the event that says how a run ended.
func SessionEnd(wall float64, how Status) []byte {
	end := protowire.AppendVarint(protowire.AppendTag(nil, endStatus, protowire.VarintType), uint64(how))
	end = appendDouble(end, endSecs, wall)
	return hparams(wall, "_hparams_/session_end_info", appendBytes(nil, hparamsEnd, end))
}

// hparams is an event of the plugin: its data are in the metadata of a value without a value.
func hparams(wall float64, tag string, content []byte) []byte {
	plugin := appendBytes(appendText(nil, pluginName, "hparams"), pluginContent, content)
	value := appendBytes(appendText(nil, valueTag, tag), valueMetadata, appendBytes(nil, metadataPlugin, plugin))
	return appendBytes(appendHead(nil, wall), eventSummary, appendBytes(nil, summaryValue, value))
}
