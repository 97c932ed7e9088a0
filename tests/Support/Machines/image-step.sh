#!/bin/bash
# Runs a command in the file system of an image that is being made, or of a container: a folder, to which this adds what the base image would have.
# ImageStage.cs starts it with mounts, processes and, for a container, a network of its own.
# Arguments: the folder, the base (sdk: this machine's system; a path: its libraries and programs with the .NET runtime of that path),
# the user's number, the folder to work in, then the command.
set -eu
root=$1 base=$2 user=$3 work=$4
shift 4
dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
chroot=$(command -v chroot)

mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mkdir -p usr etc proc dev tmp root home/app
for name in bin sbin lib lib64; do [ -L "$name" ] || ln -s "usr/$name" "$name"; done
if [ "$base" = sdk ]; then
    mount --bind -o ro /usr usr
    mount --bind -o ro /etc etc
    mkdir -p ".$dotnet" root/.nuget
    mount --bind -o ro "$dotnet" ".$dotnet"
    # The packages that this machine has fetched already.
    home=${HOME:-/root}
    mkdir -p "$home/.nuget"
    mount --bind "$home/.nuget" root/.nuget
    if [ -n "${NUGET_PACKAGES:-}" ]; then
        mkdir -p root/.nuget/packages
        mount --bind "$NUGET_PACKAGES" root/.nuget/packages
        export NUGET_PACKAGES=/root/.nuget/packages
    fi
    export HOME=/root
else
    mkdir -p usr/{bin,lib,lib64,share/dotnet}
    for name in bin lib lib64; do mount --bind -o ro "/usr/$name" "usr/$name"; done
    mount --bind -o ro "$base" usr/share/dotnet
    # The SDK, if it is among the libraries.
    case $dotnet in /usr/lib*/*) mount -t tmpfs -o ro tmpfs ".$dotnet" ;; esac
    printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'app:x:1654:1654::/home/app:/bin/sh' >etc/passwd
    printf '%s\n' '127.0.0.1 localhost' >etc/hosts
    chown 1654:1654 home/app
    ip link set lo up
    export HOME=/home/app PATH=/usr/share/dotnet:/usr/bin
fi
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 tmpfs tmp
exec "$chroot" --userspec="$user:$user" --groups= "$root" env -C "$work" "$@"
