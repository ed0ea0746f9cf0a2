package steps

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// hive asks Hive, or what speaks its protocol, through beeline.
type hive struct{}

func (hive) About() Description {
	return Description{Name: "hive", Text: "Asks Hive through beeline; the last answer's rows are put out, as texts.",
		Keys: append([]Key{
			{Name: "url", Kind: "text", Needed: true, Text: "of the server, as jdbc:hive2://host:10000/default"},
		}, append(queryKeys,
			Key{Name: "user", Kind: "text", Text: "who asks"},
			Key{Name: "password_file", Kind: "text", Text: "a file with the password, where the step runs"},
			Key{Name: "conf", Kind: "mapping", Text: "settings of Hive"},
			Key{Name: "beeline", Kind: "text", Text: "the program; beeline when left out"},
			Key{Name: "image", Kind: "text", Text: "a container image to run it in"})...)}
}

func (hive) Check(keys *sweep.Tree, fail func(at *sweep.Tree, field, problem, remedy string)) {
	if t := keys.Get("url"); t != nil && !template(t.Text) && !strings.HasPrefix(t.Text, "jdbc:") {
		fail(t, "url", fmt.Sprintf("`%.60s` is no address for beeline", t.Text),
			"write it as jdbc:hive2://host:10000/default")
	}
	if t := keys.Get("url"); t != nil && hivePassword(t.Text) {
		fail(t, "url", "its password would stand where others read it",
			"put it into a file, and name that by `password_file`")
	}
	checkQuery(keys, fail)
}

func (hive) Run(ctx context.Context, c *Call) (Result, error) {
	t, image, err := c.beeline()
	if err != nil {
		return Result{}, err
	}
	return c.runTool(ctx, t, image)
}

// beeline is how it is asked. It binds nothing, so that values become literals of HiveQL, in which nothing ends a text
// but its end.
func (c *Call) beeline() (t tool, image string, err error) {
	all, values, rows, err := c.query()
	if err != nil {
		return t, "", err
	}
	texts, err := c.allTexts("url", "user", "password_file", "beeline", "image")
	if err != nil {
		return t, "", err
	}
	if err := needed("url", texts["url"]); err != nil {
		return t, "", err
	}
	if hivePassword(texts["url"]) {
		return t, "", wrong("url: its password would stand in the results and among this machine's processes: " +
			"put it into a file, and name that by `password_file`")
	}
	var b strings.Builder
	for i, s := range all {
		if i > 0 && i == len(all)-1 { // some servers answer to every statement: only the last answer counts
			b.WriteString("SELECT '" + hiveMark + "';\n")
		}
		text, err := filled(s, values)
		if err != nil {
			return t, "", err
		}
		b.WriteString(text + ";\n")
	}
	words := []string{or(texts["beeline"], "beeline"), "-u", texts["url"], "--outputformat=csv2", "--showHeader=true",
		"--silent=true"}
	if texts["user"] != "" {
		words = append(words, "-n", texts["user"])
	}
	if texts["password_file"] != "" {
		words = append(words, "-w", texts["password_file"])
	}
	conf, err := c.mapping("conf")
	if err != nil {
		return t, "", err
	}
	for _, name := range slices.Sorted(maps.Keys(conf)) {
		words = append(words, "--hiveconf", fmt.Sprintf("%s=%v", name, conf[name]))
	}
	return tool{
		Words: append(words, "-f", "{query.sql}"), Files: map[string]string{"query.sql": b.String()}, Rows: &rows,
		Mark: hiveMark, Interrupt: true, Strict: true,
		Progress: []string{`map = (\d+)%,\s+reduce = (\d+)%`}, Error: `^\s*(Error:|FAILED:|No current connection)`,
		Remedy: "install Hive's client, or name its program by `beeline`",
	}, texts["image"], nil
}

// hivePassword tells whether an address of JDBC has a password.
func hivePassword(address string) bool {
	return strings.Contains(strings.ToLower(address), ";password=")
}

// hiveMark is a row before the last answer, where there are several.
const hiveMark = "kaon: the last answer follows"

// hiveLiteral is a value as HiveQL writes it.
func hiveLiteral(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "NULL", nil
	case bool, int, int64, float64:
		return strings.ToUpper(fmt.Sprint(v)), nil
	case string:
		if strings.ContainsRune(v, 0) {
			return "", fmt.Errorf("a text with a zero byte is not possible")
		}
		// ${ would be a variable of Hive's own; ; would end the statement for beeline, which does not know of quotes
		// everywhere.
		text := strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, ";", `\u003B`, "$",
			`\u0024`).Replace(v)
		return "'" + text + "'", nil
	}
	return "", fmt.Errorf("a text, a number or true or false is needed, not %s", short(v))
}

// filled is a statement with its values as literals of Hive and Spark.
func filled(s []piece, values map[string]any) (string, error) {
	var b strings.Builder
	for _, p := range s {
		if p.Param == "" {
			b.WriteString(p.Text)
			continue
		}
		v, ok := values[p.Param]
		if !ok {
			return "", wrong("parameters: :%s stands in the code, and has no value", p.Param)
		}
		literal, err := hiveLiteral(v)
		if err != nil {
			return "", wrong("parameters.%s: %w", p.Param, err)
		}
		b.WriteString(literal)
	}
	return b.String(), nil
}
