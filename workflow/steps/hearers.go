package steps

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// CheckHears refuses a message for a step of a type that hears nothing, or that is for nothing within it.
func CheckHears(kind, key, to string) error {
	t, known := Named(kind)
	h, hears := t.(Hearer)
	if !known || !hears {
		return fmt.Errorf("%s hears no messages: those that do are steps of the types %s", ofType(kind, key),
			strings.Join(hearers(), ", "))
	}
	switch within := h.Within(); {
	case within == Whole && to != "":
		return fmt.Errorf("%s has nothing within it: send the message to %s", ofType(kind, key), key)
	case within == OfTrial && !isTrial(to):
		return fmt.Errorf("%s has trials, one of which a message is for: send it to %s/0, or %s/then, for instance",
			ofType(kind, key), key, key)
	case within == OfStep && to == "":
		return fmt.Errorf("%s has steps, one of which a message is for: send it to %s/STEP", ofType(kind, key), key)
	}
	return nil
}

func ofType(kind, key string) string {
	if kind == "" {
		return "step " + key + ", which does nothing,"
	}
	return fmt.Sprintf("step %s, of type %s,", key, kind)
}

// hearers are the types whose steps hear messages.
func hearers() (names []string) {
	for _, t := range all {
		if _, ok := t.(Hearer); ok {
			names = append(names, t.About().Name)
		}
	}
	slices.Sort(names)
	return names
}

func isTrial(text string) bool {
	n, err := strconv.Atoi(text)
	return text == "then" || err == nil && n >= 0
}
