#!/usr/bin/env bash
# Checks the tracker's OpenAPI description: starts a tracker on a free loopback port, fetches the description, lints it with two
# linters, generates a TypeScript client from it and compiles that. Exit code 0 if all of it is right.
# Needs bash, curl, node with npm, and the tracker, built before in the configuration that $CONFIGURATION names (Debug).
set -euo pipefail
cd "$(dirname "$0")"

for program in curl node npm dotnet; do
    command -v "$program" >/dev/null || { echo "openapi: $program was not found; it is needed for this check." >&2; exit 1; }
done

tracker=../../src/P2PShare.TrackerHost/bin/${CONFIGURATION:-Debug}/net10.0/P2PShare.TrackerHost.dll
[ -f "$tracker" ] || { echo "openapi: there is no $tracker: build the tracker first, or set CONFIGURATION." >&2; exit 1; }

folder=$(mktemp -d)
process=
finish() {
    [ -z "$process" ] || { kill -TERM "$process" 2>/dev/null; wait "$process" 2>/dev/null || true; }
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Exactly the versions of the lock file, unless they are there; no package runs a script.
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --ignore-scripts --loglevel=error

# A port that is taken already is left for another one.
address=
for _ in 1 2 3 4 5; do
    echo "127.0.0.1:$((20000 + RANDOM % 12000))" >"$folder/tracker_info.txt"
    (cd "$folder" && exec dotnet "$OLDPWD/$tracker" tracker_info.txt 1 "--Tracker:DataPath=$folder/data") >"$folder/output" 2>"$folder/error" &
    process=$!
    for _ in $(seq 300); do
        address=$(sed -n 's/^listening: //p' "$folder/output")
        [ -z "$address" ] && kill -0 "$process" 2>/dev/null || break
        sleep 0.1
    done
    [ -z "$address" ] || break
    grep -q 'is in use' "$folder/error" || break
done
[ -n "$address" ] || { cat "$folder/error" >&2; echo "openapi: the tracker did not listen within 30 seconds." >&2; exit 1; }

mkdir -p generated
# Its own certificate, on this machine.
curl --silent --show-error --fail --insecure --noproxy '*' --max-time 30 --output generated/openapi.json "$address/openapi/v1.json"

export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
npx --no-install redocly lint --max-problems 50 generated/openapi.json
npx --no-install spectral lint --fail-severity warn generated/openapi.json
npx --no-install openapi-typescript generated/openapi.json --output generated/tracker.ts
npx --no-install tsc --project tsconfig.json
echo "openapi: ok"
