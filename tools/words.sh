#!/usr/bin/env bash
# Fails if a name that was given up is back: in an identifier, a file's name, an option, a message, a JSON member or a page.
# Usage: tools/words.sh [folder]      the folder of the repository; exit code 1: a line for each find
set -euo pipefail
root=${1:-$(dirname "$0")/..}
cd "$root"
export LC_ALL=C.UTF-8

everywhere=(src tests bench module docs deploy samples)
# What may have them: released migrations and their test, the one table of old setting names with the warning about each, and this script's tests.
kept='/Migrations/[0-9]{4}_[a-z_]+\.sql|/OldSettingNames\.cs|tests/Integration/(WordsTests|TrackerHost/MigrationTests)\.cs'

# What was given up (an extended regular expression, matched by case) ; what is said instead ; where (default: everywhere).
words() {
    cat <<'TABLE'
[Ss]igns?[ _-]?[Oo]f[ _-]?[Ll]ife ; Heartbeat
\b[Aa]skedForPeace\b|\b[Ll]ongestPeace\b|\basked for peace\b|\blongest peace\b ; RetryAfter, MaxRetryAfter
\b(Tracker|Database)Away|\b([Ii]s|[Aa]re|[Ww]as|[Ww]ere) away\b|_is_away\b ; unavailable
[Ee]nded[ _-]?[Aa]ccess ; Revocation
\bFirstCopy\b|\b_?firstCopy\b|\bTryGive|\bHoldBack|\bHeldBack ; SuperSeeding, TryAssign, Defer
\bFindLiars ; FindCorruptSenders
\bGiveBack|\bTakeBack ; Requeue, Cancel ; src/P2PShare.Transfer tests/Unit/Transfer
\bForget\(|\bAnswered\( ; Release, TryCompleteRequest ; src/P2PShare.Transfer/Downloading
\bPart\b ; BlockRequest ; src/P2PShare.Transfer/Downloading src/P2PShare.Transfer/Connections
\bHaveBatch\b|\bPieceBudget\b ; HaveCoalescer, PieceMemoryBudget
\bHolding\b ; Announcement ; src/P2PShare.Protocol src/P2PShare.Transfer src/P2PShare.TrackerHost
\bTrackerList\b ; TrackerFailover
\bReceiver\b ; DownloadBatch ; src
\bContest\b|\bcontest\b ; Comparison ; src bench
\bSpeaker\b ; OutputPrefix
\bKnockAsync\b|\bKnock\( ; ProbeAsync
\b_?[Ii]sPatient\b ; RetryAcrossTrackers
\b_?[Ii]sRoutine\b ; IsRepeatable
\b_?[Mm]ayHaveBeenDone\b ; OutcomeUnknown
\b_?[Dd]oneWhen\b ; TreatAsSuccess
\bUploadsEndAsync\b ; DrainUploadsAsync
\bKeep\((Task|[a-zA-Z.]*Async\() ; ObserveFailure ; src
\bForgetAsync\b ; PurgeExpiredAsync ; src/P2PShare.TrackerHost
\bFindFailureAsync\b ; TryCommitBatchAsync
\b(readiness|Readiness|_readiness)\.(Leave|Look|LookAsync|Say)\b ; StartDraining, ProbeAsync, LogOnce
\bvoid (Leave|Say)\(|\bLook(Async)?\( ; StartDraining, ProbeAsync, LogOnce ; src/P2PShare.TrackerHost
\.Count\(RateLimit\. ; .RequireRateLimiting(…)
\bPlain\( ; UnmapIPv4 ; src/P2PShare.TrackerHost
\b_nobody\b ; _dummyHash
\bRequireRightAsync\b ; RequireRegistrationAllowed
\bRateLimiter\b ; BandwidthLimiter ; src/P2PShare.Transfer src/P2PShare.Cmdlets
TABLE
}

found=0
while IFS= read -r row; do
    pattern=${row%% ; *}
    rest=${row#* ; }
    instead=${rest%% ; *}
    folders=("${everywhere[@]}")
    [ "$instead" = "$rest" ] || read -ra folders <<<"${rest#* ; }"
    places=()
    for folder in "${folders[@]}"; do [ ! -e "$folder" ] || places+=("$folder"); done
    [ "${#places[@]}" -gt 0 ] || continue
    finds=$(
        { grep -rnIE --exclude-dir={bin,obj,out,node_modules,TestResults} -e "$pattern" -- "${places[@]}" || [ $? -eq 1 ]; } |
            { grep -vE "^[^:]*($kept):" || true; }
        find "${places[@]}" \( -name bin -o -name obj -o -name out -o -name node_modules -o -name TestResults \) -prune -o -type f -print |
            { grep -vE "($kept)\$" || true; } | sed -E 's|^.*/([^/]+)$|\1 &|' | { grep -E "^[^ ]*($pattern)" || true; } | sed -E 's|^[^ ]+ (.*)$|\1: the name of the file|'
    )
    if [ -n "$finds" ]; then
        found=1
        # The beginning of the line is enough to find it.
        cut -c1-200 <<<"$finds" | sed "s|\$| → $instead|"
    fi
done < <(words)

if [ "$found" -ne 0 ]; then
    echo "words.sh: names that were given up are above; docs/architecture.md and the table in this script have the ones in use." >&2
    exit 1
fi
echo "words: none of the old names is used"
