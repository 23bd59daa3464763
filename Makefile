# make audit [MODEL=name|file]   audit a network (the bundled one by default) and print where the report lies
# make test                      lint, types, doctests and tests
# make test-paper                compile the bundle for a paper at the width of each venue; says so where TeX is missing
# make test-peers                compare with WeightWatcher 0.7.7, in .venv-peers
# make test-browser              axe-core on a report in the system's Chromium; skips, and says so, without one
# make bench                     time and memory beside WeightWatcher 0.7.7, into reports/benchmark
# make rung-costs                what each rung of the ladder costs, into the same page: minutes
# make line-costs                the exact line beside dense sampling, into the same page: minutes
# make gpu-check                 figures and times on this machine's GPU beside the CPU's; says so where there is none
# make fuzz [CASES=2000 SEED=0]  damaged files of every format: minutes; goes on where it was
# make test-slow                 the tests that take minutes: a checkpoint of 200 layers, 4096 wide
# make curves DATA=folder        train them with every epoch kept, and draw each claim and the linear regions over the epochs
# make shadow-study DATA=folder  when shadow training helps: hours, run by run; goes on where it was
# make train-zoo DATA=folder TEXTS=file   train the bundled networks again, and copy them into model_zoo/
# make samples                   rewrite the committed sample reports
# make pages                     make every committed page again from its JSON, after a change of the layout
# make docs                      make again what docs/, the README and the JSON Schema take from the code
# make calibrate [JOBS=2]        measure false alarms and power of the analyses: about an hour
# make initialisation            from which step of training a network is seen to be trained: minutes
# make geometry-claims           false alarms and power of the analyses of a network's geometry: minutes
# make injectivity               how many Gaussian layers are injective, by their rows an input: minutes
# make comparison                how often is a word of compare right, and the committed comparisons: minutes
# make survey WHEELS=folder      audit the layers of published networks: minutes
# make truncation DATA=folder    train the residual network, and leave out its last blocks: 20 minutes
# make recurrent TEXTS=file      networks that read film reviews: an hour on one core; goes on where it was
# make theory                    run the study of the theory again, into reports/theory: minutes

PYTHON ?= python3
MODEL ?= mnist-mlp
DATA ?= data
TEXTS ?= $(DATA)
JOBS ?= 2
CASES ?= 2000
SEED ?= 0
CURVES := mnist-mlp cifar10-mlp alexnet-cifar10
ZOO := $(CURVES) cifar10-resmlp
TEXT_ZOO := imdb-gru
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint .ci/constraints.txt

.PHONY: audit docs test fuzz test-slow test-paper test-peers test-browser lint samples pages calibrate initialisation comparison geometry-claims injectivity survey recurrent truncation theory bench rung-costs line-costs gpu-check curves shadow-study train-zoo clean

audit: .venv/installed
	$(BIN)/netaudit audit $(MODEL)

test: .venv/installed-test lint
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

test-slow: .venv/installed-test
	$(BIN)/python -m pytest -m slow

test-paper: .venv/installed-test
	if command -v pdflatex >/dev/null && command -v bibtex >/dev/null; then $(BIN)/python -m pytest -m paper tests/paper; \
	else echo "skipped: pdflatex is not installed (Debian: texlive-latex-base, texlive-latex-recommended)"; fi

test-peers: .venv/installed-test .venv-peers/installed
	NETAUDIT_PEERS_PYTHON=$(CURDIR)/.venv-peers/bin/python $(BIN)/python -m pytest -m peer tests/peers

test-browser: .venv/installed-test .venv-browser/installed
	NETAUDIT_AXE=$$(find $(CURDIR)/.venv-browser -name axe.min.js) $(BIN)/python -m pytest -m browser tests/browser

fuzz: .venv/installed-test
	OMP_NUM_THREADS=1 PYTHONPATH=tests $(BIN)/python -m fuzz --cases $(CASES) --seed $(SEED) --jobs $(JOBS)

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

samples: .venv/installed
	for name in $(notdir $(wildcard model_zoo/*)); do \
		$(BIN)/netaudit audit $$name --device cpu --no-run-file --out reports/samples/$$name || exit 1; \
	done
	$(BIN)/python -m netaudit.studies.sample_page reports/samples/mnist-mlp

pages: .venv/installed
	$(BIN)/python -m netaudit.studies.pages

docs: .venv/installed
	$(BIN)/python -m netaudit.analyses.shipped_schema
	$(BIN)/python -m netaudit.comparing.shipped_schema
	$(BIN)/python -m netaudit.studies.docs

calibrate: .venv/installed
	$(BIN)/netaudit study calibration --jobs $(JOBS)

bench: .venv/installed .venv-peers/installed
	$(BIN)/python -m netaudit.studies.benchmark.run --peer-python .venv-peers/bin/python

rung-costs: .venv/installed
	$(BIN)/python -m netaudit.studies.benchmark.rungs

line-costs: .venv/installed
	$(BIN)/python -m netaudit.studies.benchmark.lines

gpu-check: .venv/installed
	$(BIN)/python -m netaudit.studies.benchmark.gpu_check

initialisation: .venv/installed
	$(BIN)/netaudit study initialisation --jobs $(JOBS)

geometry-claims: .venv/installed
	$(BIN)/netaudit study geometry-claims --jobs $(JOBS)

injectivity: .venv/installed
	$(BIN)/netaudit study injectivity --jobs $(JOBS)

comparison: .venv/installed
	$(BIN)/netaudit study comparison --jobs $(JOBS)
	$(BIN)/python -m netaudit.studies.comparison.samples

survey: .venv/installed
	$(BIN)/netaudit study survey $(if $(WHEELS),--wheels $(WHEELS)) $(addprefix --run ,$(RUNS))

truncation: .venv/installed
	$(BIN)/netaudit train cifar10-resmlp --data-root $(DATA) --keep-epochs --device cpu --out trained/cifar10-resmlp
	$(BIN)/netaudit study truncation trained/cifar10-resmlp --device cpu

recurrent: .venv/installed
	$(BIN)/netaudit study recurrent --data-root $(TEXTS) --jobs $(JOBS)

theory: .venv/installed
	$(BIN)/netaudit study theory --device cpu --out reports/theory --no-run-file

shadow-study: .venv/installed
	$(BIN)/netaudit study shadow-training --data-root $(DATA) --jobs $(JOBS)

curves: .venv/installed
	for name in $(CURVES); do \
		$(BIN)/netaudit train $$name --data-root $(DATA) --keep-epochs --device cpu --out trained/$$name || exit 1; \
	done
	$(BIN)/netaudit study curves $(addprefix trained/,$(CURVES)) --device cpu
	$(BIN)/netaudit study linear-regions $(addprefix trained/,$(CURVES)) --device cpu

train-zoo: .venv/installed
	for name in $(ZOO); do \
		$(BIN)/netaudit train $$name --data-root $(DATA) --keep-epochs --out trained/$$name && \
		mkdir -p model_zoo/$$name && \
		cp trained/$$name/model.safetensors trained/$$name/card.json trained/$$name/sample.npz model_zoo/$$name/ || exit 1; \
	done
	for name in $(TEXT_ZOO); do \
		$(BIN)/netaudit train $$name --data-root $(TEXTS) --device cpu --out trained/$$name && \
		mkdir -p model_zoo/$$name && \
		cp trained/$$name/model.safetensors trained/$$name/card.json trained/$$name/sample.npz \
			trained/$$name/vocabulary.txt model_zoo/$$name/ || exit 1; \
	done

clean:
	rm -rf .venv .venv-peers .venv-browser

# Each stamp is newer than pyproject.toml once its install has finished, so a second run installs nothing.
.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "netaudit needs Python 3.11 or newer; make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml .ci/constraints.txt | .venv/bin/python
	$(PIP) --editable .
	touch $@

.venv/installed-test: .venv/installed
	$(PIP) --editable '.[test]'
	touch $@

.venv-peers/installed: .ci/constraints.txt | .venv/bin/python
	.venv/bin/python -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --constraint .ci/constraints.txt \
		weightwatcher==0.7.7 torch
	touch $@

# axe-core comes in this package; nothing else of it is used
.venv-browser/installed: | .venv/bin/python
	.venv/bin/python -m venv .venv-browser
	.venv-browser/bin/python -m pip install --quiet --disable-pip-version-check --no-deps axe-playwright-python==0.1.8
	touch $@
