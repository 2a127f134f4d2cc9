# shellcheck shell=bash
# Runs built test assemblies and adds up what they report. Source common.sh first.
passed=0 failed=0 skipped=0
results=$root/artifacts/test-results

# count PASSED FAILED SKIPPED
count() { passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3)); }

skip_stage() { echo "  skipped: $1"; count 0 0 1; }

# run_tests FILTER PROJECT [COMMAND PREFIX…]: one assembly's tests, in $stage; the prefix sets its environment or enters
# a chroot.
run_tests() {
    local filter=$1 project=$2 name status=0 trx log counters total ok bad started=$SECONDS
    shift 2
    name=$stage-$project-$((++run_number))
    trx=$results/$name.trx log=$results/$name.log
    "$@" "$dotnet_root/dotnet" test "$root/artifacts/bin/$project/release/$project.dll" --filter "$filter" \
        --logger "trx;LogFileName=$name.trx" --logger 'console;verbosity=minimal' --results-directory "$results" \
        < /dev/null > "$log" 2>&1 || status=$?
    # vstest writes no file when no test matches.
    if [ ! -e "$trx" ]; then
        [ "$status" = 0 ] && return
        cat "$log"
        echo "  $project: the tests did not run (exit code $status)"
        count 0 1 0
        return
    fi
    counters=$(grep -m 1 -o '<Counters [^>]*' "$trx")
    total=$(counter total) ok=$(counter passed)
    bad=$(($(counter failed) + $(counter error) + $(counter timeout) + $(counter aborted)))
    if [ "$status" != 0 ] && [ "$bad" = 0 ]; then
        bad=1 total=$((total + 1)) # the test host died
    fi
    [ "$bad" = 0 ] || cat "$log"
    count "$ok" "$bad" $((total - ok - bad))
    [ "$total" = 0 ] || echo "  $project: $ok passed, $bad failed, $((total - ok - bad)) skipped ($((SECONDS - started)) s)"
}

counter() {
    local value
    value=$(grep -o " $1=\"[0-9]*\"" <<< "$counters" | grep -o '[0-9]*' || true)
    echo "${value:-0}"
}

# side_by_side FUNCTION… : runs the functions at the same time, as many of them as there are processors; prints what each
# printed when all have ended, and adds up what each counted. Within another's lane it has that lane's share of the processors.
side_by_side() {
    local lane=0 function folder most=${lanes:-$(nproc)}
    folder=$(mktemp -d "$results/lanes.XXXXXX")
    for function in "$@"; do
        while [ "$(jobs -rp | wc -l)" -ge "$most" ]; do wait -n || true; done
        lane=$((lane + 1))
        (
            trap - EXIT
            passed=0 failed=0 skipped=0 run_number=$((run_number + 100 * lane)) lanes=$((most > $# ? most / $# : 1))
            $function > "$folder/$lane.out" 2>&1
            echo "$passed $failed $skipped" > "$folder/$lane.counts"
        ) &
    done
    wait || true
    for ((lane = 1; lane <= $#; lane++)); do
        cat "$folder/$lane.out"
        if [ -e "$folder/$lane.counts" ]; then
            # shellcheck disable=SC2046
            count $(cat "$folder/$lane.counts")
        else
            echo "  ${!lane}: ended by an error"
            count 0 1 0
        fi
    done
    run_number=$((run_number + 100 * (lane + 1)))
    rm -rf "$folder"
}

# run_check NAME COMMAND…: one test that is a command
run_check() {
    local name=$1 started=$SECONDS
    shift
    if "$@" > "$results/$name.log" 2>&1 < /dev/null; then
        echo "  $name: passed ($((SECONDS - started)) s)"
        count 1 0 0
    else
        cat "$results/$name.log"
        echo "  $name: failed ($((SECONDS - started)) s)"
        count 0 1 0
    fi
}
