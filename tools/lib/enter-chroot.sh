#!/usr/bin/env bash
# enter-chroot.sh CHROOT FOLDER… -- COMMAND…: runs COMMAND as root inside CHROOT, where each FOLDER appears under its own
# path. The mounts live in a namespace of their own and go away with it; where that cannot be had in full (a chroot in a
# chroot), they are undone when the command ends.
set -euo pipefail
if [ "${ENTERED:-}" != 1 ]; then
    propagation=private
    unshare --mount --propagation private /bin/true 2> /dev/null || propagation=unchanged
    ENTERED=1 exec unshare --mount --propagation "$propagation" "$0" "$@"
fi
unset ENTERED
chroot=$1
shift
mounted=()
# shellcheck disable=SC2317 # called by the trap
undo() {
    local i
    for ((i = ${#mounted[@]} - 1; i >= 0; i--)); do umount "${mounted[i]}" || umount --lazy "${mounted[i]}"; done
}
trap undo EXIT
while [ "$1" != -- ]; do
    mkdir -p "$chroot$1"
    mount --bind "$1" "$chroot$1"
    mounted+=("$chroot$1")
    shift
done
shift
mount --bind /dev "$chroot/dev"
mounted+=("$chroot/dev")
mount -t proc proc "$chroot/proc"
mounted+=("$chroot/proc")
/usr/sbin/chroot "$chroot" "$@"
