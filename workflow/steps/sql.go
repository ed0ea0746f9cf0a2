package steps

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// sql asks a database. Values are bound, and never part of the query's text.
type sql struct{}

func (sql) About() Description {
	return Description{Name: "sql", Text: "Asks a database through Python's DB-API; the last answer's rows are " +
		"put out.", Keys: append([]Key{
		{Name: "database", Kind: "text", Needed: true,
			Text: "sqlite:///FILE, postgresql://…, mysql://…, duckdb:///FILE, trino://…, or $NAME: a variable, " +
				"as of `secrets`, that holds it"},
	}, append(queryKeys,
		Key{Name: "interpreter", Kind: "text", Text: "python3 when left out; it has the database's module"},
		Key{Name: "image", Kind: "text", Text: "a container image to run it in"})...)}
}

// sqlSchemes are the databases there are.
var sqlSchemes = []string{"sqlite", "postgresql", "postgres", "mysql", "mariadb", "duckdb", "trino"}

func (sql) Check(keys *sweep.Tree, fail func(at *sweep.Tree, field, problem, remedy string)) {
	if t := keys.Get("database"); t != nil && !template(t.Text) && !strings.HasPrefix(t.Text, "$") {
		if scheme, _, ok := strings.Cut(t.Text, "://"); !ok || !slices.Contains(sqlSchemes, scheme) {
			fail(t, "database", fmt.Sprintf("`%.60s` is no database that is known", t.Text),
				"begin it with one of "+strings.Join(sqlSchemes, "://, ")+"://")
		}
		if hasPassword(t.Text) {
			fail(t, "database", "its password would stand where others read it", noPassword)
		}
	}
	checkQuery(keys, fail)
}

//go:embed sql_driver.py
var sqlDriver string

func (sql) Run(ctx context.Context, c *Call) (Result, error) {
	all, values, rows, err := c.query()
	if err != nil {
		return Result{}, err
	}
	texts, err := c.allTexts("database", "interpreter", "image")
	if err != nil {
		return Result{}, err
	}
	if err := needed("database", texts["database"]); err != nil {
		return Result{}, err
	}
	if hasPassword(texts["database"]) {
		return Result{}, wrong("database: its password would stand in the results and among this machine's "+
			"processes: %s", noPassword)
	}
	asked, err := json.Marshal(map[string]any{"database": texts["database"], "statements": all, "values": values,
		"rows": rows})
	if err != nil {
		return Result{}, wrong("%w", err)
	}
	return c.run(ctx, spec{
		words: []string{or(texts["interpreter"], "python3"), "-c", escaped(sqlDriver), escaped(string(asked))},
		image: texts["image"],
	})
}

// noPassword is the remedy for an address with a password.
const noPassword = "write $NAME, name NAME under `secrets`, and put the address into that variable"

// hasPassword tells whether an address of a database has one, before its host or among its options.
func hasPassword(address string) bool {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok || scheme == "sqlite" || scheme == "duckdb" {
		return false
	}
	rest, options, _ := strings.Cut(rest, "?")
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		if _, password, _ := strings.Cut(rest[:at], ":"); password != "" {
			return true
		}
	}
	options = strings.ToLower(options)
	return strings.Contains(options, "password=") || strings.Contains(options, "passwd=")
}

// allTexts are keys that are texts.
func (c *Call) allTexts(keys ...string) (map[string]string, error) {
	texts := map[string]string{}
	for _, key := range keys {
		text, err := c.text(key)
		if err != nil {
			return nil, err
		}
		texts[key] = text
	}
	return texts, nil
}
