package parse

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// alteration is what, behind a number, makes it another one.
type alteration struct {
	text    *regexp.Regexp
	integer bool // only behind a whole number
	ended   bool // only if no word follows that is no name: 3 in 10, but not 3 in 10 s
}

// Parts of their expressions.
const (
	numeral = `(?:[-+−]?[.]?\d|[½⅓⅔¼¾]|(?i:nan|inf)\b)`
	spelled = `(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|` +
		`sixty|seventy|eighty|ninety|hundred|thousand|` + illions + `)\b`
	illions = `(?:m|b|tr|quadr|quint|sext)illi(?:on|ard)(?:e?[ns])?`
	power   = `(?:\^|\*\*|[⁰¹²³⁴-⁹])`
	as      = `\x{FE0F}?\s*` // a picture may be said to be one

	// arrow leaves out those that point up or down, which tell how a number has changed.
	arrow = `(?:[-~=]+[>»]|\|->|[←→↔↚-↞↠↢-↤↦↩-↯⇀⇁⇄⇆⇇⇉⇋-⇐⇒⇔⇚-⇝⇠⇢⇤-⇦⇨⇴-⇿⟵-⟿⤀-⤇⤌-⤑⤔-⤠⤳⥂-⥈⥤⬅⬰-⭏⭠⭢⭤⮕￫]|` +
		`[➔➙➛-➵➸➺-➾▶►▸‣»›🠀-🢭])`
)

// alterations are looked for after blanks. A unit is none (12 ms is 12), unless it is itself a number (2 M, 3 dozen,
// 3 tenths), or another part of the quantity follows it (compounds).
//
// What logs print behind the number that they mean is none either, though it might be read otherwise: a duration, a
// count or a place (0.5 in 3.2s, 0.5 in 10 epochs, 0.5 over 10 runs, 0.9 from epoch 3), what the number is compared
// with (0.5 from 0.6, 0.5 by 0.1, 0.5 vs 0.6, 0.5 < 0.6, 0.5 ↓ 0.1), its spread or another value in brackets
// (0.5 (+/- 0.1), 0.5 (0.4)), a second value (0.5 and 0.6, 0.5 -3, 0.5, 3), and a doubt (0.5 or so).
var alterations = []alteration{
	{text: oneOf(
		// An operator, a power, an end, an error.
		`[%％٪﹪‰‱/÷⁄∕／➗±∓]|\+/?[-−]|[-−]/\+|[,.]\d|\.\s+\d`,
		`(?:\*\*?|[×·⋅∙•✕✖⨯∗＊^~≈≃≅∼〜～:∶：√⏨]|<<|\.{2,}|[…‥⋯]|`+arrow+`|\\(?:times|cdot|pm|to)\b)`+as+
			`(?:`+numeral+`|`+spelled+`)`,
		`[-+−‐‑‒–—―－﹣⁻＋➕➖]{1,2}\x{FE0F}?\s+[-+−]?(?:[\d.,]+(?:\s|$|[);])|½)|\+\s+\d+/\d|[‒–—―]\d`,
		`[-+−–—]\s*[\d.]+[ij]\b|\d+\s*`+power+`|\(\s*[xX×·*]\s*10?\s*(?:`+power+`|e[-+]?\d)`,
		`[eEdD]\s*[-+−–]?\s*\d`,
		words(`(?:x|times|plus|minus|less|to|bis|through|thru|till?|until|upto|or|per|mod(?:ulo)?|point|comma|`+
			`give or take|(?:divided|multiplied) by|(?:raised )?to the(?: power(?: of)?)?(?: minus)?|raised to|is to|`+
			`(?:plus(?: or)?|plus/|\+\s*or)[\s-]*(?:minus|-)|p/m|parts? (?:in|per)|becomes|became|becoming|`+
			`(?:up|down|go(?:es|ing)|went|f[ae]ll(?:s|ing)?|r(?:ises|ose|ising)|`+
			`(?:dropp?|mov|chang|improv|reduc|increas|decreas)(?:e?s|ed|ing)) to)\s*`+numeral),
		words(`(?:squared|cubed|to the \w+ power|below (?:zero|0)|(?:or|and) `+
			`(?:more|less|fewer|greater|higher|lower|better|worse|above|below|over|under|up))\b`),
	)},
	{text: oneOf(
		// A scale, also in brackets.
		`[(\[]?(?:[kKMGTPB]|MM|[KMGTP]i)\b`,
		words(`[(\[]?(?:bn|bil|mn|mill?|mln|mio|mrd|mld|trn|tsd|thou|pct|ppm|ppb|pp|p\.p|bps?|basis points?)\b`),
		words(`[(\[]?(?:in )?(?:%|(?:per[\s-]*cents?|percentage|pro[zc]ent|prozentpunkte?|`+
			`p(?:er|ro)?\s*(?:mil(?:le?)?|myriad)|pi|`+
			`(?:(?:ten|hundred) )?(?:hundred|thousand|tausend|`+illions+`|dozen|lakh|crore)(?:ths?|s|en)?)\b)`),
		`[(\[]?[万萬亿億兆千百十만억천조割π]|(?:тыс|млн|млрд|трлн)(?:\PL|$)`,
		// A part of a whole, a fraction.
		words(`(?:out of|of)(?: (?:the|all|a|total|every|possible|of))* `+numeral),
		words(`(?:and|&|plus) (?:an? )?(?:half|third|quarter|\d{1,2}/\d|[½¼¾])`),
		// The rest of a duration.
		`days?,?(?: and)?\s*\d+:\d\d(?::[\d.]+)?`, // 1 day, 2:30:00
		`(?:[hdmw]|hrs?|hours?|days?|mins?|minutes?|wks?|weeks?|ft|lbs?)[ \t]+\d+[ \t]*[a-z]+\b`,
	)},
	{integer: true, text: oneOf(
		`\d{1,2}/\d{1,2}(?:\s|$|[),;])|(?:\d+/)?\d+ths?\b`, // 1 1/2
		words(`(?:half|halves|(?:third|quarter|fourth|fifth|sixth|seventh|eighth|ninth|tenth|twelfth|twentieth)s?)\b`),
		words(`(?:[ap]m\b|[ap]\.m\.|o.clock)`),
	)},
	{ended: true, text: oneOf(
		words(`over `+numeral+`[\d.]*`),
		words(`(?:out of|of|in|(?:parts? )?per|from|over|times|plus|minus|to|or|point|`+
			`(?:(?:divid|multipli)ed )?by) `+spelled),
	)},
	{integer: true, ended: true, text: oneOf(
		words(`(?:in|from|among(?:st)?|by|for|every|each)(?: (?:the|all|a|total|every|each))* \d+`),
		words(`(?:[hdm]|hrs?|hours?|days?|mins?|minutes?|ft|foot|feet|lbs?|pounds?|stones?|kg|km|`+
			`°|deg(?:rees?)?|[$€£]|dollars?|euros?)\.?\s*(?:(?:and|&|plus)\s+)?(?:\d{1,3}|(?:a )?half\b)`), // 1 h 30
	)},
}

// joined are alterations that follow the number at once, where a blank or a sign would have ended it: 12: 30, 5' 6".
var joined = []alteration{
	{integer: true, text: oneOf(`['′]\s*\d+\s*["″]`)},
	{integer: true, ended: true, text: oneOf(`[:：]\s+\d+(?::\d+)*(?:\s*[aApP]\.?[mM]\b)?`)},
}

// oneOf begins a text with one of several expressions.
func oneOf(texts ...string) *regexp.Regexp {
	return regexp.MustCompile(`^(?:` + strings.Join(texts, "|") + `)`)
}

// words are an expression in letters of any case and with any blanks or hyphens between them.
func words(text string) string { return `(?i:` + strings.ReplaceAll(text, " ", `[\s-]+`) + `)` }

// compounds are units of one kind, of which several make a quantity: 1 h 30 min, 1 kg 300 g.
var compounds = []*regexp.Regexp{
	several(
		`y|yrs?|years?|mo|mos|months?|w|wks?|weeks?|d|days?|h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?|` +
			`ms|msecs?|milliseconds?|[uµμ]s|microseconds?|ns`,
	),
	several(`mi|miles?|yd|yards?|ft|foot|feet|in|inch(?:es)?|km|kilomet(?:er|re)s?|m|met(?:er|re)s?|cm|mm`),
	several(`t|tons?|tonnes?|st|stones?|lbs?|pounds?|oz|ounces?|kg|kilos?|kilograms?|g|grams?|mg`),
	several(`gal|gallons?|qt|quarts?|pt|pints?|l|lit(?:er|re)s?|dl|cl|ml`),
	several(`[KMGTP]i?B|B|bytes?`),
	several(`[$€£]|dollars?|USD|euros?|EUR|pounds?|GBP|cents?|ct|¢|pence|p`),
	several(`°|deg(?:rees?)?|['′"″]|arcmin|arcsec|mins?|minutes?|secs?|seconds?`),
}

// several finds two units with a number between them.
func several(units string) *regexp.Regexp {
	return regexp.MustCompile(
		`(?i)^(` + units + `)\.?\s*(?:,\s*)?(?:(?:and|&|\+|plus)\s*)?\d[\d.]*\s*(` + units + `)(?:[^\pL\pN_]|$)`)
}

// rate is what makes the second quantity one of its own: 2 s, 3 ms/step.
var rate = regexp.MustCompile(`^\s*(?:/|(?:per|each)\b)`)

// maxAlteration is how many bytes behind the blanks are looked at.
const maxAlteration = 80

// named is a name with a value, which is no part of the number before it: 1 k=3.
var named = regexp.MustCompile(`^\(?[\pL_][\pL\w./|-]*\s*(?:=|:\s*[-+]?(?:[.]?\d|(?i:nan|inf)))`)

var (
	integer = regexp.MustCompile(`^[+-]?\d+$`)
	pointed = regexp.MustCompile(`^\s+\d`) // 0. 75
	wordy   = regexp.MustCompile(`^(?:[.:]?\d|[-_/]?\pL|[°%])`)
)

// altered tells whether what stands behind token makes it another number.
func altered(token string, rest []byte) bool {
	rest = rest[:min(len(rest), maxNumber)]
	if strings.HasSuffix(token, ".") && pointed.Match(rest) {
		return true
	}
	next := bytes.TrimLeftFunc(rest, unicode.IsSpace)
	apart, behind := len(next) < len(rest), joined
	if apart {
		behind = alterations
	}
	if next = next[:min(len(next), maxAlteration)]; len(next) == 0 || named.Match(next) {
		return false
	}
	for _, a := range behind {
		if a.matches(token, next) {
			return true
		}
	}
	r, _ := utf8.DecodeRune(next)
	return apart && (r > unicode.MaxASCII && unicode.IsNumber(r) || compound(next))
}

func (a alteration) matches(token string, next []byte) bool {
	if a.integer && !integer.MatchString(token) {
		return false
	}
	end := a.text.FindIndex(next)
	return end != nil && (!a.ended || ended(next[end[1]:]))
}

// ended tells whether no word follows that is no name of a value.
func ended(rest []byte) bool {
	next := bytes.TrimLeft(rest, " \t")
	return named.Match(next) || !wordy.Match(next)
}

// compound tells whether next begins with a unit and another part of the quantity. Two values of one unit, as in 5 s,
// 3 s, are no such parts, nor is "in" a unit before another.
func compound(next []byte) bool {
	for _, kind := range compounds {
		m := kind.FindSubmatchIndex(next)
		if m == nil || rate.Match(next[m[5]:]) {
			continue
		}
		if first := string(next[:m[3]]); first != "in" && first != string(next[m[4]:m[5]]) {
			return true
		}
	}
	return false
}

// hasDigit tells whether text has a digit of any script, a fraction or the sign of infinity.
func hasDigit(text []byte) bool {
	return bytes.IndexFunc(text, func(r rune) bool { return unicode.IsNumber(r) || r == '∞' }) >= 0
}
