# Two commands on a fresh machine: `make demo` and `make test`. Everything goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Python compiles what is imported; compiling all 24,000 files of the libraries takes a minute.
INSTALL := $(BIN)/pip install --quiet --no-compile
export PATH := $(abspath $(BIN)):$(PATH)

.PHONY: demo test check docs setup system system-tests packages clean

demo: $(VENV)/.installed
	dvc repro
	python -m pipeline leaderboard

test: $(VENV)/.installed-tests check
	python -m pytest -n 2 --durations 20

check: $(VENV)/.installed-tests
	ruff check .
	ruff format --check .
	mypy

docs: $(VENV)/.installed-docs
	python -m sphinx --quiet --fail-on-warning --keep-going --nitpicky --fresh-env docs docs/_build
	@echo "Open docs/_build/index.html"

setup: $(VENV)/.installed

$(BIN)/python: | system
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(BIN)/python
	$(INSTALL) --requirement requirements.txt
	touch $@

# The requirements of the tests include those of the pipeline and of the docs: one resolution.
$(VENV)/.installed-tests: requirements.txt docs/requirements.txt tests/requirements.txt \
		tests/requirements-no-deps.txt | $(BIN)/python system-tests
	$(INSTALL) --requirement tests/requirements.txt
	$(INSTALL) --no-deps --requirement tests/requirements-no-deps.txt
	touch $(VENV)/.installed $(VENV)/.installed-docs $@

$(VENV)/.installed-docs: docs/requirements.txt $(VENV)/.installed
	$(INSTALL) --requirement docs/requirements.txt
	touch $@

# Debian's Python comes without venv. Everything else is installed from PyPI.
system:
	@$(PYTHON) -c "import ensurepip" 2>/dev/null || $(MAKE) --no-print-directory packages \
		PACKAGES=python3-venv

# One corruption outside the default sets, motion_blur_magick, needs ImageMagick. The tests read shards with torchcodec, which needs the system's FFmpeg libraries, and open the report's
# page in Chromium.
system-tests:
	@command -v chromium >/dev/null || $(MAKE) --no-print-directory packages \
		PACKAGES="chromium fonts-liberation"
	@/sbin/ldconfig -p | grep -q libavdevice || $(MAKE) --no-print-directory packages \
		PACKAGES="libavdevice59 libavfilter8"
	@/sbin/ldconfig -p | grep -q libMagickWand || $(MAKE) --no-print-directory packages \
		PACKAGES=libmagickwand-6.q16-6

packages:
	@if [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends $(PACKAGES); \
	else \
		echo "Please install these system packages, then run make again: $(PACKAGES)" >&2; exit 1; \
	fi

# Only what the stages wrote: videos, annotations and weights below data/ stay.
clean:
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m pipeline clean; \
		else echo "Nothing to clean: no $(VENV)."; fi
