#!/bin/bash
# Becomes the first process of a machine that has the system's libraries, a few programs, D-Bus and systemd: no .NET, no other user's files.
# BareMachine.cs starts it with mounts, processes, network, host name and control groups of its own, so that nothing of it stays.
# Arguments: an empty folder, a folder that is copied to /root, then the programs to have.
set -eu
root=$1 files=$2
shift 2
hidden=$(readlink -f "$(command -v dotnet)")

mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$root"
cd "$root"
mkdir -p usr/{bin,sbin,lib,lib64,local/bin,local/sbin,share/dbus-1/system.d} etc/systemd/system var/{lib,log,tmp} proc sys dev run tmp root opt srv home
for name in bin sbin lib lib64; do ln -s "usr/$name" "$name"; done
for name in lib lib64; do mount --bind -o ro "/usr/$name" "usr/$name"; done
# Some distributions have the SDK there.
case $hidden in /usr/lib*/*) mount -t tmpfs -o ro tmpfs ".${hidden%/*}" ;; esac
for program in "$@"; do cp -L "$(command -v "$program")" usr/bin/; done
# Of the units and D-Bus services that are installed here only those that every machine has.
units=/usr/lib/systemd/system
mount -t tmpfs -o mode=755 tmpfs ".$units"
cp -P $units/*.target $units/dbus.{service,socket} $units/systemd-journald{.service,.socket,-dev-log.socket} ".$units/"
mount -t tmpfs -o ro tmpfs usr/lib/systemd/system-generators
cp /usr/share/dbus-1/system.conf usr/share/dbus-1/
cp /usr/share/dbus-1/system.d/org.freedesktop.systemd1.conf usr/share/dbus-1/system.d/
cp -r "$files/." root/

mount -t proc proc proc
# The kernel's settings are the whole machine's.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount --bind -o ro /sys sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
ln -s /proc/self/fd dev/fd
touch dev/console
mkdir dev/{pts,shm}
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp

printf '%s\n' 'root:x:0:0:root:/root:/bin/bash' 'messagebus:x:100:100::/:/bin/false' 'nobody:x:65534:65534::/:/bin/false' >etc/passwd
printf '%s\n' 'root:x:0:' 'messagebus:x:100:' 'nogroup:x:65534:' >etc/group
printf '%s\n' 'passwd: files systemd' 'group: files systemd' 'hosts: files' >etc/nsswitch.conf
printf '%s\n' '127.0.0.1 localhost tracker.example' '::1 localhost' >etc/hosts
printf '%s\n' '[Unit]' 'Wants=systemd-journald.service dbus.service' 'After=dbus.service' >etc/systemd/system/bare.target
ip link set lo up

mkdir old
pivot_root . old
cd /
umount -l old
rm -d old
exec env -i container=p2pshare-test PATH=/usr/bin:/usr/sbin /usr/lib/systemd/systemd --system --unit=bare.target --show-status=false
