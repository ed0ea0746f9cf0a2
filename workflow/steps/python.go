package steps

import "context"

// python calls a function of a file with the step's inputs.
type python struct{ inTrial }

func (python) About() Description {
	return Description{Name: "python", Puts: `return {"NAME": …} from its function`,
		Text: "Calls a function of a Python file with the step's inputs; what it returns are the outputs.", Keys: []Key{
			{Name: "file", Kind: "text", Needed: true, Text: "the file"},
			{Name: "function", Kind: "text", Text: "the function; main when left out"},
			{Name: "arguments", Kind: "mapping", Text: "further arguments, by name"},
			{Name: "interpreter", Kind: "text", Text: "python3 when left out"},
			{Name: "image", Kind: "text", Text: "a container image to run it in"},
		}}
}

// driver calls the function. What the function returns, a dict, is what the step puts out; anything else is the output
// "result".
const driver = `import json, os, runpy, sys
path, name = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
params = open(sys.argv[3], encoding="utf-8").read() if len(sys.argv) > 3 else os.environ["KAON_PARAMS"]
given = {k: v for k, v in json.loads(params).items() if not k.startswith("` + Own + `")}
function = runpy.run_path(path, run_name=os.path.splitext(os.path.basename(path))[0]).get(name)
if function is None:
    sys.exit("%s has no function %s" % (path, name))
result = function(**given)
if result is not None:
    with open(os.environ["KAON_OUTPUT"], "w") as f:
        json.dump(result if isinstance(result, dict) else {"result": result}, f)
`

func (python) Run(ctx context.Context, c *Call) (Result, error) {
	texts := map[string]string{}
	for _, key := range []string{"file", "function", "interpreter", "image"} {
		text, err := c.text(key)
		if err != nil {
			return Result{}, err
		}
		texts[key] = text
	}
	if err := needed("file", texts["file"]); err != nil {
		return Result{}, err
	}
	arguments, err := c.mapping("arguments")
	if err != nil {
		return Result{}, err
	}
	words := []string{or(texts["interpreter"], "python3"), "-c", escaped(driver), escaped(texts["file"]),
		escaped(or(texts["function"], "main"))}
	return c.run(ctx, spec{words: words, values: arguments, image: texts["image"], reads: true})
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
