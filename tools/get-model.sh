#!/bin/sh
# Downloads a model that is known to work: tools/get-model.sh NAME [FOLDER], FOLDER being models/ unless given.
# Without a name it lists the models. Needs curl or wget, and sha256sum or shasum.
#
# The file appears under its name only when it is complete and its size and hash are right. Until then it is NAME.part,
# and the next call goes on where this one was cut. LLMZERO_MODEL_LIST names another list than models/models.tsv.
#
# Exit status: 0 the file is there; 1 it could not be had; 2 the command line or the list is wrong.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
list=${LLMZERO_MODEL_LIST:-$root/models/models.tsv}

say() { printf '%s\n' "get-model.sh: $*" >&2; }
give_up() {
    status=$1
    shift
    for line in "$@"; do
        say "$line"
    done
    exit "$status"
}

# The rows of the list, without comments and the line of names.
rows() { grep -v -e '^#' -e '^$' "$list" | tail -n +2; }

show_list() {
    echo 'Models for tools/get-model.sh NAME [FOLDER]; memory: with a context of 512 tokens.'
    echo
    rows | awk -F '\t' '
        function mb(bytes) { return bytes == "-" ? "?" : sprintf("%.0f MB", bytes / 1e6) }
        BEGIN { printf "  %-26s %-8s %8s %8s  %s\n", "name", "kind", "file", "memory", "licence" }
        { printf "  %-26s %-8s %8s %8s  %s\n", $1, $2, mb($4), mb($6), $7 }'
}

bytes_of() { wc -c < "$1" | tr -d ' '; }

hash_of() {
    if command -v sha256sum > /dev/null; then
        sha256sum < "$1" | cut -d ' ' -f 1
    else
        shasum -a 256 < "$1" | cut -d ' ' -f 1
    fi
}

# Whether the file has the size and the hash of the list; else `wrong` says what is not right.
is_right() {
    wrong=
    found=$(bytes_of "$1")
    if [ "$bytes" != - ] && [ "$found" != "$bytes" ]; then
        wrong="has $found bytes, expected $bytes"
    elif [ "$hash" != - ]; then
        found=$(hash_of "$1")
        [ "$found" = "$hash" ] || wrong="has the SHA-256 $found, expected $hash"
    fi
    [ -z "$wrong" ]
}

# Fetches $url to the file $1, from where that ends. Says what went wrong: network, refused, certificate, disk, resume or other.
download() {
    if command -v curl > /dev/null; then
        quiet='--silent --show-error'
        [ -t 2 ] && quiet=--progress-bar
        # shellcheck disable=SC2086 # a list of words
        curl $quiet --fail --location --continue-at - --output "$1" "$url"
        case $? in
            0) problem= ;;
            5 | 6 | 7 | 18 | 28 | 52 | 55 | 56 | 92) problem=network ;;
            22) problem=refused ;;
            33) problem=resume ;;
            35 | 51 | 58 | 60) problem=certificate ;;
            23) problem=disk ;;
            *) problem=other ;;
        esac
    else
        quiet=--no-verbose
        [ -t 2 ] && quiet=
        # shellcheck disable=SC2086 # a word or none
        wget $quiet --continue --tries=1 --output-document="$1" "$url"
        case $? in
            0) problem= ;;
            3) problem=disk ;;
            4) problem=network ;;
            5) problem=certificate ;;
            8) problem=refused ;;
            *) problem=other ;;
        esac
    fi
    [ -z "$problem" ]
}

explain() {
    case $problem in
        network)
            give_up 1 "the connection failed or broke off; what has come is kept in $part." \
                'Is there a network? Then call this again: it goes on where it stopped.' ;;
        refused)
            give_up 1 "the server does not give out $url" \
                'It may have been moved or be busy. Look at the address in a browser; a file that you download there' \
                "belongs to $target." ;;
        certificate)
            give_up 1 'the certificate of the server could not be checked.' \
                "Boards without a clock often have a wrong date: this one says $(date). Set it and call this again." ;;
        disk)
            give_up 1 "$part could not be written: is the disk full, or $folder write-protected?" ;;
        *)
            give_up 1 "the download failed; what has come is kept in $part. Call this again to go on." ;;
    esac
}

[ -r "$list" ] || give_up 2 "the list of models, $list, cannot be read"
case ${1-} in
    '') show_list; exit 0 ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
[ $# -le 2 ] || give_up 2 'usage: tools/get-model.sh [NAME [FOLDER]]'
name=$1
folder=${2:-$root/models}

row=$(rows | name=$name awk -F '\t' '$1 == ENVIRON["name"]')
[ -n "$row" ] || give_up 2 "there is no model '$name'; there are:" "$(rows | cut -f 1 | paste -s -d ' ' -)"
field() { printf '%s\n' "$row" | cut -f "$1"; }
file=$(field 3)
bytes=$(field 4)
hash=$(field 5)
url=$(field 8)
case $file in
    '' | */* | .*) give_up 2 "$list: '$file' is no name for a file" ;;
esac
case $bytes in
    -) ;;
    '' | *[!0-9]*) give_up 2 "$list: '$bytes' is no number of bytes" ;;
esac
target=$folder/$file
part=$target.part

command -v curl > /dev/null || command -v wget > /dev/null || give_up 1 'needs curl or wget: apt-get install curl'
command -v sha256sum > /dev/null || command -v shasum > /dev/null || give_up 1 'needs sha256sum or shasum'
mkdir -p "$folder" || give_up 1 "the folder $folder cannot be made"

if [ -e "$target" ]; then
    is_right "$target" || give_up 1 "$target is there already, but $wrong." 'Move or delete it, then call this again.'
    say "$target is there already, and is right"
    exit 0
fi

have=0
if [ -e "$part" ]; then
    have=$(bytes_of "$part")
    if [ "$bytes" != - ] && [ "$have" -gt "$bytes" ]; then
        rm -f "$part"
        have=0
    fi
fi
if [ "$bytes" != - ]; then
    free=$(df -Pk "$folder" | awk 'NR == 2 { print $4 }')
    needed=$(((bytes - have + 1023) / 1024))
    [ "${free:-$needed}" -ge "$needed" ] ||
        give_up 1 "there is not enough room in $folder: $needed KB are needed, $free KB are free." \
            'Give another folder as the second word, or make room.'
fi

if [ "$have" != "$bytes" ]; then
    if [ "$have" -gt 0 ]; then
        say "going on with $file at $have bytes"
    else
        say "getting $file"
    fi
    if ! download "$part" && [ "$have" -gt 0 ]; then
        case $problem in
            resume | refused)
                # Some refuse to go on behind the end of what they have. Others are only busy: what has come stays until
                # something better is there.
                say 'the server does not go on there; starting again'
                again=$part.again
                rm -f "$again"
                if download "$again"; then
                    mv -f "$again" "$part"
                else
                    rm -f "$again"
                fi
                ;;
        esac
    fi
    [ -z "$problem" ] || explain
fi

if ! is_right "$part"; then
    rm -f "$part"
    give_up 1 "what came $wrong, so it was deleted." \
        'Call this again. If that does not help, the file has been replaced at its source, or something on the way' \
        'changes it: compare the hash with the one that its page shows.'
fi
mv "$part" "$target" || give_up 1 "$part could not be renamed to $target"
if [ "$hash" = - ]; then
    say "$target is complete; its hash is not known, so it was not compared"
else
    say "$target is complete, and its hash is right"
fi
say "try it: llmzero-run -m $target -p 'Once upon a time'"
