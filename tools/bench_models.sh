# shellcheck shell=sh
# What tools/bench-zero.sh, tools/bench-a53.sh and tools/bench-pc.sh have in common; they read this in. Before that: root, script (its name,
# as in tools/bench-zero), and wanted rows as arguments to choose_rows.

table() { python3 -B "$root/$script.py" "$@"; }

# choose_rows ROW...: sets wanted to these rows, or to all; --list prints their names and ends the script.
choose_rows() {
    names=$(table rows | cut -d ' ' -f 1 | tr '\n' ' ')
    if [ "${1:-}" = --list ]; then
        echo "$names"
        exit 0
    fi
    for row in "$@"; do
        case " $names" in
            *" $row "*) ;;
            *) echo "$script.sh: there is no row '$row'; there are: $names" >&2; exit 2 ;;
        esac
    done
    wanted=" ${*:-$names} "
}
is_wanted() { # is_wanted ROW
    case $wanted in
        *" $1 "*) true ;;
        *) false ;;
    esac
}

# The folder for what is not kept, and the commit that figures are of.
begin() {
    # The presets say how to compile; what the caller's environment says is for other projects.
    unset CXX CXXFLAGS CPPFLAGS LDFLAGS CMAKE_TOOLCHAIN_FILE
    export CMAKE_GENERATOR=Ninja
    work=$root/build/${script#tools/}
    mkdir -p "$work"
    cd "$root"
    commit=$(git rev-parse --short=12 HEAD 2> /dev/null || echo unknown)
    if [ -n "$(git status --porcelain -- include src cmake bench/*.hpp bench/*.cpp bench/pizero bench/a53 2> /dev/null)" ]; then
        commit=$commit+changes
    fi
}
build() { # build PRESET TARGET...
    preset=$1
    shift
    echo "building $* ($preset)" >&2
    if ! { cmake --preset "$preset" -DLLMZERO_WERROR=OFF -DLLMZERO_BUILD_TESTS=OFF &&
        cmake --build --preset "$preset" --target "$@"; } > "$work/build.log" 2>&1; then
        cat "$work/build.log" >&2
        exit 1
    fi
}

# random_model SHAPE TYPE pure|mix: writes a file with random weights to the folder, and FILE.json beside it, what
# llmzero-quantize says of its tensors; sets model to the file's name.
random_model() {
    model=$1-$2-$3.gguf
    pure=
    if [ "$3" = pure ]; then
        pure=--pure
    fi
    # shellcheck disable=SC2086 # an option or nothing
    build/release/llmzero-quantize --random "$1" --type "$2" $pure "$work/$model" --force --json \
        > "$work/$model.json" 2> /dev/null
}
# N words of the vocabulary, which begins with special tokens and bytes, in a file named N.
prompt() { # prompt N
    awk -v n="$1" 'BEGIN { for (i = 0; i < n; ++i) { printf "%d ", 300 + i * 37 % 30000 } }' > "$work/$1"
}
run_as() { # run_as MODEL: the arguments that all runs have
    printf '%s\n' -m "$1" --ids --temp 0 --seed 1 --ignore-eos --memory 0
}

# finish_row ROW VALUE: VALUE, a number, goes to the table with what is known of the model; the model goes.
finish_row() {
    case $2 in
        '' | *[!0-9.]*) echo "$script.sh: $1: found '$2', expected a number" >&2; exit 1 ;;
    esac
    rm -f "$work/$model" "$work/$model.cache"
    table record "$1" "$2" "$commit" "$work/$model.json"
    table write
    echo "   $2" >&2
}
