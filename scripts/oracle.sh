#!/usr/bin/env bash
# Runs Kafka Streams to write the golden files in test/golden (a JDK of 17 or newer is needed, and Maven at first).
#
#   scripts/oracle.sh                    writes all of them anew
#   scripts/oracle.sh --only <family>    writes those of the case classes whose names contain this; removes none
#   scripts/oracle.sh --check [<folder>] writes none; fails where they are not what Kafka Streams gives
#   scripts/oracle.sh --check <folder> <given>
#                                        the same against what --out has written to a folder
#   scripts/oracle.sh --out <folder>     writes to another folder
#   scripts/oracle.sh --options          compiles, and prints the options with which java runs it, one a line
#
# Libraries and classes are kept in .cache under the hashes of what they come of, so that only the first run is slow.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=write
out=test/golden
family=
given=
case "${1:-}" in
  '') ;;
  --only) family="$2" ;;
  --check) mode=check out="${2:-$out}" given="${3:-}" ;;
  --out) mode=out out="$2" ;;
  --options) mode=options ;;
  *) echo "unknown argument: $1" >&2 && exit 2 ;;
esac

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

hash_of() { cat "$@" | sha256sum | cut -c 1-16; }

# Puts a folder where it is kept; another run that was faster has put the same files there.
keep() {
  mkdir -p "$(dirname "$2")"
  mv -T "$1" "$2" 2>/dev/null || [ -d "$2" ]
}

# Fails where the golden files are not those of the given folder.
check() {
  if ! diff -r -q -x README.md -x random "$out" "$1" >"$work/differences"; then
    echo "$out is not what Kafka Streams gives; run scripts/oracle.sh and commit what it writes:" >&2
    sed "s#$1#Kafka Streams#g" "$work/differences" >&2
    diff -r -u -x README.md -x random "$out" "$1" | head -n 60 >&2 || true
    exit 1
  fi
  echo "$out is what Kafka Streams gives: $(find "$1" -type f | wc -l) files"
}

if [ -n "$given" ]; then
  check "$given"
  exit 0
fi

libraries="$PWD/.cache/maven/oracle-$(hash_of test/oracle/pom.xml)"
if [ ! -d "$libraries" ]; then
  mvn -q -B -f test/oracle/pom.xml -DbuildDirectory="$work/maven" \
    dependency:copy-dependencies -DoutputDirectory="$work/libraries" -DincludeScope=runtime >&2
  keep "$work/libraries" "$libraries"
fi

sources=(test/oracle/src/main/java/oracle/*.java)
classes="$PWD/.cache/oracle/$(hash_of test/oracle/pom.xml "${sources[@]}")"
if [ ! -d "$classes" ]; then
  javac -proc:none -Xlint:-options -nowarn -d "$work/classes" -cp "$libraries/*" "${sources[@]}"
  keep "$work/classes" "$classes"
  find "$PWD/.cache/oracle" -mindepth 1 -maxdepth 1 -mtime +1 -exec rm -rf {} +
fi

java_options=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -cp "$classes:$libraries/*")
# Each case opens and removes some stores, which takes most of the time where a disk has to write them.
free_kilobytes="$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }' || true)"
if [ -w /dev/shm ] && [ "${free_kilobytes:-0}" -gt 500000 ]; then
  java_options+=(-Djava.io.tmpdir=/dev/shm)
fi

if [ "$mode" = options ]; then
  printf '%s\n' "${java_options[@]}"
  exit 0
fi

java "${java_options[@]}" oracle.Main "$work/golden" ${family:+"$family"}
find "$work/golden" -mindepth 1 -type d -empty -delete

case "$mode" in
  check) check "$work/golden" ;;
  *)
    if [ -z "$family" ]; then
      # Families come and go, and so may whole folders of what is written.
      mkdir -p "$out"
      find "$out" -mindepth 1 -maxdepth 1 ! -name random ! -name README.md -exec rm -rf {} +
    fi
    mkdir -p "$out"
    cp -r "$work/golden/." "$out"
    if [ "$mode" = write ]; then npx tsx scripts/oracle-table.ts; fi
    ;;
esac
