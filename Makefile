# Everything from a fresh clone, with Python 3.11 or later and make: `make verify`, `make test`.
# The first call creates .venv and installs into it, Java and TLC included.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

.PHONY: verify test fuzz lint experiments vectors manifest mutants diagrams api package clean

verify: $(INSTALLED)
	@mkdir -p out
	$(BIN)/model-consensus verify --json out/verify.json --html out/verify.html

test: $(INSTALLED)
	$(BIN)/pytest --numprocesses auto --dist worksteal

# Property tests with new seeds until interrupted; goes on where it stopped.
fuzz: $(INSTALLED)
	$(BIN)/python -m property_tests.fuzz

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# Are the golden vectors the same bytes with another numpy?  make vectors NUMPY='numpy==2.1.*'
NUMPY ?= numpy==2.0.*
vectors:
	@mkdir -p out/vectors
	$(PYTHON) -m venv --clear out/vectors-venv
	out/vectors-venv/bin/python -m pip install --quiet --disable-pip-version-check \
	  --editable '.[learn,streamlet]' '$(NUMPY)'
	out/vectors-venv/bin/python -m tests.vectors.golden_vectors out/vectors
	diff -r --exclude README.md --exclude "*.py" --exclude __pycache__ out/vectors tests/vectors
	@out/vectors-venv/bin/python -c 'import numpy; print("the same bytes with numpy", numpy.__version__)'

# Train what docs/experiments.md shows, and write it again; half an hour, and it can be interrupted.
experiments: $(INSTALLED)
	$(BIN)/python -m experiments run

# Change one thing at a time in each protocol module, and see that a test notices (hours; goes on
# where it was stopped).
mutants: $(INSTALLED)
	$(BIN)/python -m tools.mutants

# Measure every model again and write the figures into spec/manifest.json (for maintainers).
manifest: $(INSTALLED)
	$(BIN)/model-consensus verify --tier all --record
	$(BIN)/python -m tools.update_docs

# Draw the counterexamples of docs/theorems again.
diagrams: $(INSTALLED)
	for picture in docs/theorems/pictures/*.svg; do \
	  $(BIN)/model-consensus draw "$$(basename "$$picture" | cut -d. -f1)" --out out/diagrams && \
	  cp "out/diagrams/$$(basename "$$picture")" docs/theorems/pictures/ || exit 1; done

# The reference of the Python package, as HTML.
api: $(INSTALLED)
	$(BIN)/pdoc --output-directory out/api model_consensus '!model_consensus.__main__'

# Build wheel and sdist, install the wheel that the sdist gives into a clean environment without
# extras, and verify there; what needs an extra is said to be left out.
package: $(INSTALLED)
	rm -rf dist out/package
	$(BIN)/python -m build --outdir dist
	$(PYTHON) -m venv out/package
	out/package/bin/python -m pip install --quiet --disable-pip-version-check dist/*.tar.gz
	cd out/package && bin/model-consensus verify

clean:
	rm -rf $(VENV) out dist .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
