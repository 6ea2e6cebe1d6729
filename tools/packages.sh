# shellcheck shell=sh
# Installs Debian packages that are missing; for the other scripts here to read in (`. tools/packages.sh`).

# need_packages PACKAGE...: asks nobody, prints a line when it installs something, and is silent when all is there.
need_packages() {
    missing=
    if ! command -v apt-get > /dev/null || ! command -v dpkg-query > /dev/null; then
        echo "This is no Debian, so nothing is installed. Needed are: $*" >&2
        return 0
    fi
    for package in "$@"; do
        case $(dpkg-query --show --showformat='${Status}' "$package" 2> /dev/null) in
            *' installed') ;;
            *) missing="$missing $package" ;;
        esac
    done
    if [ -z "$missing" ]; then
        return 0
    fi
    as_root=
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo > /dev/null; then
            echo "Missing packages. As root, run: apt-get install$missing" >&2
            return 1
        fi
        as_root=sudo
    fi
    echo "Installing$missing" >&2
    log=$(mktemp)
    # shellcheck disable=SC2086 # both are lists of words
    if ! { $as_root apt-get update --quiet < /dev/null &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends $missing \
            < /dev/null; } > "$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        echo "Could not install$missing" >&2
        return 1
    fi
    rm -f "$log"
}
