package kubernetestest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// selector says which objects of a list or watch are meant.
type selector func(Object) bool

var (
	inSet    = regexp.MustCompile(`^\s*([^\s=!<>,()]+)\s+(in|notin)\s+\(([^()]*)\)\s*$`)
	equals   = regexp.MustCompile(`^\s*([^\s=!<>,()]+)\s*(==|=|!=)\s*([^\s=!<>,()]*)\s*$`)
	presence = regexp.MustCompile(`^\s*(!?)\s*([^\s=!<>,()]+)\s*$`)
)

func labelSelector(s string) (selector, *Status) {
	var all []func(map[string]string) bool
	for _, term := range terms(s) {
		if m := inSet.FindStringSubmatch(term); m != nil {
			var set []string
			for v := range strings.SplitSeq(m[3], ",") {
				set = append(set, strings.TrimSpace(v))
			}
			all = append(all, func(labels map[string]string) bool {
				value, has := labels[m[1]]
				return (has && slices.Contains(set, value)) == (m[2] == "in")
			})
		} else if m := equals.FindStringSubmatch(term); m != nil {
			all = append(all, func(labels map[string]string) bool {
				value, has := labels[m[1]]
				return (has && value == m[3]) == (m[2] != "!=")
			})
		} else if m := presence.FindStringSubmatch(term); m != nil {
			all = append(all, func(labels map[string]string) bool {
				_, has := labels[m[2]]
				return has == (m[1] == "")
			})
		} else {
			return nil, badRequest("unable to parse requirement: found %q", term)
		}
	}
	return func(o Object) bool {
		labels := o.Labels()
		for _, match := range all {
			if !match(labels) {
				return false
			}
		}
		return true
	}, nil
}

// terms are the requirements of a selector: commas outside of parentheses are between them.
func terms(s string) (out []string) {
	deep, start := 0, 0
	for i, r := range s + "," {
		switch {
		case r == '(':
			deep++
		case r == ')':
			deep--
		case r == ',' && deep == 0:
			if term := strings.TrimSpace(s[start:i]); term != "" {
				out = append(out, term)
			}
			start = i + 1
		}
	}
	return out
}

var fields = map[string][]string{ // those that every kind has, and those of some
	"metadata.name": {""}, "metadata.namespace": {""},
	"spec.nodeName": {"pods"}, "status.phase": {"pods"}, "spec.restartPolicy": {"pods"}, "spec.schedulerName": {"pods"},
	"spec.serviceAccountName": {"pods"}, "status.podIP": {"pods"},
	"spec.unschedulable": {"nodes"}, "type": {"secrets", "events"}, "reason": {"events"},
	"involvedObject.kind": {"events"}, "involvedObject.name": {"events"}, "involvedObject.uid": {"events"},
}

func fieldSelector(k *Kind, s string) (selector, *Status) {
	var all []selector
	for _, term := range terms(s) {
		m := equals.FindStringSubmatch(term)
		if m == nil {
			return nil, badRequest("invalid selector: '%s'; can't understand '%s'", s, term)
		}
		if known := fields[m[1]]; !slices.Contains(known, "") && !slices.Contains(known, k.Resource) {
			return nil, badRequest("field label not supported: %s", m[1])
		}
		path := strings.Split(m[1], ".")
		all = append(all, func(o Object) bool {
			value := ""
			if v := o.Get(path...); v != nil {
				value = fmt.Sprint(v)
			}
			return (value == m[3]) == (m[2] != "!=")
		})
	}
	return func(o Object) bool {
		for _, match := range all {
			if !match(o) {
				return false
			}
		}
		return true
	}, nil
}
