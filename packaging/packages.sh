#!/bin/bash
# The Debian and Ubuntu packages that Croft needs, per purpose and release: the one place to change them.
#
#   packaging/packages.sh list run|build|image|test|bench|package...     prints them, one a line
#   packaging/packages.sh missing run|build|image|test|bench|package...  prints those that are not installed
#   packaging/packages.sh install run|build|image|test|bench|package...  installs those; needs root
#
# run: what croftd, libvirt and a guest need.  build: compiler, meson, headers.
# image: what images/build needs.  test: clients, compilers and checkers of tests/run.
# bench: what tests/bench measures with.  package: what packaging/build-deb needs beside build.
set -euo pipefail

release() {
    # shellcheck source=/dev/null
    . "${CROFT_OS_RELEASE:-/etc/os-release}"
    echo "${ID:-unknown}:${VERSION_ID:-unknown}"
}

packages() {
    case $1 in
    run)
        echo qemu-system-x86 qemu-utils libvirt-daemon libvirt-daemon-system libvirt-daemon-driver-qemu
        echo libvirt-clients dnsmasq-base nftables iproute2 util-linux procps passwd python3 openssh-client
        echo xz-utils curl
        # Debian 13 has taken virtlogd out of libvirt-daemon.
        case $(release) in
        debian:13) echo libvirt-daemon-log ;;
        esac
        ;;
    build)
        echo gcc libc6-dev meson ninja-build pkg-config python3 check
        echo libvirt-dev libmicrohttpd-dev libgnutls28-dev libjansson-dev libsqlite3-dev libcurl4-openssl-dev libssh-dev
        echo libxml2-dev libssl-dev libnftables-dev libnetfilter-conntrack-dev libnetfilter-log-dev libsystemd-dev
        echo libjpeg-dev libpng-dev
        ;;
    image)
        echo mmdebstrap debian-archive-keyring extlinux syslinux-common e2fsprogs fdisk qemu-utils mtools genisoimage
        ;;
    test)
        echo clang clang-tidy clang-format cppcheck libclang-rt-dev shellcheck python3 python3-boto3 curl openssh-client openssl putty-tools wrk zsh
        # Clients of EC2, for tests/clients. NodeSource's nodejs brings npm along and conflicts with Debian's.
        echo ansible python3-libcloud nodejs
        command -v npm >/dev/null || echo npm
        # Ubuntu 24.04 ships no AWS CLI, and releases after Debian 12 not all of the old clients; their tests are
        # skipped there unless one is on the PATH.
        case $(release) in
        debian:12) echo awscli packer python3-boto libvm-ec2-perl ;;
        debian:*) echo awscli ;;
        esac
        ;;
    bench)
        echo fio e2fsprogs
        ;;
    package)
        echo debhelper dpkg-dev lintian
        ;;
    *)
        echo "packages.sh: no such purpose: $1 (run, build, image, test, bench, package)" >&2
        return 1
        ;;
    esac
}

list() {
    case $(release) in
    debian:12 | debian:13 | ubuntu:24.04) ;;
    *)
        echo "This is $(release); packages are known for Debian 12, Debian 13 and Ubuntu 24.04." >&2
        return 1
        ;;
    esac
    local purpose
    for purpose in "$@"; do packages "$purpose" || return 1; done | tr ' ' '\n' | sort -u
}

missing() {
    local all installed
    all=$(list "$@") || return 1
    # shellcheck disable=SC2086 # a list of names
    installed=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' $all 2>/dev/null |
        sed -n 's/^ii *//p' | sort -u) || true
    comm -23 <(echo "$all") <(echo "$installed")
}

install() {
    local wanted
    wanted=$(missing "$@") || return 1
    [ -n "$wanted" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "These packages are missing, and installing them needs root: $(echo "$wanted" | xargs)" >&2
        return 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update
    # shellcheck disable=SC2086 # a list of names
    apt-get -q -y --no-install-recommends install $wanted
}

verb=${1:-}
case $verb in
list | missing | install) shift && "$verb" "$@" ;;
*) echo "usage: packaging/packages.sh list|missing|install run|build|image|test|bench|package..." >&2 && exit 1 ;;
esac
