#!/bin/sh
# The programs for Windows as they are used: windows.sh WINE PROGRAMS MODEL WORK [NATIVE]
# PROGRAMS is the folder with the programs, MODEL a file, WORK a folder to be made anew, NATIVE llmzero-run for this system.
set -eu
wine=$1
programs=$2
model=$3
work=$4
native=${5:-}

fail() {
    echo "windows.sh: $*" >&2
    exit 1
}
same() { cmp "$1" "$2" || fail "$3"; }
windows() {
    program=$1
    shift
    "$wine" "$programs/$program.exe" "$@"
}

rm -rf "$work"
mkdir -p "$work"
cd "$work"
# "model", a letter of two, three and four bytes each.
name=$(printf 'model-\303\251\342\202\254\360\237\246\212.gguf')
cp "$model" "$name"
prompt=$(printf 'Zo\303\253 and the fox')
set -- -p "$prompt" --seed 7 -n 150

windows llmzero-run "$@" > story.txt
test "$(wc -c < story.txt)" -gt 300 || fail "no story"
if LC_ALL=C grep -q "$(printf '\r')" story.txt; then
    fail "carriage returns in the text"
fi
if [ -n "$native" ]; then
    "$native" "$@" --kernels portable > native.txt
    same story.txt native.txt "the text differs from that of $native"
fi
windows llmzero-run "$@" -t 2 > threads.txt
same story.txt threads.txt "two threads write another text"
windows llmzero-run "$@" -m "$name" > file.txt
same story.txt file.txt "the model in a file writes another text"
LLMZERO_MODEL=$name windows llmzero-run "$@" > environment.txt
same story.txt environment.txt "a model named by the environment writes another text"

# The file's last line end is no part of the prompt.
printf '%s\r\n' "$prompt" > prompt.txt
shift 2
windows llmzero-run -f prompt.txt "$@" > prompt-file.txt
same story.txt prompt-file.txt "the prompt in a file writes another text"
windows llmzero-run -f - "$@" < prompt.txt > prompt-input.txt
same story.txt prompt-input.txt "the prompt on standard input writes another text"
printf 'The fox\r\nThe cat\r\n' | windows llmzero-run --interactive --seed 1 -n 5 > dialogue.txt
test "$(wc -l < dialogue.txt)" -ge 2 || fail "two turns were not answered"
windows llmzero-run --prompt-cache "$name.cache" -p "$prompt" "$@" > kept.txt
test -s "$name.cache" || fail "no prompt cache"
windows llmzero-run --prompt-cache "$name.cache" -p "$prompt" "$@" > kept.txt
same story.txt kept.txt "the prompt cache changes the text"

windows llmzero-quantize "$name" --type Q4_0 "$name.small"
windows llmzero-quantize "$name" --type Q4_0 --force "$name.small"
windows llmzero-info "$name.small" > info.txt
windows llmzero-run -m "$name.small" -p "$prompt" "$@" > small.txt
test -s info.txt && test -s small.txt || fail "the quantised file is not read"
if windows llmzero-quantize "$name" --type Q4_0 "$name.small" 2> message.txt; then
    fail "an existing file was replaced"
fi
if windows llmzero-quantize "$name" --type Q4_0 --force "$name" 2> message.txt; then
    fail "a file was replaced by what was made from it"
fi
same "$model" "$name" "a file was damaged by what was made from it"

if windows llmzero-run -m "nothing-$name" -p x 2> message.txt; then
    fail "a file that is not there was loaded"
fi
grep -q "nothing-$name.*No such file" message.txt || fail "the message is: $(cat message.txt)"
if ls ./*.new > /dev/null 2>&1; then
    fail "a file was left behind"
fi
echo "passed"
