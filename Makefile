# Thin: each line is what one would type.
.PHONY: setup demo test test-cuda sanitize-cuda test-sanitize test-clang fuzz bench bench-cuda compare compare-cuda interop compile-time format tidy
setup:
	@scripts/setup.sh
demo: setup
	cmake --preset host
	cmake --build --preset host --target demo
	build/host/examples/demo --out out/demo
test: setup
	cmake --workflow --preset test
test-cuda: setup
	cmake --preset cuda
	cmake --build --preset cuda --target berl_tests_cuda
	ctest --preset cuda --tests-regex '^cuda/'
sanitize-cuda: setup
	cmake --preset cuda
	cmake --build --preset cuda --target $@
test-sanitize: setup
	@scripts/setup.sh sanitize
	cmake --workflow --preset sanitize
test-clang: setup
	@scripts/setup.sh clang
	cmake --workflow --preset clang
fuzz:
	@scripts/setup.sh sanitize
	cmake --preset sanitize -D BERL_FUZZ_SECONDS=$(or $(SECONDS),60)
	cmake --build --preset sanitize --target fuzz
bench compile-time: setup
	cmake --preset host
	cmake --build --preset host --target $@
bench-cuda: setup
	cmake --preset cuda
	cmake --build --preset cuda --target $@
compare: setup
	@scripts/compare.sh
compare-cuda: setup
	@scripts/compare.sh cuda
interop: setup
	@scripts/interop.sh
format tidy: setup
	@scripts/setup.sh tools
	cmake --preset host
	cmake --build --preset host --target $@
