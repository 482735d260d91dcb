# Everything from a fresh clone, with Python 3.11 or later and make: `make verify`, `make test`.
# The first call creates .venv and installs into it, Java and TLC included.  `make help` lists the
# targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
# `make CONSTRAINTS=constraints.txt ...` installs the versions with which everything was verified.
CONSTRAINTS ?=
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check \
  $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS))

.PHONY: verify test quick lint fuzz soak mutants experiments vectors manifest diagrams site api package \
  constraints clean help

verify: $(INSTALLED) ## Model-check, prove, compare state graphs, train, and check the traces.
	@mkdir -p out
	$(BIN)/model-consensus verify --json out/verify.json --html out/verify.html

test: $(INSTALLED) ## Run the test suites, in one process more than there are cores.
	$(BIN)/pytest --numprocesses auto --dist worksteal

quick: $(INSTALLED) ## Run the tests to run while working: about a minute on two cores.
	$(BIN)/pytest --numprocesses auto --dist worksteal -m "not slow and not tlc"

lint: $(INSTALLED) ## Check style, types, dead code, spelling and the citation file.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/vulture
	$(BIN)/codespell
	$(BIN)/cffconvert --validate

fuzz: $(INSTALLED) ## Run the property tests with new seeds until interrupted, then go on from there.
	$(BIN)/python -m property_tests.fuzz

soak: $(INSTALLED) ## Run clusters of real processes with drawn faults until interrupted.
	$(BIN)/python -m property_tests.soak

mutants: $(INSTALLED) ## Change one thing at a time in the protocol modules: a test must notice (hours).
	$(BIN)/python -m tools.mutants

experiments: $(INSTALLED) ## Train what docs/experiments.md shows, and write it again (an hour).
	$(BIN)/python -m experiments run

# make vectors NUMPY='numpy==2.1.*'
NUMPY ?= numpy==2.0.*
vectors: ## Check that the golden vectors are the same bytes with another numpy.
	@mkdir -p out/vectors
	$(PYTHON) -m venv --clear out/vectors-venv
	out/vectors-venv/bin/python -m pip install --quiet --disable-pip-version-check \
	  --editable '.[learn,streamlet]' '$(NUMPY)'
	out/vectors-venv/bin/python -m tests.vectors.golden_vectors out/vectors
	diff -r --exclude README.md --exclude "*.py" --exclude __pycache__ out/vectors tests/vectors
	@out/vectors-venv/bin/python -c 'import numpy; print("the same bytes with numpy", numpy.__version__)'

manifest: $(INSTALLED) ## Measure every model again, and write its figures and the documents' tables.
	$(BIN)/model-consensus verify --tier all --record
	$(BIN)/python -m tools.update_docs

diagrams: $(INSTALLED) ## Draw the counterexamples of docs/theorems again.
	for picture in docs/theorems/pictures/*.svg; do \
	  $(BIN)/model-consensus draw "$$(basename "$$picture" | cut -d. -f1)" --out out/diagrams && \
	  cp "out/diagrams/$$(basename "$$picture")" docs/theorems/pictures/ || exit 1; done

# MkDocs wants all pages in one folder, so the pages and what they link to are copied there first.
SITE := README.md CONTRIBUTING.md CHANGELOG.md CITATION.cff docs spec reference experiments \
  tests/README.md tests/vectors property_tests/README.md
site: $(INSTALLED) ## Build the documentation as a web site in out/site.
	$(INSTALL) --editable '.[docs]'
	rm -rf out/site-source
	mkdir -p out/site-source
	tar --exclude __pycache__ -cf - $(SITE) | tar -xf - -C out/site-source
	NO_MKDOCS_2_WARNING=true $(BIN)/mkdocs build --strict

api: $(INSTALLED) ## Write the reference of the Python package as HTML to out/api.
	$(BIN)/pdoc --output-directory out/api model_consensus '!model_consensus.__main__'

# Nothing may fail there, and what needs an extra is not run: exit status 2.
package: $(INSTALLED) ## Build the wheel and the sdist, install the sdist without extras, and verify it.
	rm -rf dist out/package
	$(BIN)/python -m build --outdir dist
	$(PYTHON) -m venv out/package
	out/package/bin/python -m pip install --quiet --disable-pip-version-check dist/*.tar.gz
	cd out/package && { bin/model-consensus verify; status=$$?; \
	  test $$status -eq 2 || { echo "exit status $$status instead of 2"; exit 1; }; }

constraints: $(INSTALLED) ## Write the installed versions to constraints.txt, after everything passed.
	{ echo "# The environment in which everything was verified, with $$($(BIN)/python --version)."; \
	  echo "# make constraints writes this file; make CONSTRAINTS=constraints.txt installs from it."; \
	  $(BIN)/python -m pip freeze --exclude-editable; } > constraints.txt

clean: ## Remove the environment, the caches and all output.
	rm -rf $(VENV) out dist .hypothesis .mypy_cache .pytest_cache .ruff_cache

help: ## List these targets.
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
	  while IFS='|' read -r target sentence; do printf '%-12s %s\n' "$$target" "$$sentence"; done

$(INSTALLED): pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable '.[dev]'
	@touch $@
