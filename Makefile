# Everything a fresh machine needs: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
# A part of it: what the product needs to run, and the builder that installs it.
RUNS := $(VENV)/runs
# And what only fuzzing needs: there is none of it for every machine.
FUZZ := $(VENV)/fuzz
PIP := $(BIN)/pip install -q --disable-pip-version-check
# Real hosts mostly wait (for time-outs, heartbeats, boots): three labs at once fill two cores.
LABS := 3
# A quarter of the time units wait, for processes, leases and time-outs: one more than there are cores.
UNITS := 3
# The longest first, so that none of them is left to run alone at the end.
LAB_TESTS := tests/contract/test_lab.py \
	$(patsubst %,tests/scenarios/test_lab_%.py,faults growth refusals create_and_join membership fleet) \
	tests/lab
# Too long for every commit; their histories run in the simulator each time. Three go on there.
NIGHTLY_TESTS := $(filter-out $(LAB_TESTS),$(wildcard tests/scenarios/test_lab_*.py)) \
	$(patsubst %,tests/scenarios/test_lab_%.py,growth membership refusals)

.PHONY: demo test check unit lab nightly lab-up lab-shell lab-down schema man bench coverage mutants fuzz clean

demo: $(RUNS)  ## the main job against simulated hosts behind real SSH on loopback; no root
	$(BIN)/reconcile demo

test: check unit lab  ## all that this machine can run; what is skipped is said

check: $(STAMP)  ## lint, types, layers, schemas
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --check-metaschema schemas/*.schema.json
	$(BIN)/check-jsonschema --schemafile schemas/cluster.schema.json examples/*.yaml
	$(BIN)/check-jsonschema --schemafile schemas/fleet.schema.json examples/fleet/fleet.yaml
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec examples/fleet/compose.yaml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows examples/ci/github-actions.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci examples/ci/gitlab-ci.yml
	$(BIN)/check-jsonschema --schemafile schemas/plan.schema.json tests/golden/*.json
	$(BIN)/check-jsonschema --schemafile schemas/facts.schema.json tests/golden/facts/*.json

unit: $(STAMP)  ## everything without the lab
	$(BIN)/pytest -q -n $(UNITS) --dist loadfile --no-loadscope-reorder --ignore tests/lab --ignore-glob "tests/*/test_lab_*.py" --ignore tests/contract/test_lab.py -m "not nightly" -rsf --durations 10

lab: $(STAMP)  ## real kernels: needs root on Debian, else skipped with the reason
	$(BIN)/pytest -q -n $(LABS) --dist loadfile --no-loadscope-reorder $(LAB_TESTS) -m "not nightly" -rsf --durations 25

# A CI system keeps build/soak: what soaks did, and the hosts' logs of what went wrong.
nightly: test  ## all of `make test`, the whole sweeps, the long scenarios on real kernels
	$(BIN)/pytest -q -n 2 -m nightly tests/properties tests/model tests/unit --timeout 0 -rsf --durations 10
	$(BIN)/python -m tests.simulation --seeds 0:100000 --processes 2 --record
	$(BIN)/python -m tests.simulation.leases --prove 1000000
	$(BIN)/python -m tests.model record
	$(MAKE) coverage mutants fuzz
	$(BIN)/pytest -q -n $(LABS) --dist loadfile $(NIGHTLY_TESTS) --timeout 3600 -rsf --durations 25

coverage: $(STAMP)  ## lines and branches of planning, execution and the gate's decision: all, or a reason
	$(BIN)/python -m tests.line_coverage

fuzz: $(FUZZ)  ## a million inputs of each parser; what is found is kept in .fuzz
	$(BIN)/python -m tests.fuzz --record

mutants: $(STAMP)  ## each precondition is deleted once, and a test has to fail
	$(BIN)/python -m tests.mutants

lab-up: $(STAMP)  ## a real three-host cluster with a SAN on this machine
	$(BIN)/python -m tests.lab up --netns reconcile --hosts 3 --storage san
	@echo "Its hosts are reached from inside its network only: make lab-shell, and there"
	@echo "reconcile plan    (a ready cluster.yaml is in RECONCILE_CONFIG)"

lab-shell: $(STAMP)  ## a shell inside the lab's network, with reconcile on its path
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.lab exec --netns reconcile -- bash

lab-down:
	$(BIN)/python -m tests.lab down --netns reconcile

schema: $(STAMP)  ## regenerate the published schemas
	for name in cluster plan facts notification fleet; do $(BIN)/reconcile schema $$name > schemas/$$name.schema.json; done

man: $(STAMP)  ## regenerate what is made of the commands: the man page, what shells complete
	$(BIN)/reconcile help --man > reconciler/manual/reconcile.1
	$(BIN)/python -m reconciler.cli.completion_index > reconciler/cli/completion.json

bench: $(STAMP)  ## observing, start-up, plans and runs, beside other tools; observing needs root
	$(BIN)/python -m tests.bench.observe
	$(BIN)/python -m tests.bench.startup
	$(BIN)/python -m tests.bench.planning
	$(BIN)/python -m tests.bench.clusters
	$(BIN)/python -m tests.bench.execution
	$(BIN)/python -m tests.bench.histories
	$(BIN)/python -m tests.bench.watch
	$(BIN)/python -m tests.bench.watched_fleet
	$(BIN)/python -m tests.bench.fleet
	$(BIN)/python -m tests.bench.fleet 3 200

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-build-isolation --no-deps -e .
	touch $(STAMP) $(RUNS)

$(FUZZ): requirements-fuzz.lock $(STAMP)
	$(PIP) --require-hashes --no-deps -r requirements-fuzz.lock
	touch $(FUZZ)

$(RUNS): requirements-run.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements-run.lock
	$(PIP) --no-build-isolation --no-deps -e .
	touch $(RUNS)

clean:
	rm -rf $(VENV) .demo dist
