#!/usr/bin/env bash
# Prints how many percent of the lines of P2PShare.Transfer the unit tests run by themselves.
# Usage: tools/coverage.sh [minimum]      exit code 1: tests failed, or fewer percent than the minimum
set -euo pipefail
cd "$(dirname "$0")/.."
minimum=${1:-0}
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

configuration=DataCollectionRunSettings.DataCollectors.DataCollector.Configuration
# Code that the compiler's generators write (messages of the log, native calls) does not count.
code=0
dotnet test tests/Unit -c Release --collect "XPlat Code Coverage" --results-directory "$results" -- \
    "$configuration.Include=[P2PShare.Transfer]*" "$configuration.ExcludeByFile=**/obj/**" "$configuration.ExcludeByAttribute=GeneratedCodeAttribute" >&2 || code=$?

report=$(find "$results" -name coverage.cobertura.xml | head -n 1)
[ -n "$report" ] || { echo "coverage.sh: the tests left no report; see above." >&2; exit 1; }
attribute() { grep -o "<coverage [^>]*>" "$report" | grep -o " $1=\"[0-9]*\"" | tr -cd '0-9'; }
covered=$(attribute lines-covered)
valid=$(attribute lines-valid)
[ "${valid:-0}" -gt 0 ] || { echo "coverage.sh: the report has no line of P2PShare.Transfer." >&2; exit 1; }
percent=$(awk -v covered="$covered" -v valid="$valid" 'BEGIN { printf "%.1f", 100 * covered / valid }')
echo "P2PShare.Transfer: $percent % of the lines are covered by tests/Unit ($covered of $valid)"
awk -v percent="$percent" -v minimum="$minimum" 'BEGIN { exit percent < minimum }' || { echo "coverage.sh: less than $minimum %" >&2; exit 1; }
exit $code
