#!/usr/bin/env bash
# Fuzzes one decoder with AFL++ and SharpFuzz: tests/Fuzz/run.sh frames|tickets|claims SECONDS [FOLDER]. By hand, not in CI.
# It needs afl-fuzz (Debian: apt-get install afl++). Findings are in FOLDER/out/default/crashes;
# 'dotnet run --project tests/Fuzz -- TARGET run FILE' tries one again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=${1:?which target: frames, tickets or claims}
seconds=${2:?for how many seconds}
folder=${3:-$here/bin/fuzz-$target}
version=$(sed -n 's/.*"SharpFuzz" Version="\([^"]*\)".*/\1/p' "$here/../../Directory.Packages.props")
command -v afl-fuzz >/dev/null || { echo "afl-fuzz is missing: apt-get install afl++" >&2; exit 2; }

dotnet build "$here" -c Release -v q --nologo -o "$folder/program"
# Before the assembly is instrumented: afterwards it runs only under the fuzzer.
mkdir -p "$folder/in"
dotnet "$folder/program/P2PShare.Fuzz.dll" "$target" seeds "$folder/in"
dotnet tool list --tool-path "$here/bin/tools" 2>/dev/null | grep -q sharpfuzz || dotnet tool install SharpFuzz.CommandLine --tool-path "$here/bin/tools" --version "$version"
"$here/bin/tools/sharpfuzz" "$folder/program/P2PShare.Protocol.dll"

# The runtime starts in less than a second; its threads and its memory are not those that AFL expects of a small C program.
export AFL_SKIP_BIN_CHECK=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_SKIP_CPUFREQ=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1
exec afl-fuzz -i "$folder/in" -o "$folder/out" -t 5000+ -m none -V "$seconds" -- dotnet "$folder/program/P2PShare.Fuzz.dll" "$target"
