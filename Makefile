# kaon: the sweep service. `make` alone prints the targets.

GO     ?= go
SECONDS ?= 30
TIMES  ?= 1
# The race detector needs cgo, which Go turns off where there is no C compiler.
RACE   ?= $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)
# A process under the detector sleeps for a second before it exits unless told not to, and the tests start thousands.
export GORACE ?= atexit_sleep_ms=0
# Named one by one: what kaon leaves in this folder may hold Go files, such as the code that came with a trial.
PACKAGES = $(addprefix ./,$(addsuffix /...,bench cmd examples offers python results scheduler server sweep testkit workflow))
SERIAL = ./bench/... ./scheduler/simtest ./sweep/...
VERSION = $(shell git describe --always --dirty 2>/dev/null || echo devel)
SOURCES = $(shell find $(patsubst %/...,%,$(PACKAGES)) -name '*.go') go.mod go.sum

.PHONY: help
help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## the main job: 240 real trainings, losers stopped early, a winner, and where the results lie
	bin/kaon run examples/digits/sweep.yaml

.PHONY: test
test: ## all tests, with the race detector but for what has one goroutine; ends by naming what did not run
	$(GO) vet $(PACKAGES)
	@$(GO) run ./.ci/report $(if $(RACE),,-missing "the race detector: needs a C compiler") \
	  -- $(GO) test -json $(SERIAL) \
	  -- $(GO) test $(RACE) -timeout 35m -json $$($(GO) list $(PACKAGES) | grep -vxF "$$($(GO) list $(SERIAL))")

.PHONY: killloop
killloop: ## TIMES=1 times: whole sweeps of 2,000 trials whose processes are killed again and again
	KAON_KILLLOOP=$(TIMES) $(GO) test -v -count 1 -timeout 0 -run TestBoardIsTheSameWhoeverDies ./scheduler/killtest

.PHONY: damage
damage: ## TIMES=1 times: damage to a random file of a sweep's journal or results, and all commands after it
	KAON_DAMAGE=$(TIMES) $(GO) test -v -count 1 -timeout 0 -run TestRandomDamage ./cmd/kaon

.PHONY: build
build: bin/kaon bin/digits ## bin/kaon, one static binary, and the example's training program

bin/kaon: $(SOURCES)
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/kaon

bin/digits: $(SOURCES)
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o $@ ./examples/digits

.PHONY: docker
docker: build ## the digits example in containers: builds its image from scratch, asks no registry
	cp bin/digits examples/digits-docker/digits
	docker build --quiet --tag kaon-digits:1 examples/digits-docker
	bin/kaon run examples/digits-docker/sweep.yaml

SPARKS ?= 3.5.6 4.0.1

.PHONY: spark
spark: bin/kaon ## examples/spark on real Sparks of PyPI (SPARKS), kept in the cache folder: needs Java and the network
	for v in $(SPARKS); do at=$${XDG_CACHE_HOME:-$$HOME/.cache}/kaon-ci/spark-$$v && \
	  { [ -x $$at/bin/spark-submit ] || { python3 -m venv $$at && $$at/bin/pip install -q pyspark==$$v; }; } && \
	  bin/kaon workflow run examples/spark/workflow.yaml -p spark_submit=$$at/bin/spark-submit || exit 1; done

.PHONY: bench
bench: bin/kaon ## measure offer packing beside a brute-force packer, the wire, and kaon run beside xargs
	bin/kaon bench pack
	bin/kaon bench wire
	bin/kaon bench wire --trials 3000 --points 100
	bin/kaon bench local

.PHONY: attack
attack: ## the tests that play strangers, forged executors and hostile pages; make test runs them too
	$(GO) test -count 1 -run '^TestAttack' ./...

.PHONY: test-kubernetes
test-kubernetes: ## the tests of Kubernetes on a real one, built once in ten minutes on two idle cores and kept; needs root
	$(GO) run ./.ci/kubernetes -- $(GO) test -v -count 1 -timeout 60m -run '^TestKubernetes' ./cmd/kaon ./scheduler/cluster/kubernetes

.PHONY: fuzz
fuzz: ## every fuzz target for SECONDS=30 each
	@for pkg in $$($(GO) list $(PACKAGES)); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$target" && $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(SECONDS)s $$pkg || exit 1; \
	  done; \
	done

.PHONY: soak
soak: ## simulated runs full of faults for SECONDS=30: laws checked after every step, exit 1 when one is broken
	@$(GO) run ./scheduler/simtest/soak -seconds $(SECONDS)

.PHONY: pictures
pictures: ## draw docs/pictures/*.dot as SVG, with Graphviz from Go's registry
	cd .ci/pictures && $(GO) run . ../../docs/pictures

.PHONY: test-browser
test-browser: build ## look at the dashboard as a person does, in Chromium where there is one; PICTURES=docs/pictures draws those of the manual alone
	$(GO) run ./.ci/browser $(if $(PICTURES),-draw -trials 240 -pictures $(PICTURES)) $(if $(SCREENS),-screens $(SCREENS)) $(if $(MANY),-many $(MANY))

.PHONY: vendor-ui
vendor-ui: ## fetch the dashboard's libraries again, by npm, pinned by checksums
	.ci/vendor-ui

.PHONY: clean
clean: ## remove what build made
	rm -rf bin
