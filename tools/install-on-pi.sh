#!/bin/sh
# Installs llmzero-stick as a service on a Raspberry Pi that keeps Raspberry Pi OS: text files in a folder are answered, from
# the start of the board on. (tools/make-stick.sh makes an image of a USB stick instead.) On the board, as root:
#
#     sudo tools/install-on-pi.sh
#     sudo tools/install-on-pi.sh --model FILE.gguf --folder /home/pi/questions
#     sudo tools/install-on-pi.sh --remove
#
#   --folder DIR    where the text files are; llm in the user's home where nothing is said
#   --user NAME     whose files they are, and who the service runs as; who called sudo, or the user with the number 1000
#   --model FILE    is copied to /var/lib/llmzero/models, and answers; the embedded model where nothing is said
#   --program FILE  llmzero-stick, built on another computer: cmake --preset armv6 && cmake --build --preset armv6 makes one
#                   that runs on every Raspberry Pi. Where nothing is said it is built here, which takes a Zero long
#   --root DIR      installs into the system that lies in DIR, a card in a reader or a folder to look at; nothing is started
#   --remove        takes program and service away; models and text files stay
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tools/packages.sh"
fail() {
    echo "tools/install-on-pi.sh: $1" >&2
    exit "${2:-1}"
}

folder="" user="" model="" program="" root="" remove=no
while [ $# -gt 0 ]; do
    case $1 in
        --folder | --user | --model | --program | --root) [ -n "${2:-}" ] || fail "$1 needs a value" 2 ;;
    esac
    case $1 in
        --folder) folder=$2; shift ;;
        --user) user=$2; shift ;;
        --model) model=$2; shift ;;
        --program) program=$2; shift ;;
        --root) root=$2; shift ;;
        --remove) remove=yes ;;
        -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) fail "what is $1? tools/install-on-pi.sh --help lists the options" 2 ;;
    esac
    shift
done
if [ -n "$root" ]; then
    [ -d "$root" ] || fail "--root $root: there is no such folder" 2
    root=$(cd "$root" && pwd)
    [ "$root" != / ] || root=""
fi
unit=/etc/systemd/system/llmzero-stick.service
wanted=/etc/systemd/system/multi-user.target.wants/llmzero-stick.service
binary=/usr/local/bin/llmzero-stick
models=/var/lib/llmzero/models
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "this needs root: sudo tools/install-on-pi.sh"
[ -n "$root" ] || command -v systemctl > /dev/null || fail "there is no systemd here; llmzero-stick --dir FOLDER runs anywhere"

if [ "$remove" = yes ]; then
    [ -n "$root" ] || systemctl disable --now --quiet llmzero-stick.service 2> /dev/null || true
    rm -f "$root$wanted" "$root$unit" "$root$binary"
    [ -n "$root" ] || systemctl daemon-reload
    echo "llmzero-stick is removed; $models and the text files are left" >&2
    exit 0
fi

# Whose files.
account_of() { awk -F : -v key="$1" '$1 == key || $3 == key { print; exit }' "$root/etc/passwd" 2> /dev/null; }
[ -n "$user" ] || user=${SUDO_USER:-}
[ -n "$user" ] && [ "$user" != root ] || user=1000
account=$(account_of "$user")
[ -n "$account" ] || fail "there is no user $user in $root/etc/passwd; --user NAME says whose files are answered"
user=$(echo "$account" | cut -d : -f 1)
owner=$(echo "$account" | cut -d : -f 3,4)
home=$(echo "$account" | cut -d : -f 6)
[ -n "$folder" ] || folder=$home/llm
# What the unit's lines would take for something else.
for word in "$folder" "$user" "$(basename "$model")"; do
    case $word in
        *[!A-Za-z0-9._/-]*) fail "'$word': expected letters, digits and . _ / - only" 2 ;;
    esac
done
case $folder in
    /*) ;;
    *) fail "--folder $folder: expected a path that begins with /" 2 ;;
esac
case $model in
    '' | *.gguf) ;;
    *) fail "--model $model: expected a file that ends in .gguf" 2 ;;
esac
[ -z "$model" ] || [ -f "$model" ] || fail "--model $model: there is no such file" 2
[ -z "$program" ] || [ -f "$program" ] || fail "--program $program: there is no such file" 2

if [ -z "$program" ]; then
    need_packages g++ cmake make
    echo "Building llmzero-stick ..." >&2
    cmake --preset release -DLLMZERO_WERROR=OFF -DLLMZERO_BUILD_TESTS=OFF -S "$top" -B "$top/build/release" > /dev/null
    cmake --build "$top/build/release" --target llmzero-stick > /dev/null
    program=$top/build/release/llmzero-stick
fi

mkdir -p "$root/usr/local/bin" "$root$models" "$root/etc/systemd/system/multi-user.target.wants"
if [ ! -d "$root$folder" ]; then
    mkdir -p "$root$folder"
    if [ "$(id -u)" = 0 ]; then
        chown "$owner" "$root$folder"
    fi
fi
# Beside and renamed: one that runs cannot be written.
install -m 755 "$program" "$root$binary.new"
mv "$root$binary.new" "$root$binary"
which=""
if [ -n "$model" ]; then
    install -m 644 "$model" "$root$models/$(basename "$model").new"
    mv "$root$models/$(basename "$model").new" "$root$models/$(basename "$model")"
    which=" --model $models/$(basename "$model")"
fi

# The service reads its model and the folder, and writes the folder: nothing else of the system is there for it.
cat > "$root$unit" << UNIT
[Unit]
Description=llmzero answers the text files in $folder
RequiresMountsFor=$folder

[Service]
Type=exec
User=$user
ExecStart=$binary --dir $folder --models $models$which
Restart=always
RestartSec=5
SuccessExitStatus=143
Nice=5
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths=$folder
PrivateTmp=yes
PrivateDevices=yes
PrivateNetwork=yes
RestrictAddressFamilies=AF_UNIX
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictNamespaces=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
UNIT

if [ -z "$root" ]; then
    systemctl daemon-reload
    systemctl enable --quiet llmzero-stick.service
    systemctl restart llmzero-stick.service
    echo "llmzero-stick answers the text files in $folder; how it is doing: $folder/STATUS.TXT" >&2
else
    ln -sf ../llmzero-stick.service "$root$wanted"
    echo "llmzero-stick will answer the text files in $folder, from the next start on" >&2
fi
