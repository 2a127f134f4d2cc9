# shellcheck shell=bash
# What needs newer versions than the system has, unpacked under .tools. Each function returns 0 when it is there, or
# when this system has no need of it, and 1 after saying why it is left out. Source apt.sh first.

glslc_knows_matrices() {
    "$1" --target-env=vulkan1.3 -fshader-stage=compute "$root/shaders/probes/cooperative_matrix.comp" -o /dev/null > /dev/null 2>&1
}

# A glslc that compiles cooperative matrices, and its spirv-val, which run through a C library of their own.
unpack_glslc() {
    local target=$root/.tools/glslc work=$root/.tools/glslc.apt name
    if [ -x "$target/bin/glslc" ] && glslc_knows_matrices "$target/bin/glslc"; then return; fi
    glslc_knows_matrices glslc && return
    [ -n "$mirror" ] || { say "left out: shaders with cooperative matrices (this glslc does not know them, and there is no Debian mirror to take a newer one from)"; return 1; }
    say "unpacking a newer glslc into .tools/glslc"
    rm -rf "$target"
    if ! { private_apt "$work" empty trixie &&
        (cd "$work/cache/archives" && "${apt[@]}" download glslc libshaderc1 spirv-tools libc6 libgcc-s1 libstdc++6 >> "$work/log" 2>&1) &&
        unpack_packages "$work/cache/archives" "$target.new"; }; then
        tail -n 3 "$work/log" >&2
        rm -rf "$target.new"
        say "left out: shaders with cooperative matrices (a newer glslc could not be fetched from $mirror)"
        return 1
    fi
    mkdir -p "$target.new/bin"
    for name in glslc spirv-val; do
        cat > "$target.new/bin/$name" <<WRAPPER
#!/bin/sh
# $name of a newer Debian, on that Debian's own C library
here=\${0%/*}/..
for loader in "\$here"/usr/lib/*/ld-linux-*.so.*; do
    exec "\$loader" --library-path "\${loader%/*}" "\$here/usr/bin/$name" "\$@"
done
WRAPPER
        chmod +x "$target.new/bin/$name"
    done
    mv "$target.new" "$target"
    rm -rf "$work"
    glslc_knows_matrices "$target/bin/glslc" || { rm -rf "$target"; say "left out: shaders with cooperative matrices (the newer glslc does not run here)"; return 1; }
}

# A Mesa (before 26) whose RADV compiles for AMD GPUs that are not there; .tools/mesa/radeon_icd.json names it.
unpack_radv() {
    local target=$root/.tools/mesa work=$root/.tools/mesa.apt version suites icd library
    [ -e "$target/radeon_icd.json" ] && return
    version=$(dpkg-query -W -f '${Version}' mesa-vulkan-drivers 2> /dev/null || true)
    icd=$(compgen -G '/usr/share/vulkan/icd.d/radeon_icd*.json' | head -n 1 || true)
    case $version in
        25.*)
            [ -n "$icd" ] || { say "left out: tests on AMD's compiler (this Mesa has no RADV)"; return 1; }
            mkdir -p "$target"
            cp "$icd" "$target/radeon_icd.json"
            return ;;
    esac
    [ -n "$mirror" ] || { say "left out: tests on AMD's compiler (Mesa here is '$version', 25 is needed, and there is no Debian mirror)"; return 1; }
    [ "$codename" = bookworm ] && suites=(bookworm bookworm-backports) || suites=(trixie)
    say "unpacking Mesa 25 from ${suites[-1]} into .tools/mesa"
    rm -rf "$target.new"
    if ! { private_apt "$work" system "${suites[@]}" &&
        "${apt[@]}" install --download-only -t "${suites[-1]}" mesa-vulkan-drivers >> "$work/log" 2>&1 &&
        unpack_packages "$work/cache/archives" "$target.new"; }; then
        tail -n 3 "$work/log" >&2
        rm -rf "$target.new"
        say "left out: tests on AMD's compiler (Mesa 25 could not be fetched from $mirror)"
        return 1
    fi
    library=$(cd "$target.new" && compgen -G 'usr/lib/*/libvulkan_radeon.so')
    icd=$(compgen -G "$target.new/usr/share/vulkan/icd.d/radeon_icd*.json" | head -n 1)
    sed "s|\"library_path\": *\"[^\"]*\"|\"library_path\": \"./$library\"|" "$icd" > "$target.new/radeon_icd.json"
    rm -rf "$target" "$work"
    mv "$target.new" "$target"
}

# A chroot with the newest lavapipe, which runs cooperative matrices on a CPU.
unpack_forky() {
    local target=$root/.tools/forky log=$root/.tools/forky.log
    [ -e "$target/complete" ] && return
    [ -n "$mirror" ] || { say "left out: tests of cooperative matrices on lavapipe (no Debian mirror)"; return 1; }
    can_be_root || { say "left out: tests of cooperative matrices on lavapipe (a chroot needs root)"; return 1; }
    command -v debootstrap > /dev/null || [ -x /usr/sbin/debootstrap ] || { say "left out: tests of cooperative matrices on lavapipe (no debootstrap)"; return 1; }
    say "unpacking Debian forky with its lavapipe into .tools/forky (700 MB, about half a minute)"
    as_root rm -rf "$target"
    mkdir -p "$target"
    if ! as_root env PATH="$PATH:/usr/sbin:/sbin" debootstrap --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
        --include=mesa-vulkan-drivers,libvulkan1,vulkan-validationlayers,libssl3t64,libstdc++6 \
        forky "$target" "$mirror" /usr/share/debootstrap/scripts/sid > "$log" 2>&1 < /dev/null; then
        tail -n 3 "$log" >&2
        say "left out: tests of cooperative matrices on lavapipe (debootstrap failed; the log is .tools/forky.log)"
        return 1
    fi
    as_root rm -rf "$target"/var/cache/apt/archives/*.deb "$target"/var/lib/apt/lists/* "$target/usr/share/doc" "$target/usr/share/locale"
    as_root touch "$target/complete"
}
