#!/usr/bin/env bash
# Writes the golden files in test/golden anew by running Kafka Streams (Java 17 and Maven are needed).
set -euo pipefail
cd "$(dirname "$0")/.."
build="$(mktemp -d)"
trap 'rm -rf "$build"' EXIT
mvn -q -B -f test/oracle/pom.xml -DbuildDirectory="$build" \
  dependency:copy-dependencies -DoutputDirectory="$build/libs" -DincludeScope=runtime
mkdir -p "$build/classes"
javac -proc:none -d "$build/classes" -cp "$build/libs/*" test/oracle/src/main/java/oracle/*.java
rm -rf test/golden/describe test/golden/behaviour
java -cp "$build/classes:$build/libs/*" oracle.Main test/golden
