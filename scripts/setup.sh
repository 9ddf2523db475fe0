#!/bin/sh
# Installs what berl's own build needs and is missing: `setup.sh [clang] [sanitize] [tools]`. Does nothing when all is there.
set -eu
need="g++ make cmake ninja-build libeigen3-dev libxtensor-dev doctest-dev libbenchmark-dev libpng-dev
  nlohmann-json3-dev libtomlplusplus-dev libcli11-dev libfmt-dev"
for extra in "$@"; do
  case $extra in
    clang) need="$need clang-16 libomp-16-dev" ;;
    sanitize) need="$need clang-16 libomp-16-dev libclang-rt-16-dev" ;;
    tools) need="$need clang-format-16 clang-tidy-16" ;;
    *) echo "setup.sh: unknown word '$extra'; clang, sanitize and tools are known." >&2; exit 2 ;;
  esac
done

family=
if [ -r /etc/os-release ]; then family=$(. /etc/os-release; echo "$ID ${ID_LIKE:-}"); fi
case " $family " in
  *" ubuntu "*) need="$need libjpeg-turbo8-dev" ;;
  *" debian "*) need="$need libjpeg62-turbo-dev" ;;
  *)
    cat >&2 <<END
setup: this is not Debian or Ubuntu, so nothing is installed. berl's own build needs, by whatever names your system has:
  a C++20 compiler (g++ 12, clang 16 or later), CMake 3.25, Ninja, libjpeg-turbo and libpng;
  Eigen 3.4, xtensor 0.24, doctest 2.4, Google Benchmark 1.7, nlohmann-json 3.11, toml++ 3.3, CLI11 2.1 and fmt 9,
  which CMake fetches where they are missing. Using the core headers needs the compiler alone.
END
    exit 0 ;;
esac

missing=
for package in $need; do
  case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true) in
    *"ok installed") ;;
    *) missing="$missing $package" ;;
  esac
done
if [ -z "$missing" ]; then exit 0; fi

sudo=
if [ "$(id -u)" -ne 0 ]; then sudo=sudo; fi
echo "setup: installing$missing"
$sudo apt-get update -qq
known=
for package in $missing; do  # an older system may lack one: CMake then fetches it
  if apt-cache show "$package" >/dev/null 2>&1; then known="$known $package"; else echo "setup: no package $package here"; fi
done
if [ -n "$known" ]; then
  # shellcheck disable=SC2086
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $known
fi
