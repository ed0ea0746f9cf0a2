package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Cron is a cron expression of five fields in a zone.
type Cron struct {
	text                                string
	zone                                *time.Location
	minutes, hours, days, months, weeks uint64 // bit n: n is in the field
	anyDay, anyWeek                     bool   // the field is *, and does not choose
	everyHour                           bool   // the hour is *
}

// field is one of the five.
type field struct {
	noun        string
	least, most int
	names       []string // of least, least+1, …; nil: none
}

var fields = []field{
	{noun: "minute", most: 59},
	{noun: "hour", most: 23},
	{noun: "day of the month", least: 1, most: 31},
	{noun: "month", least: 1, most: 12, names: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP",
		"OCT", "NOV", "DEC"}},
	{noun: "day of the week", most: 7, names: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}},
}

var macros = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
	"@monthly": "0 0 1 * *",
	"@yearly":  "0 0 1 1 *", "@annually": "0 0 1 1 *",
}

const longest = 200 // bytes of an expression

// Parse reads an expression: minute, hour, day of the month, month, day of the week, each *, a number, a range, a list
// or with a step; or one of @hourly, @daily, @weekly, @monthly, @yearly. When both kinds of day are restricted, either
// will do.
func Parse(text string, zone *time.Location) (*Cron, error) {
	if len(text) > longest {
		return nil, fmt.Errorf("it has %d bytes, and %d are allowed", len(text), longest)
	}
	c := &Cron{text: strings.Join(strings.Fields(text), " "), zone: zone}
	expression := c.text
	if strings.HasPrefix(expression, "@") {
		known := macros[strings.ToLower(expression)]
		if known == "" {
			return nil, fmt.Errorf("there is no `%s`: write @hourly, @daily, @weekly, @monthly, @yearly or five fields",
				expression)
		}
		expression = known
	}
	words := strings.Fields(expression)
	if len(words) != len(fields) {
		return nil, fmt.Errorf("it has %d fields: write five, minute, hour, day of the month, month, day of the "+
			"week, as in \"30 2 * * *\"", len(words))
	}
	sets := []*uint64{&c.minutes, &c.hours, &c.days, &c.months, &c.weeks}
	for i, f := range fields {
		set, err := f.parse(words[i])
		if err != nil {
			return nil, err
		}
		*sets[i] = set
	}
	if c.weeks&(1<<7) != 0 { // 7 is Sunday, too
		c.weeks = c.weeks&^(1<<7) | 1
	}
	c.everyHour, c.anyDay, c.anyWeek = words[1] == "*", strings.HasPrefix(words[2], "*"),
		strings.HasPrefix(words[4], "*")
	if c.anyWeek && !c.possible() {
		return nil, fmt.Errorf("no month that it names has such a day")
	}
	return c, nil
}

// possible says whether a day of the month is in one of the months.
func (c *Cron) possible() bool {
	for month := time.January; month <= time.December; month++ {
		last := time.Date(2024, month+1, 0, 0, 0, 0, 0, time.UTC).Day() // of a leap year
		if has(c.months, int(month)) && c.days&(1<<(last+1)-1) != 0 {
			return true
		}
	}
	return false
}

// parse reads a list of ranges with steps.
func (f field) parse(text string) (set uint64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		span, step, stepped := strings.Cut(part, "/")
		every := 1
		if stepped {
			if every, err = strconv.Atoi(step); err != nil || every < 1 || every > f.most {
				return 0, fmt.Errorf("%s: `%s` is no step from 1 to %d", f.noun, step, f.most)
			}
		}
		first, last := f.least, f.most
		if f.noun == "day of the week" {
			last = 6
		}
		if span != "*" {
			from, to, ranged := strings.Cut(span, "-")
			if first, err = f.number(from); err != nil {
				return 0, err
			}
			switch {
			case ranged:
				if last, err = f.number(to); err != nil {
					return 0, err
				}
			case !stepped:
				last = first
			}
			if last < first {
				return 0, fmt.Errorf("%s: `%s` goes backward: write %s-%d,%d-%s", f.noun, span, from, f.most,
					f.least, to)
			}
		}
		for n := first; n <= last; n += every {
			set |= 1 << n
		}
	}
	return set, nil
}

func (f field) number(text string) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(name, text) {
			return f.least + i, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.least || n > f.most || strings.HasPrefix(text, "+") {
		return 0, fmt.Errorf("%s: `%s` is no number from %d to %d", f.noun, text, f.least, f.most)
	}
	return n, nil
}

// String is the expression.
func (c *Cron) String() string { return c.text }

// Zone is where its times are.
func (c *Cron) Zone() *time.Location { return c.zone }

func has(set uint64, n int) bool { return set&(1<<n) != 0 }
