# The two commands of the README are `make run` and `make test`. Each sets up what it needs first.
# Everything is built by CMake and Ninja; this file only knows the ways to call them.

PREFIX ?= /usr/local
DESTDIR ?=
BUILD_TYPE ?= RelWithDebInfo

# More than processors, because many tests wait for a timer or for another program.
TEST_JOBS ?= 4

# Directory, build type, more options.
configure = cmake -S . -B $(1) -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=$(2) \
	-DCMAKE_INSTALL_PREFIX=$(PREFIX) -DDGRAM_WERROR=ON $(3)

# A build for running needs no cmocka, so the first one leaves the tests out. Once `make test` has
# put them in, they stay.
without_tests = $(if $(wildcard build/CMakeCache.txt),,-DDGRAM_BUILD_TESTS=OFF)

with_tests = -DDGRAM_BUILD_TESTS=ON -DDGRAM_BUILD_NODE=ON

# Asserts are on, and the optimiser leaves readable stacks.
checking = '-DCMAKE_C_FLAGS_DEBUG=-O1 -g'

sources = $(shell find include src cli examples bench test -name '*.[ch]')

BENCH_FLAGS ?=

.PHONY: all run test test-node-all soak bench bench-cluster bench-node node-package install asan tsan coverage format tidy clean

all:
	@scripts/setup --check run
	@$(call configure,build,$(BUILD_TYPE),$(without_tests))
	@cmake --build build

run:
	@scripts/setup run
	@$(call configure,build,$(BUILD_TYPE),$(without_tests))
	@cmake --build build --target dgram_command
	@echo "Send to it from another shell:  printf hello | nc -u -w1 127.0.0.1 41234"
	@exec build/bin/dgram listen 41234

test:
	@scripts/setup test
	@$(call configure,build,$(BUILD_TYPE),$(with_tests) -DDGRAM_BUILD_BENCH=ON)
	@cmake --build build
	@scripts/run-tests build -j$(TEST_JOBS)

# The npm package's tests once more, on each Node that it is for. They come from the npm registry.
test-node-all:
	@scripts/setup test
	@$(call configure,build,$(BUILD_TYPE),$(with_tests))
	@cmake --build build --target dgram_addon
	@scripts/node-versions build
	@scripts/run-tests build -C all-nodes -L '^(node|all-nodes)$$' -j$(TEST_JOBS)

# How fast it is, against the bare kernel and its peers: bench/README.md. BENCH_FLAGS='--quick'.
bench:
	@scripts/setup bench
	@$(call configure,build,$(BUILD_TYPE),$(without_tests) -DDGRAM_BUILD_BENCH=ON)
	@cmake --build build --target bench_programs
	@python3 bench/run.py --build build --json build/bench.json --chart docs/bench/speed.svg $(BENCH_FLAGS)

# The npm package against node:dgram: node/README.md. BENCH_FLAGS='--node PATH --node PATH'.
bench-node:
	@scripts/setup bench
	@scripts/setup node
	@$(call configure,build,$(BUILD_TYPE),$(without_tests) -DDGRAM_BUILD_BENCH=ON -DDGRAM_BUILD_NODE=ON)
	@cmake --build build --target bench_programs dgram_addon
	@python3 node/bench/run.py --build build --json build/bench-node.json --chart docs/bench/node.svg $(BENCH_FLAGS)

# The npm package as it is published, into build/node-package: node/BUILDING.md.
node-package:
	@scripts/setup node
	@scripts/node-package build/node-package

# What a cluster of workers costs and brings: bench/cluster.c.
bench-cluster:
	@scripts/setup bench
	@$(call configure,build,$(BUILD_TYPE),$(without_tests) -DDGRAM_BUILD_BENCH=ON)
	@cmake --build build --target bench_cluster
	@build/bench/bench-cluster bind
	@build/bench/bench-cluster echo

# Long runs, each by itself; minutes.
soak:
	@scripts/setup test
	@$(call configure,build,$(BUILD_TYPE),-DDGRAM_BUILD_TESTS=ON)
	@cmake --build build
	@scripts/run-tests build -C soak -L soak
	@$(call configure,build-asan,Debug,$(checking) -DDGRAM_SANITIZE=address -DDGRAM_BUILD_NODE=ON)
	@cmake --build build-asan --target dgram_addon
	@scripts/run-tests --fixed-addresses build-asan -C soak -R '^node/'

install: all
	@DESTDIR='$(DESTDIR)' cmake --install build
	@# Programs find a new library in a system directory only after this.
	@if [ -z '$(DESTDIR)' ] && [ "$$(id -u)" = 0 ] && command -v ldconfig >/dev/null; then ldconfig; fi

asan:
	@scripts/setup test
	@$(call configure,build-asan,Debug,$(checking) -DDGRAM_SANITIZE=address)
	@cmake --build build-asan
	@scripts/run-tests --fixed-addresses build-asan -j$(TEST_JOBS)

tsan:
	@scripts/setup test
	@$(call configure,build-tsan,Debug,$(checking) -DDGRAM_SANITIZE=thread)
	@cmake --build build-tsan
	@scripts/run-tests --fixed-addresses build-tsan -j$(TEST_JOBS)

coverage:
	@scripts/setup coverage
	@$(call configure,build-coverage,Debug,'-DCMAKE_C_FLAGS_DEBUG=-O0 -g' -DDGRAM_COVERAGE=ON)
	@cmake --build build-coverage
	@find build-coverage -name '*.gcda' -delete
	@status=0; scripts/run-tests build-coverage -j$(TEST_JOBS) || status=$$?; \
	gcovr --root . --filter src/ --object-directory build-coverage build-coverage; exit $$status

format:
	@scripts/setup lint
	@clang-format -i $(sources)

tidy:
	@scripts/setup lint
	@$(call configure,build,$(BUILD_TYPE),-DDGRAM_BUILD_TESTS=ON -DDGRAM_BUILD_BENCH=ON)
	@clang-tidy --quiet -p build $(filter src/% cli/% examples/% bench/%,$(filter %.c,$(sources)))

clean:
	@rm -rf build build-asan build-tsan build-coverage
