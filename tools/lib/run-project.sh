# shellcheck shell=bash
# build_if_stale FOLDER [PATH…]: builds the project FOLDER/NAME.csproj in Release, quietly, if anything it is made of changed
# since the last time, PATHs among it; sets `program` to what to run. Source common.sh first.
build_if_stale() {
    local folder=$1 name=${1##*/} stamp log
    shift
    program=$root/artifacts/bin/$name/release/$name.dll
    stamp=$root/artifacts/stamps/$name
    is_fresh "$stamp" "$program" "$folder" "$@" && return

    mkdir -p "$root/artifacts/stamps"
    # The second of two who start at the same time waits, and finds everything built.
    exec 9> "$stamp.lock"
    flock 9
    if ! is_fresh "$stamp" "$program" "$folder" "$@"; then
        log=$root/artifacts/stamps/$name.log
        [ ! -t 2 ] || say "building $name …"
        : > "$stamp.new"
        if ! dotnet build "$root/$folder/$name.csproj" -c Release -v q -nodeReuse:false < /dev/null > "$log" 2>&1 9>&-; then
            cat "$log" >&2
            die "$folder could not be built"
        fi
        mv "$stamp.new" "$stamp"
    fi
    exec 9>&-
}

is_fresh() {
    [ -e "$1" ] && [ -e "$2" ] || return 1
    local stamp=$1 compilers=()
    shift 2
    [ ! -e "$root/.tools/glslc/bin" ] || compilers=("$root/.tools/glslc/bin")
    # Folders are looked at as well: their time changes when a file goes away.
    [ -z "$(cd "$root" && find src shaders samples "$@" CMakeLists.txt Directory.*.props global.json "${compilers[@]}" -newer "$stamp" -print -quit)" ]
}
