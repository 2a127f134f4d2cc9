# shellcheck shell=bash
# Uses the packages as a stranger does: projects outside of the tree, a local feed. Source common.sh first.

# test_packages: fails unless each program restores, builds without a warning and prints an answer with 72.
test_packages() {
    local work version feed status=0
    "$root/tools/pack" --no-build || return 1
    feed=$root/artifacts/packages
    version=$(basename "$feed"/VkInfer.Extensions.AI.*.nupkg .nupkg)
    version=${version#VkInfer.Extensions.AI.}
    work=$(mktemp -d)
    cp -r "$root/tests/packages/." "$work"
    refuses_omitted_shaders "$work" || status=1
    use_packages "$work" "$feed" "$version" > "$work/log" 2>&1 || status=1
    cat "$work/log"
    if grep -qi 'warning [A-Z]' "$work/log"; then
        echo "a program was built with warnings"
        status=1
    fi
    rm -rf "$work"
    return $status
}

# A package without some of its shader variants would be slow or wrong on the devices that need them.
refuses_omitted_shaders() {
    echo 'gemm_f16 (needs a glslc with cooperative_matrix)' > "$1/omitted.txt"
    if dotnet pack "$root/src/VkInfer" -c Release --no-build -v q -nodeReuse:false -p:OmittedShadersFile="$1/omitted.txt" -o "$1" > "$1/log" 2>&1 < /dev/null; then
        echo "a package without shader variants was made"
        return 1
    fi
    grep -q 'lack shader variants' "$1/log" || { cat "$1/log"; return 1; }
}

use_packages() {
    local work=$1 feed=$2 properties=(-c Release -v q -nodeReuse:false "-p:VkInferVersion=$3")
    printf '%s\n' '<configuration>' '  <packageSources>' "    <add key=\"local\" value=\"$feed\" />" '  </packageSources>' '</configuration>' > "$work/nuget.config"
    # The packages are unpacked apart, since others of this version may have been; what else is needed comes from where it lies already.
    local -x RestoreFallbackFolders=${NUGET_PACKAGES:-$HOME/.nuget/packages} NUGET_PACKAGES=$work/packages
    mkdir -p "$RestoreFallbackFolders"
    (
        cd "$work" || exit 1
        dotnet build first "${properties[@]}" -o "$work/jit" && prints_72 "$work/jit/first" &&
            dotnet build program "${properties[@]}" -o "$work/lib" && prints_72 "$work/lib/program" &&
            dotnet publish program "${properties[@]}" --use-current-runtime -p:PublishSingleFile=true --no-self-contained -o "$work/single" &&
            prints_72 "$work/single/program" && [ ! -e "$work/single/VkInfer.dll" ] &&
            dotnet publish first "${properties[@]}" --use-current-runtime -p:PublishAot=true -o "$work/aot" && prints_72 "$work/aot/first"
    ) < /dev/null
}

# prints_72 PROGRAM: what it prints has the right answer in it, and the model lies beside it once
prints_72() {
    local answer models
    answer=$("$1") || return 1
    echo "${1##*/}: $answer"
    models=$(find "${1%/*}" -name '*.gguf' | wc -l)
    [[ "$answer" = *72* ]] && [ "$models" = 1 ]
}
