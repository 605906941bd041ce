# make            build and stage everything into $(DIST)
# make demo       record a program that hangs, kill it, explain it
# make test       stage, run every test, check the format of the sources
# make bench      measure; ONLY=record|stalls|rate|lttng|ring|analyze|asyncio|threads|swift runs a part, PEERS="echo" adds other tools
# make suites     test suites of others, recorded and not; SUITES="asyncio@3.12 …" chooses
# make real       hangs of real packages, in virtual environments; needs Redis, PostgreSQL, NATS
# make oracle     compare verdicts with a search through all that can happen in small worlds; WORLDS=100000
# make losses     record the samples of asyncio, and analyze them without each event, block and thread
# make servers    hangs of Swift servers on SwiftNIO and Hummingbird; minutes to build, two configurations
# make fuzz       feed libFuzzer's inputs to reader and analysis; MINUTES=10
# make soak       servers under load, recorded; MINUTES=10
# make kills      a recorded process is killed a thousand times
# make install    PREFIX=/usr/local, DESTDIR for packagers
# SCRATCH=…       another folder to build in

SCRATCH ?= .build
DIST    ?= $(SCRATCH)/dist
PREFIX  ?= /usr/local
SWIFT   ?= swift
ONLY    ?=
SUITES  ?=
CASES   ?=
MINUTES ?= 10
WORLDS  ?= 100000
LIMIT   ?= 2000
SOME    ?=

BUILD    = $(SWIFT) build -c release --scratch-path
# The tool carries its own standard library; what is loaded into other programs needs none.
TOOL     = $(SCRATCH)/tool
EMBEDDED = $(SCRATCH)/embedded
PYTHON_SOURCES = Sources/AsyncioProbe/python

.PHONY: all tool embedded stage demo test lint bench suites real servers oracle oracle-tool losses losses-recorded fuzz soak kills install clean deps deps-of-tests

all: stage

deps:
	@sh .ci/deps

deps-of-tests:
	@sh .ci/deps tests

tool: deps
	$(BUILD) $(TOOL) --static-swift-stdlib -Xlinker --strip-all --product coroner

embedded: deps
	$(BUILD) $(EMBEDDED) --product coroner-recorder
	$(BUILD) $(EMBEDDED) --product coroner-asyncio
	$(BUILD) $(EMBEDDED) --product coroner-swift

stage: tool embedded
	rm -rf $(DIST).new
	mkdir -p $(DIST).new/bin $(DIST).new/lib/coroner/python/coroner_asyncio
	mkdir -p $(DIST).new/include
	install -m 644 Sources/TraceABI/include/coroner.h $(DIST).new/include/
	install -m 755 $(TOOL)/release/coroner $(DIST).new/bin/coroner
	install -m 755 $(EMBEDDED)/release/libcoroner-recorder.so \
	  $(DIST).new/lib/coroner/libcoroner.so
	install -m 755 $(EMBEDDED)/release/libcoroner-swift.so $(DIST).new/lib/coroner/
	install -m 755 $(EMBEDDED)/release/libcoroner-asyncio.so \
	  $(DIST).new/lib/coroner/python/coroner_asyncio/_coroner_probe.so
	install -m 644 $(PYTHON_SOURCES)/sitecustomize.py $(DIST).new/lib/coroner/python/
	install -m 644 $(PYTHON_SOURCES)/coroner_asyncio/*.py \
	  $(DIST).new/lib/coroner/python/coroner_asyncio/
	rm -rf $(DIST)
	mv $(DIST).new $(DIST)

demo: stage
	@$(DIST)/bin/coroner demo

test: deps-of-tests stage oracle-tool
	$(TOOL)/release/oracle quick
	@$(MAKE) --no-print-directory losses-recorded SOME="12 1" LIMIT=200
	CORONER_DIST=$(abspath $(DIST)) \
	CORONER_LIBRARY=$(abspath $(DIST))/lib/coroner/libcoroner.so \
	  $(SWIFT) test --disable-xctest --scratch-path $(SCRATCH)
	@$(MAKE) --no-print-directory lint

lint:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests

bench: stage
	CORONER_DIST=$(abspath $(DIST)) PEERS="$(PEERS)" sh Tests/Benchmarks/run $(ONLY)

suites: stage
	python3 Tests/Suites/run.py --coroner $(DIST)/bin/coroner $(SUITES)

kills: stage
	KILLS=1000 CORONER_LIBRARY=$(abspath $(DIST))/lib/coroner/libcoroner.so \
	  $(SWIFT) test --disable-xctest --scratch-path $(SCRATCH) --filter 'killed process'

soak: stage
	python3 Tests/Soak/soak.py --coroner $(DIST)/bin/coroner --minutes $(MINUTES)

oracle-tool: deps
	$(BUILD) $(TOOL) --static-swift-stdlib -Xlinker --strip-all --product oracle

oracle: oracle-tool
	$(TOOL)/release/oracle $(WORLDS)

losses: stage oracle-tool losses-recorded

# SOME: how many of them at random, and the seed.
losses-recorded:
	rm -rf $(SCRATCH)/recorded && mkdir -p $(SCRATCH)/recorded
	python3 Tests/Oracle/record.py $(DIST)/bin/coroner $(SCRATCH)/recorded $(SOME) > $(SCRATCH)/recorded/list
	$(TOOL)/release/oracle losses $(LIMIT) $$(cat $(SCRATCH)/recorded/list)

fuzz: deps
	CORONER_FUZZ=1 $(BUILD) $(SCRATCH)/fuzz --sanitize fuzzer --product fuzz
	mkdir -p $(SCRATCH)/fuzzed
	SWIFT_BACKTRACE=enable=no $(SCRATCH)/fuzz/release/fuzz $(SCRATCH)/fuzzed Tests/FuzzTests/Corpus \
	  -max_total_time=$$(($(MINUTES) * 60)) -rss_limit_mb=700 -timeout=25 -max_len=30000

real: stage
	python3 Tests/Real/run.py --coroner $(DIST)/bin/coroner --controls $(CASES)

servers: stage
	python3 Tests/Real/servers.py --coroner $(DIST)/bin/coroner $(CASES)

install: stage
	mkdir -p $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib
	install -m 755 $(DIST)/bin/coroner $(DESTDIR)$(PREFIX)/bin/coroner
	mkdir -p $(DESTDIR)$(PREFIX)/include
	install -m 644 $(DIST)/include/coroner.h $(DESTDIR)$(PREFIX)/include/coroner.h
	rm -rf $(DESTDIR)$(PREFIX)/lib/coroner
	cp -R $(DIST)/lib/coroner $(DESTDIR)$(PREFIX)/lib/coroner

clean:
	rm -rf $(SCRATCH)
