# shellcheck shell=sh
# Debian's packages for armel (ARMv6 without the hard-float ABI), downloaded from where this machine has its own and never
# installed; for the other scripts here to read in (`. tools/armel-packages.sh`). The machine's own apt stays as it is.

# private_apt FOLDER COMMAND...: apt-get or apt-cache with lists of its own in FOLDER.
private_apt() {
    private=$1 command=$2
    shift 2
    "$command" -q -o "Dir::Etc::sourcelist=$private/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State=$private" \
        -o "Dir::State::status=$private/status" -o "Dir::Cache=$private" -o APT::Architecture=armel \
        -o APT::Architectures=armel -o Acquire::Languages=none -o APT::Sandbox::User= "$@"
}

# armel_lists FOLDER: reads Debian's lists into FOLDER. Fails with a sentence.
armel_lists() {
    mkdir -p "$1/lists/partial" "$1/archives/partial"
    : > "$1/status"
    apt-get indextargets --format '$(ORIGIN)|$(COMPONENT)|$(SITE)|$(RELEASE)' 'Created-By: Packages' |
        awk -F '|' '$1 == "Debian" && $2 == "main" { print "deb [arch=armel] " $3 " " $4 " main non-free-firmware" }' |
        sort -u > "$1/sources.list"
    if [ ! -s "$1/sources.list" ]; then
        echo "This machine's apt knows no Debian packages; apt-get update reads its lists." >&2
        return 1
    fi
    if ! private_apt "$1" apt-get update > "$1/log" 2>&1; then
        cat "$1/log" >&2
        echo "Could not read Debian's lists for armel." >&2
        return 1
    fi
}

# armel_kernel FOLDER: the name of the package of the kernel for the first Raspberry Pis.
armel_kernel() {
    private_apt "$1" apt-cache depends linux-image-rpi | sed -n 's/^ *Depends: *\(linux-image-[^ ]*\)$/\1/p' | head -n 1
}

# armel_unpack FOLDER INTO PACKAGE...: downloads what FOLDER does not have, and unpacks all into INTO, which is emptied.
armel_unpack() {
    private=$1 into=$2
    shift 2
    mkdir -p "$private/packages"
    if ! (cd "$private/packages" && private_apt "$private" apt-get download "$@" > "$private/log" 2>&1); then
        cat "$private/log" >&2
        echo "Could not download $*." >&2
        return 1
    fi
    rm -rf "$into"
    for package in "$@"; do
        # Of several versions the one that was fetched last.
        # shellcheck disable=SC2012 # names of packages have no odd characters
        dpkg -x "$(ls -t "$private/packages/${package}"_*.deb | head -n 1)" "$into" || return 1
    done
}
